"""Undocumented parts of uvicorn: its HTTP protocol, in pieces, and its supervisor of workers.

Tried with 0.51.0 to 0.54.0. Callbacks of httptools and of asyncio are methods of
`HttpToolsProtocol`, as are `send_400_response`, `shutdown` and `_start_asgi_task`, by which a
request begins; `url`, `headers`, `cycle`, `loop`, `transport` and `server_state` are its
attributes. Of a cycle, which is one request, `scope`, `keep_alive`, `transport`, `disconnected`,
`response_started` and `response_complete` are read or set; it uses `write`, `close` and
`is_closing` of its transport, and writes the head of a response first. `Multiprocess` runs workers,
is given the sockets that they share, and calls `terminate_all` when it is told to stop; each of its
`processes` has a `process`, and tells its state by `is_alive` and `is_ready`.
"""

from __future__ import annotations

import asyncio
import math
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Protocol, TypeVar, cast

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

T = TypeVar("T")

MAX_URL_BYTES = 65_535
"""Maximum length of a URL that httptools parses; uvicorn treats a longer one as malformed."""

__all__ = [
    "MAX_URL_BYTES",
    "CycleProtocol",
    "RequestResponseCycle",
    "run_server",
    "run_workers",
    "write_through",
]


class CycleProtocol(HttpToolsProtocol):
    """Protocol of a connection, whose requests may go to another application than the server's."""

    def wrap(self, cycle: RequestResponseCycle, app: Any) -> Any:
        """Return the application that a request is given to.

        Args:
            cycle: The request.
            app: The server's application.
        """
        raise NotImplementedError

    def find_mark(self, name: str, make: Callable[[], T]) -> T:
        """Return the object that all connections share under a name; the first one makes it."""
        shared: dict[str, Any] = vars(self.server_state)
        if name not in shared:
            shared[name] = make()
        found: T = shared[name]
        return found

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, self.wrap(cycle, app))


class AnswerTransport(Protocol):
    """Part of a transport that a cycle uses."""

    def write(self, part: bytes) -> None:
        """Write a part of a response, the first time its head."""

    def close(self) -> None:
        """Close the connection once everything is sent."""

    def is_closing(self) -> bool:
        """Whether the connection is closed, or will be."""


def write_through(cycle: RequestResponseCycle, transport: AnswerTransport) -> None:
    """Have a response written to something other than the transport of its connection."""
    cycle.transport = cast("asyncio.Transport", transport)


class _LeavingServer(Server):
    """Server that announces its shutdown, and, on SIGTERM, serves on for a while."""

    def __init__(self, config: Config, leave: Callable[[], None], delay_s: float) -> None:
        super().__init__(config)
        self._leave = leave
        self._delay_s = delay_s
        self._stop_s = math.inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._leave()
        if sig != signal.SIGTERM:
            super().handle_exit(sig, frame)
        elif self._stop_s == math.inf:
            self._stop_s = time.monotonic() + self._delay_s

    async def on_tick(self, counter: int) -> bool:
        if time.monotonic() >= self._stop_s:
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


class _Supervisor(Multiprocess):
    """Supervisor of workers that stops listening when they do.

    As long as it keeps the socket open, the kernel accepts connections that no worker will serve,
    and their clients wait in vain where they could try another server.
    """

    def __init__(self, leave: Callable[[], None], delay_s: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._leave = leave
        self._delay_s = delay_s
        self._lingers = False

    def handle_term(self) -> None:
        self._lingers = True
        super().handle_term()

    def terminate_all(self) -> None:
        self._leave()
        if self._lingers:
            self._linger()
        for shared in self.sockets:
            shared.close()
        for worker in self.processes:
            if _is_starting(worker):
                worker.kill()
        super().terminate_all()

    def _linger(self) -> None:
        """Wait for the delay, or until Ctrl-C."""
        until_s = time.monotonic() + self._delay_s
        while time.monotonic() < until_s and signal.SIGINT not in self.signal_queue:
            time.sleep(_LOOK_S)

    @property
    def has_failed(self) -> bool:
        """Whether it has ended because a worker failed to start."""
        return any(worker.process.exitcode == _STARTUP_FAILURE for worker in self.processes)


def _is_starting(worker: Process) -> bool:
    """Whether a worker is still starting.

    One that waits for its database holds the socket open meanwhile, but accepts no connection.
    """
    return worker.is_alive(_ANSWER_S) and not worker.is_ready(_ANSWER_S)


_LOOK_S = 0.05

_ANSWER_S = 1
"""Seconds that a worker has to tell its state; one that doesn't may be busy."""

_STARTUP_FAILURE = 3
"""Exit code of a worker that failed to start, and of a server without workers that did."""


def run_server(app: Any, leave: Callable[[], None], delay_s: float, **options: Any) -> None:
    """Run an application in this process, until it is told to stop.

    Args:
        app: The application.
        leave: Called once it is told to.
        delay_s: Seconds that it serves on after SIGTERM.
        options: Those of `uvicorn.run`.

    Raises:
        SystemExit: It failed to start.
    """
    server = _LeavingServer(Config(app, **options), leave, delay_s)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_STARTUP_FAILURE)


def run_workers(app: Any, leave: Callable[[], None], delay_s: float, **options: Any) -> None:
    """Run an application in several processes, until they are told to stop.

    Args:
        app: The import string of the application, or of its factory.
        leave: Called once they are told to.
        delay_s: Seconds that they serve on after SIGTERM.
        options: Those of `uvicorn.run`.

    Raises:
        SystemExit: A worker failed to start.
    """
    config = Config(app, **options)
    supervisor = _Supervisor(leave, delay_s, config=config, sockets=[config.bind_socket()])
    with suppress(KeyboardInterrupt):
        supervisor.run()
    if supervisor.has_failed:
        sys.exit(_STARTUP_FAILURE)

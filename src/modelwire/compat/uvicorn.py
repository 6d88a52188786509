"""What uvicorn documents nowhere: its protocol for HTTP, in pieces, and its supervisor of workers.

Tried with 0.47.0 to 0.54.0. Callbacks of httptools and of asyncio are methods of
`HttpToolsProtocol`, as are `send_400_response`, `shutdown` and `_start_asgi_task`, by which a
request begins; `url`, `headers`, `cycle`, `loop`, `transport` and `server_state` are its
attributes. Of a cycle, which is one request, `keep_alive`, `transport`, `disconnected`,
`response_started` and `response_complete` are read or set. `Multiprocess` runs workers, is given
the sockets that they share, and calls `terminate_all` when it is told to stop; each of its
`processes` has a `process`. Earlier versions also took what each worker runs, as `target`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from inspect import signature
from typing import Any, TypeVar

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

T = TypeVar("T")

__all__ = ["CycleProtocol", "RequestResponseCycle", "run_workers"]


class CycleProtocol(HttpToolsProtocol):
    """One connection, whose requests may be given to another application than the server's."""

    def wrap(self, cycle: RequestResponseCycle, app: Any) -> Any:
        """The application that a request is given to.

        Args:
            cycle: The request.
            app: The server's application.
        """
        raise NotImplementedError

    def find_mark(self, name: str, make: Callable[[], T]) -> T:
        """What all connections of the server share under a name; made by the first one."""
        shared: dict[str, Any] = vars(self.server_state)
        if name not in shared:
            shared[name] = make()
        found: T = shared[name]
        return found

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, self.wrap(cycle, app))


class _Supervisor(Multiprocess):
    """Runs workers, and listens no longer than they do.

    As long as it has the socket open, the kernel takes connections that no worker will, and whoever
    opens one waits for an answer in vain where he could ask another server.
    """

    def terminate_all(self) -> None:
        for shared in self.sockets:
            shared.close()
        super().terminate_all()

    @property
    def has_failed(self) -> bool:
        """Whether it has ended because a worker could not begin."""
        return any(worker.process.exitcode == _STARTUP_FAILURE for worker in self.processes)


_STARTUP_FAILURE = 3
"""What a worker ends with that could not begin, as does a server that has none."""


def run_workers(app: Any, **options: Any) -> None:
    """Run an application in several processes, until they are told to stop.

    Args:
        app: Where the application is.
        options: Those of `uvicorn.run`.

    Raises:
        SystemExit: A worker could not begin.
    """
    config = Config(app, **options)
    takes_target = "target" in signature(Multiprocess).parameters
    target = {"target": Server(config).run} if takes_target else {}
    supervisor = _Supervisor(config, sockets=[config.bind_socket()], **target)
    with suppress(KeyboardInterrupt):
        supervisor.run()
    if supervisor.has_failed:
        sys.exit(_STARTUP_FAILURE)

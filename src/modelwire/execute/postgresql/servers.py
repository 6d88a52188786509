"""Search for the matching one of several PostgreSQL servers, as in libpq's URLs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from ..servers import Server

HEAD_START_S = 0.25
"""Seconds between the attempts at two servers (RFC 8305, section 5).

A server that was stopped, or cut off, does not refuse a connection, but says nothing.
"""

AGAIN_S = 0.5
"""Seconds after which servers that did not match are tried again, while another one is silent.

One of them may be about to replace the silent one.
"""

_IN_TURN = {"prefer-standby": ("standby", "any")}
"""Targets that are searched for in turn, where `target_session_attrs` has a fallback."""

Connect = Callable[[Server, str], Awaitable[Any]]
"""Function that opens a connection to a server, if it matches a target."""


@dataclass(slots=True)
class ServerSearch:
    """Group of servers, of which each new connection goes to the first match.

    The last match is tried first, the others each a moment later, or as soon as those before have
    failed.

    Args:
        servers: The servers, in the order of the attempts.
        target: The required role, as in libpq's `target_session_attrs`.
        limit_s: Seconds that a server may take to be reached.
        shuffles: Whether the order is random, so that many connections spread.
    """

    servers: Sequence[Server]
    target: str
    limit_s: float
    shuffles: bool = False
    _last: Server | None = field(default=None, init=False)

    async def connect(self, connect: Connect) -> Any:
        """Open a connection to the first server that matches.

        Args:
            connect: Opens a connection to a server, or fails.

        Returns:
            The connection.

        Raises:
            CannotConnectNowError: No server matches, or none answers.
            PostgresError: The servers that answer refuse, for example because of a wrong password.
        """
        failures: list[Exception] = []
        for target in _IN_TURN.get(self.target, (self.target,)):
            failures.clear()
            found = await self._search(target, connect, failures)
            if found is not None:
                return found
        raise _tell(failures, target)

    async def _search(self, target: str, connect: Connect, failures: list[Exception]) -> Any:
        """Try the servers, each a moment after the other, and again while one is silent.

        The result is None if all have failed.
        """
        running: dict[asyncio.Task[Any], Server] = {}
        until_s = asyncio.get_running_loop().time() + self.limit_s
        try:
            while True:
                silent = set(running.values())
                for server in self._order():
                    if server not in silent:
                        running[asyncio.create_task(self._try(server, target, connect))] = server
                        found = await _first(running, failures, HEAD_START_S)
                        if found is not None:
                            return found
                is_over = asyncio.get_running_loop().time() >= until_s
                found = await _first(running, failures, None if is_over else AGAIN_S)
                if found is not None or not running:
                    return found
        finally:
            await _end(running)

    async def _try(self, server: Server, target: str, connect: Connect) -> Any:
        connection = await connect(server, target)
        self._last = server
        return connection

    def _order(self) -> Sequence[Server]:
        if self.shuffles:
            return random.sample(self.servers, len(self.servers))
        return sorted(self.servers, key=lambda server: server != self._last)


async def _first(
    running: dict[asyncio.Task[Any], Server], failures: list[Exception], timeout_s: float | None
) -> Any:
    """Wait for the first connection, until all have failed or the time is up."""
    loop = asyncio.get_running_loop()
    until_s = None if timeout_s is None else loop.time() + timeout_s
    while running:
        left_s = None if until_s is None else until_s - loop.time()
        done, _ = await asyncio.wait(running, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return None
        for task in done:
            del running[task]
            error = task.exception()
            if error is None:
                return task.result()
            if not isinstance(error, Exception):
                raise error
            failures.append(error)
    return None


async def _end(running: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the other attempts, and close the connections that they have opened."""
    for task in running:
        task.cancel()
    for answer in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(answer, asyncpg.Connection):
            answer.terminate()


def _tell(failures: Sequence[Exception], target: str) -> Exception:
    """Return the most telling failure: that of a server that answers, before any other."""
    for error in failures:
        if not isinstance(error, asyncpg.CannotConnectNowError):
            return error
    reasons = "; ".join(dict.fromkeys(str(error) or type(error).__name__ for error in failures))
    answer: Exception = asyncpg.CannotConnectNowError(f"No server is {target}: {reasons}")
    return answer

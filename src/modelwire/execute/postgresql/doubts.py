"""Finds out that a server which does not answer is no longer the one that is looked for.

A server that was stopped, or cut off, says nothing, and a statement on it would wait for all of its
limit, though another one was made the primary meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import asyncpg

from ..servers import Server

EACH_S = 0.5
"""Seconds between two times that servers are asked, at least."""

PATIENCE_S = 1.0
"""Seconds within which a server has to say that it is right, where another one has said so."""

EXCLUSIVE = ("primary", "read-write")
"""The values of `target_session_attrs` by which one server alone is right."""


class Doubted(Protocol):
    """A connection to a server that may no longer be the right one."""

    server: Server

    def terminate(self) -> None:
        """Close it at once."""


class Doubts:
    """Closes connections that wait for a server in whose place there is another one.

    Their own server is right as long as it says so: a URL may name the same one twice, such as by
    two proxies in front of it.

    Args:
        connect: Opens a connection to the server that is right.
        connect_to: Opens one to a server, if that is right.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        connect_to: Callable[[Server], Awaitable[Any]],
    ) -> None:
        self._connect = connect
        self._connect_to = connect_to
        self._doubted: set[Doubted] = set()
        self._asking: asyncio.Task[None] | None = None

    def add(self, connection: Doubted) -> None:
        """Doubt a connection, whose statement takes long."""
        self._doubted.add(connection)
        asking = self._asking
        if asking is None or asking.done() or asking.get_loop() is not _loop():
            self._asking = _loop().create_task(self._ask())

    async def _ask(self) -> None:
        try:
            right = await self._connect()
        except _FAILURES:
            self._doubted.clear()  # nobody else has come forward
        else:
            right.terminate()
            await self._close_others(right.server)
        await asyncio.sleep(EACH_S)

    async def _close_others(self, right: Server) -> None:
        doubted, self._doubted = self._doubted, set()
        others = {connection.server for connection in doubted} - {right}
        wrong = {server for server in others if not await self._is_right(server)}
        for connection in doubted:
            if connection.server in wrong:
                connection.terminate()

    async def _is_right(self, server: Server) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                found = await self._connect_to(server)
        except _FAILURES:
            return False
        found.terminate()
        return True


_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()

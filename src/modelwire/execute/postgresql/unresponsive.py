"""Detection of servers that do not answer because another server has replaced them.

A server that was stopped, or cut off, says nothing, and a statement on it would wait for its whole
time limit although another server has become the primary.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any, Protocol

import asyncpg

from ..servers import Server

EACH_S = 0.5
"""Minimum interval between two checks, in seconds."""

PATIENCE_S = 1.0
"""Seconds that a doubted server has to confirm its role, once another server has it."""

EXCLUSIVE = ("primary", "read-write")
"""Values of `target_session_attrs` that only one server matches."""


class Doubted(Protocol):
    """Connection to a server that may have been replaced."""

    server: Server

    def terminate(self) -> None:
        """Close the connection at once."""


class Doubts:
    """Watcher that closes connections which wait for a replaced server.

    A server that still matches is not replaced: a URL may name the same server twice, for example
    through two proxies.

    Args:
        connect: Opens a connection to a matching server.
        connect_to: Opens a connection to a given server, if it matches.
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
        """Doubt a connection whose statement takes long."""
        self._doubted.add(connection)
        asking = self._asking
        if asking is None or asking.done() or asking.get_loop() is not _loop():
            self._asking = _loop().create_task(self._ask(), context=Context())

    async def _ask(self) -> None:
        try:
            right = await self._connect()
        except _FAILURES:
            self._doubted.clear()  # no other server matches
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

"""A third limit: users that are asked for while others are being read are read by one statement."""

from __future__ import annotations

import asyncio
import os

from .limit import create_app
from .limit_postgresql import USER, PostgreSQLStore
from .limit_store import User, encode

_MANY = f"SELECT {USER} FROM users WHERE id = ANY($1)"


class GatheringStore(PostgreSQLStore):
    """Store that reads users together, and is otherwise that of the plain limit.

    Args:
        url: The database.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._waiting: list[tuple[int, asyncio.Future[User | None]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def read_user(self, key: int) -> bytes | None:
        found: asyncio.Future[User | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, found))
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read_waiting())
        user = await found
        return None if user is None else encode(user)

    async def _read_waiting(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            rows = await self.fetch(_MANY, [key for key, _ in asked])
            users = {row[0]: User(*row) for row in rows}
            for key, found in asked:
                if not found.done():
                    found.set_result(users.get(key))
        self._reading = None


app = create_app(GatheringStore(os.environ["DATABASE_URL"]))

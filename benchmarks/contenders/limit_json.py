"""A second limit: PostgreSQL makes the JSON, and Python only hands it on."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from .limit import create_app
from .limit_postgresql import PAGE, PLAYERS, PostgreSQLStore
from .limit_store import BATCH, Asked

_WITH_PLAYERS = (
    "SELECT t.id, t.name, t.city,"
    " coalesce((SELECT json_agg(p ORDER BY p.id) FROM players p WHERE p.team_id = t.id),"
    " '[]') AS players FROM teams t"
)
_USER = "SELECT id, username, email, full_name, is_active, created_at FROM users"
_FILTERED = f"{_USER} WHERE is_active ORDER BY username DESC LIMIT $1 OFFSET $2"
_TEAMS = f"{_WITH_PLAYERS} ORDER BY t.id LIMIT $1 OFFSET $2"


class JSONStore(PostgreSQLStore):
    """Store that reads JSON from PostgreSQL; writes are those of the other limit."""

    async def read_user(self, key: int) -> bytes | None:
        return await self._read_one(f"{_USER} WHERE id = $1", key)

    async def read_users(self, asked: Asked) -> bytes:
        if asked.filtered:
            counted = "users WHERE is_active"
            return await self._read_page(_FILTERED, counted, asked.skip, asked.limit)
        return await self._read_page(PAGE, "users", asked.skip, asked.limit)

    async def read_team(self, key: int) -> bytes | None:
        return await self._read_one(f"{_WITH_PLAYERS} WHERE t.id = $1", key)

    async def read_teams(self, skip: int, limit: int) -> bytes:
        return await self._read_page(_TEAMS, "teams", skip, limit)

    async def stream_players(self) -> AsyncIterator[bytes]:
        batch = f"{PLAYERS} WHERE id > $1 ORDER BY id LIMIT {BATCH}"
        text = f"SELECT json_agg(r)::text, max(id), count(*) FROM ({batch}) r"
        last, found = 0, BATCH
        while found == BATCH:
            part, last, found = (await self.fetch(text, last))[0]
            if found:
                yield part.encode()

    async def _read_one(self, statement: str, key: int) -> bytes | None:
        rows = await self.fetch(f"SELECT row_to_json(r)::text FROM ({statement}) r", key)
        return rows[0][0].encode() if rows else None

    async def _read_page(self, statement: str, counted: str, skip: int, limit: int) -> bytes:
        rows = await self.fetch(
            f"SELECT json_build_object('items', coalesce((SELECT json_agg(r) FROM ({statement}) r),"
            f" '[]'), 'total', (SELECT count(*) FROM {counted}),"
            " 'skip', $2::bigint, 'limit', $1::bigint)::text",
            limit,
            skip,
        )
        page: bytes = rows[0][0].encode()
        return page


app = create_app(JSONStore(os.environ["DATABASE_URL"]))

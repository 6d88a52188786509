"""The limit on PostgreSQL: prepared statements on asyncpg's own connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from .limit_store import (
    BATCH,
    Asked,
    Changes,
    NewUser,
    Page,
    Player,
    User,
    build_keyset_page,
    build_team,
    build_teams,
    encode,
)

CONNECTIONS = 10

USER = "id, username, email, full_name, is_active, created_at"
PAGE = f"SELECT {USER} FROM users ORDER BY id LIMIT $1 OFFSET $2"
FILTERED = f"SELECT {USER} FROM users WHERE is_active ORDER BY username DESC LIMIT $1 OFFSET $2"
COUNT = "SELECT count(*) FROM users"
ESTIMATE = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'users'::regclass"
AFTER = f"SELECT {USER} FROM users WHERE id > $1 ORDER BY id LIMIT $2"
TEAM = (
    "SELECT t.id, t.name, t.city, p.id, p.name, p.position, p.team_id"
    " FROM teams t LEFT JOIN players p ON p.team_id = t.id WHERE t.id = $1 ORDER BY p.id"
)
PLAYERS = "SELECT id, name, position, team_id FROM players"
INSERT = (
    "INSERT INTO users (username, email, full_name, is_active, created_at)"
    f" VALUES ($1, $2, $3, $4, now()) RETURNING {USER}"
)
INSERT_MANY = (
    "INSERT INTO users (username, email, full_name, is_active, created_at)"
    " SELECT *, now() FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[])"
    f" RETURNING {USER}"
)
UPDATE = (
    "UPDATE users SET username = coalesce($2, username), email = coalesce($3, email),"
    " full_name = coalesce($4, full_name), is_active = coalesce($5, is_active)"
    f" WHERE id = $1 RETURNING {USER}"
)


class PostgreSQLStore:
    """Answers from PostgreSQL.

    Args:
        url: The database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncpg.connect(self._url))

    async def close(self) -> None:
        while not self._free.empty():
            await self._free.get_nowait().close()

    async def fetch(self, text: str, *values: Any) -> Sequence[Any]:
        connection = await self._free.get()
        try:
            rows: Sequence[Any] = await connection.fetch(text, *values)
            return rows
        finally:
            self._free.put_nowait(connection)

    async def read_user(self, key: int) -> bytes | None:
        rows = await self.fetch(f"SELECT {USER} FROM users WHERE id = $1", key)
        return encode(User(*rows[0])) if rows else None

    async def read_users(self, asked: Asked) -> bytes:
        rows = await self.fetch(FILTERED if asked.filtered else PAGE, asked.limit, asked.skip)
        total = None
        if asked.counting == "estimate":
            total = (await self.fetch(ESTIMATE))[0][0]
        elif asked.counting == "exact":
            count = f"{COUNT} WHERE is_active" if asked.filtered else COUNT
            total = (await self.fetch(count))[0][0]
        return encode(Page([User(*row) for row in rows], total, asked.skip, asked.limit))

    async def read_users_after(self, key: int, limit: int) -> bytes:
        rows = await self.fetch(AFTER, key, limit + 1)
        return encode(build_keyset_page([User(*row) for row in rows], limit))

    async def read_team(self, key: int) -> bytes | None:
        rows = await self.fetch(TEAM, key)
        return encode(build_team(rows)) if rows else None

    async def read_teams(self, skip: int, limit: int) -> bytes:
        teams = await self.fetch(
            "SELECT id, name, city FROM teams ORDER BY id LIMIT $1 OFFSET $2", limit, skip
        )
        players = await self.fetch(
            f"{PLAYERS} WHERE team_id = ANY($1) ORDER BY team_id, id", [row[0] for row in teams]
        )
        counted = await self.fetch("SELECT count(*) FROM teams")
        return encode(Page(build_teams(teams, players), counted[0][0], skip, limit))

    async def create_user(self, user: NewUser) -> bytes:
        rows = await self.fetch(INSERT, user.username, user.email, user.full_name, user.is_active)
        return encode(User(*rows[0]))

    async def create_users(self, users: list[NewUser], _body: bytes) -> bytes:
        rows = await self.fetch(
            INSERT_MANY,
            [user.username for user in users],
            [user.email for user in users],
            [user.full_name for user in users],
            [user.is_active for user in users],
        )
        return encode([User(*row) for row in rows])

    async def update_user(self, key: int, changes: Changes) -> bytes | None:
        rows = await self.fetch(
            UPDATE, key, changes.username, changes.email, changes.full_name, changes.is_active
        )
        return encode(User(*rows[0])) if rows else None

    async def delete_user(self, key: int) -> bool:
        return bool(await self.fetch("DELETE FROM users WHERE id = $1 RETURNING id", key))

    async def stream_players(self) -> AsyncIterator[bytes]:
        last = 0
        while True:
            rows = await self.fetch(f"{PLAYERS} WHERE id > $1 ORDER BY id LIMIT {BATCH}", last)
            if rows:
                yield encode([Player(*row) for row in rows])
            if len(rows) < BATCH:
                return
            last = rows[-1][0]

"""The limit on SQLite: the standard library's driver, on the event loop itself."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from typing import Any

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

TIME = "replace(created_at, ' ', 'T') || 'Z'"
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"
USER = f"id, username, email, full_name, is_active, {TIME}"
PAGE = f"SELECT {USER} FROM users ORDER BY id LIMIT ? OFFSET ?"
FILTERED = f"SELECT {USER} FROM users WHERE is_active ORDER BY username DESC LIMIT ? OFFSET ?"
COUNT = "SELECT count(*) FROM users"
AFTER = f"SELECT {USER} FROM users WHERE id > ? ORDER BY id LIMIT ?"
TEAM = (
    "SELECT t.id, t.name, t.city, p.id, p.name, p.position, p.team_id"
    " FROM teams t LEFT JOIN players p ON p.team_id = t.id WHERE t.id = ? ORDER BY p.id"
)
PLAYERS = "SELECT id, name, position, team_id FROM players"
INSERT = (
    "INSERT INTO users (username, email, full_name, is_active, created_at)"
    f" VALUES (?, ?, ?, ?, {NOW}) RETURNING {USER}"
)
INSERT_MANY = (
    "INSERT INTO users (username, email, full_name, is_active, created_at)"
    " SELECT value ->> 'username', value ->> 'email', value ->> 'full_name',"
    f" coalesce(value ->> 'is_active', 1), {NOW} FROM json_each(?) WHERE true RETURNING {USER}"
)
UPDATE = (
    "UPDATE users SET username = coalesce(?, username), email = coalesce(?, email),"
    " full_name = coalesce(?, full_name), is_active = coalesce(?, is_active)"
    f" WHERE id = ? RETURNING {USER}"
)


class SQLiteStore:
    """Answers from SQLite.

    Args:
        url: The database: `sqlite:///` and the file's path.
    """

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("sqlite:///")
        self._connection: sqlite3.Connection

    async def open(self) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute("PRAGMA foreign_keys = ON")

    async def close(self) -> None:
        self._connection.close()

    def fetch(self, text: str, *values: Any) -> Sequence[Any]:
        return self._connection.execute(text, values).fetchall()

    async def read_user(self, key: int) -> bytes | None:
        rows = self.fetch(f"SELECT {USER} FROM users WHERE id = ?", key)
        return encode(_user(rows[0])) if rows else None

    async def read_users(self, asked: Asked) -> bytes:
        rows = self.fetch(FILTERED if asked.filtered else PAGE, asked.limit, asked.skip)
        total = None
        if asked.counting != "none":
            count = f"{COUNT} WHERE is_active" if asked.filtered else COUNT
            total = self.fetch(count)[0][0]
        return encode(Page(list(map(_user, rows)), total, asked.skip, asked.limit))

    async def read_users_after(self, key: int, limit: int) -> bytes:
        rows = self.fetch(AFTER, key, limit + 1)
        return encode(build_keyset_page(list(map(_user, rows)), limit))

    async def read_team(self, key: int) -> bytes | None:
        rows = self.fetch(TEAM, key)
        return encode(build_team(rows)) if rows else None

    async def read_teams(self, skip: int, limit: int) -> bytes:
        teams = self.fetch(
            "SELECT id, name, city FROM teams ORDER BY id LIMIT ? OFFSET ?", limit, skip
        )
        keys = encode([row[0] for row in teams]).decode()
        players = self.fetch(
            f"{PLAYERS} WHERE team_id IN (SELECT value FROM json_each(?)) ORDER BY team_id, id",
            keys,
        )
        counted = self.fetch("SELECT count(*) FROM teams")
        return encode(Page(build_teams(teams, players), counted[0][0], skip, limit))

    async def create_user(self, user: NewUser) -> bytes:
        rows = self.fetch(INSERT, user.username, user.email, user.full_name, user.is_active)
        return encode(_user(rows[0]))

    async def create_users(self, _users: list[NewUser], body: bytes) -> bytes:
        return encode(list(map(_user, self.fetch(INSERT_MANY, body.decode()))))

    async def update_user(self, key: int, changes: Changes) -> bytes | None:
        rows = self.fetch(
            UPDATE, changes.username, changes.email, changes.full_name, changes.is_active, key
        )
        return encode(_user(rows[0])) if rows else None

    async def delete_user(self, key: int) -> bool:
        return bool(self.fetch("DELETE FROM users WHERE id = ? RETURNING id", key))

    async def stream_players(self) -> AsyncIterator[bytes]:
        last = 0
        while True:
            rows = self.fetch(f"{PLAYERS} WHERE id > ? ORDER BY id LIMIT {BATCH}", last)
            if rows:
                yield encode([Player(*row) for row in rows])
            if len(rows) < BATCH:
                return
            last = rows[-1][0]


def _user(row: Sequence[Any]) -> User:
    key, username, email, full_name, is_active, created_at = row
    return User(key, username, email, full_name, is_active == 1, created_at)

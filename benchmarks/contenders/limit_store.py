"""Store of the limit: its answers, and the structs that it encodes and decodes."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec

BATCH = 2000
"""Rows that a stream reads at a time."""

encode = msgspec.json.Encoder().encode

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Email = Annotated[str, msgspec.Meta(max_length=254)]
FullName = Annotated[str, msgspec.Meta(max_length=200)]


class NewUser(msgspec.Struct, gc=False):
    username: Name
    email: Email
    full_name: FullName | None = None
    is_active: bool = True


class Changes(msgspec.Struct, gc=False):
    username: Name | None = None
    email: Email | None = None
    full_name: FullName | None = None
    is_active: bool | None = None


class User(msgspec.Struct, gc=False):
    id: int
    username: str
    email: str
    full_name: str | None
    is_active: bool
    created_at: dt.datetime | str


class Player(msgspec.Struct, gc=False):
    id: int
    name: str
    position: str | None
    team_id: int


class Team(msgspec.Struct, gc=False):
    id: int
    name: str
    city: str | None
    players: list[Player]


class Page(msgspec.Struct, gc=False):
    items: Sequence[Any]
    total: int | None
    skip: int
    limit: int


class KeysetPage(msgspec.Struct, gc=False):
    items: Sequence[User]
    limit: int
    next: int | None


class Asked(NamedTuple):
    """Query of a list of users."""

    skip: int
    limit: int
    filtered: bool
    counting: str


NEW_USER = msgspec.json.Decoder(NewUser)
NEW_USERS = msgspec.json.Decoder(list[NewUser])
CHANGES = msgspec.json.Decoder(Changes)


class Store(Protocol):
    """Store that answers each kind of work with JSON."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def read_user(self, key: int) -> bytes | None: ...
    async def read_users(self, asked: Asked) -> bytes: ...
    async def read_users_after(self, key: int, limit: int) -> bytes: ...
    async def read_team(self, key: int) -> bytes | None: ...
    async def read_teams(self, skip: int, limit: int) -> bytes: ...
    async def create_user(self, user: NewUser) -> bytes: ...
    async def create_users(self, users: list[NewUser], body: bytes) -> bytes: ...
    async def update_user(self, key: int, changes: Changes) -> bytes | None: ...
    async def delete_user(self, key: int) -> bool: ...
    def stream_players(self) -> AsyncIterator[bytes]: ...


def build_team(rows: Sequence[Sequence[Any]]) -> Team:
    """Make a team of the rows of its join with players."""
    key, name, city = rows[0][:3]
    players = [Player(*row[3:]) for row in rows if row[3] is not None]
    return Team(key, name, city, players)


def build_keyset_page(users: Sequence[User], limit: int) -> KeysetPage:
    """Make a page of the rows after a key, and one more that tells whether there is a next one."""
    following = users[limit - 1].id if len(users) > limit else None
    return KeysetPage(users[:limit], limit, following)


def build_teams(teams: Sequence[Sequence[Any]], players: Sequence[Sequence[Any]]) -> list[Team]:
    """Hand players to their teams."""
    built = {row[0]: Team(row[0], row[1], row[2], []) for row in teams}
    for row in players:
        built[row[3]].players.append(Player(*row))
    return list(built.values())

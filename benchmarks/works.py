"""Works to measure: one record for each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .data import (
    DOOMED,
    PLAYERS,
    TEAMS,
    Row,
    make_player,
    make_team_with_players,
    make_user,
)

UPDATED = 10_000
"""Users that updates change: those with the first keys."""

SKIP = 200
"""Rows that pages skip."""

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
"""Titles of the databases, by their kind."""

Place = tuple[str, int]
"""Kind of a database, and the number of its users."""


def name_place(place: Place) -> str:
    """Describe a place in words."""
    return f"{DATABASES[place[0]]}, {place[1]:,} users"


def middle_of(users: int) -> int:
    """Return the last user before the middle page: pages of 100 end there."""
    return users // 2 // 100 * 100


Expected = Callable[[int], tuple[list[Row], int | None]]


@dataclass(frozen=True, slots=True)
class Work:
    """Kind of work.

    Args:
        name: Its name in commands and results.
        title: Its title for readers.
        expected: The rows, and the total if any, of its answer for a number of users; None where it
            changes rows, which is checked in the database.
        span: The range of numbers in requests, for a number of users; 0 for a new number in each
            request.
        first: The first number.
        connections: Concurrent connections. With one, requests follow one another; where they are
            all the same, each to its end, which is exact where a request takes long.
        rows: Rows in one body.
        quick: Whether it is part of the short mode.
        grows: Whether its time may grow with the number of users; only such work is done on large
            tables.
        alone: Whether it has a server to itself, so that its memory is its own.
    """

    name: str
    title: str
    expected: Expected | None = None
    span: Callable[[int], int] = lambda _: 1
    first: int = 1
    connections: int = 32
    rows: int = 1
    quick: bool = False
    grows: bool = False
    alone: bool = False


def _page(limit: int) -> Expected:
    def expected(users: int) -> tuple[list[Row], int]:
        return [make_user(SKIP + 1 + i) for i in range(limit)], users

    return expected


def _uncounted_page(first: Callable[[int], int]) -> Expected:
    def expected(users: int) -> tuple[list[Row], None]:
        return [make_user(first(users) + i) for i in range(100)], None

    return expected


def _filtered_page(limit: int) -> Expected:
    def expected(users: int) -> tuple[list[Row], int]:
        active = [n for n in range(users, users - 2 * (SKIP + limit), -1) if n % 10]
        return [make_user(n) for n in active[SKIP : SKIP + limit]], users - users // 10

    return expected


def _none(_users: int) -> tuple[list[Row], Any]:
    return [], None


WORKS = (
    Work("health", "/health", _none, quick=True),
    Work(
        "get",
        "get by key",
        lambda _: ([make_user(1)], None),
        lambda users: users,
        quick=True,
        grows=True,
    ),
    Work(
        "get_1",
        "get by key, 1 connection",
        lambda _: ([make_user(1)], None),
        lambda users: users,
        connections=1,
    ),
    Work(
        "get_256",
        "get by key, 256 connections",
        lambda _: ([make_user(1)], None),
        lambda users: users,
        connections=256,
    ),
    Work("page_10", "page of 10 with total", _page(10), grows=True),
    Work("page_100", "page of 100 with total", _page(100), quick=True, grows=True),
    Work("uncounted", "page of 100 without total", _uncounted_page(lambda _: SKIP + 1), grows=True),
    Work(
        "estimated",
        "page of 100, total estimated",
        _uncounted_page(lambda _: SKIP + 1),
        grows=True,
    ),
    Work("cursor_first", "first page of 100 by cursor", _uncounted_page(lambda _: 1), grows=True),
    Work(
        "cursor_deep",
        "page of 100 by cursor, half way",
        _uncounted_page(lambda users: middle_of(users) + 1),
        grows=True,
    ),
    Work("filtered_10", "page of 10, filtered and sorted", _filtered_page(10), grows=True),
    Work("filtered_100", "page of 100, filtered and sorted", _filtered_page(100), grows=True),
    Work(
        "team",
        "team with 20 players",
        lambda _: ([make_team_with_players(1)], None),
        lambda _: TEAMS,
        quick=True,
    ),
    Work(
        "teams_50",
        "page of 50 teams with players",
        lambda _: ([make_team_with_players(n) for n in range(1, 51)], TEAMS),
        connections=8,
    ),
    Work("create", "create", span=lambda _: 0, quick=True, grows=True),
    Work("bulk_100", "bulk create of 100", connections=1, rows=100, quick=True, grows=True),
    Work("bulk_1000", "bulk create of 1,000", connections=1, rows=1000),
    Work("update", "update", span=lambda _: UPDATED, grows=True),
    Work("delete", "delete", span=lambda _: 0, first=DOOMED),
    Work(
        "stream",
        f"stream {PLAYERS:,} rows",
        lambda _: ([make_player(n) for n in range(1, PLAYERS + 1)], None),
        connections=1,
        quick=True,
        alone=True,
    ),
)

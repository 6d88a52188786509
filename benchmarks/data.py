"""Content of the tables: every row is a function of its number."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

TEAMS = 10_000
PLAYERS_PER_TEAM = 20
PLAYERS = TEAMS * PLAYERS_PER_TEAM

DOOMED = 10_000_000
"""Key of the first row that is to be deleted."""

_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

Row = dict[str, Any]


def make_user(n: int) -> Row:
    """Return the user with a key."""
    return {
        "id": n,
        "username": f"user-{n:08}",
        "email": f"user-{n:08}@example.com",
        "full_name": None if n % 7 == 0 else f"Full Name {n}",
        "is_active": n % 10 != 0,
        "created_at": _START + dt.timedelta(seconds=n),
    }


def make_team(n: int) -> Row:
    """Return the team with a key."""
    return {"id": n, "name": f"Team {n:06}", "city": None if n % 5 == 0 else f"City {n % 100}"}


def make_player(n: int) -> Row:
    """Return the player with a key; each team has those that follow each other."""
    return {
        "id": n,
        "name": f"Player {n}",
        "position": None if n % 3 == 0 else "forward",
        "team_id": (n - 1) // PLAYERS_PER_TEAM + 1,
    }


def make_team_with_players(n: int) -> Row:
    """Return a team as it is answered with its players."""
    first = (n - 1) * PLAYERS_PER_TEAM + 1
    players = [make_player(first + i) for i in range(PLAYERS_PER_TEAM)]
    return {**make_team(n), "players": players}


def make_new_user(token: str, n: int | str) -> Row:
    """Return the body that creates a user.

    Args:
        token: Distinguishes this load from every other.
        n: The number, or `{n}` where the load generator fills one in.
    """
    name = f"new-{token}-{n}"
    return {
        "username": name,
        "email": f"{name}@example.com",
        "full_name": f"New Name {n}",
        "is_active": True,
    }


def make_body(token: str, n: int | str, rows: int = 1) -> str:
    """Return the JSON of one new user, or of many with numbers that no other body has."""
    if rows == 1:
        return json.dumps(make_new_user(token, n))
    return json.dumps([make_new_user(token, f"{n}-{i}") for i in range(rows)])

"""Rows for tests, stored without going through HTTP."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import inspect
from sqlmodel import SQLModel

from examples.league import User
from modelwire import Database
from tests.zoo import Color, Thing

LOW, HIGH, NULL = (UUID(int=i) for i in (1, 2, 3))
"""Keys of the three things that `store_things` stores, in their order."""

# Of each kind of column: its name, a low and a high value, and how a query writes them.
KINDS: tuple[tuple[str, Any, Any, str, str], ...] = (
    ("text", "ant", "bee", "ant", "bee"),
    ("short", "a b", "é", "a%20b", "%C3%A9"),
    ("small", -32768, 32767, "-32768", "32767"),
    ("number", -5, 70000, "-5", "70000"),
    ("big", 2**40, 2**63 - 1, str(2**40), str(2**63 - 1)),
    ("ratio", -0.1, 2.5e10, "-0.1", "2.5e10"),
    ("price", Decimal("1.10"), Decimal("12345678.90"), "1.1", "12345678.90"),
    ("amount", Decimal("-0.125"), Decimal(1000), "-0.1250", "1e3"),
    ("flag", False, True, "false", "true"),
    ("day", date(1, 1, 1), date(2026, 2, 28), "0001-01-01", "2026-02-28"),
    (
        "moment",
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        "1969-12-31T23:59:59.999999",
        "2026-01-01T02:00:00%2B02:00",
    ),
    (
        "local",
        datetime(1999, 12, 31, 1, 2, 3),
        datetime(2026, 1, 1, 12),
        "1999-12-31T01:02:03",
        "2026-01-01T12:00:00Z",
    ),
    ("clock", time(0, 0, 0, 1), time(23, 59), "00:00:00.000001", "23:59:00"),
    ("span", timedelta(hours=-1), timedelta(days=400, seconds=1), "-PT1H", "P400DT1S"),
    ("color", Color.RED, Color.BLUE, "red", "blue"),
    ("reference", UUID(int=7), UUID(int=2**127), str(UUID(int=7)), str(UUID(int=2**127))),
)
UNORDERED = ("flag", "color", "reference")
"""Kinds of columns whose values sort but do not compare by `gt` and its like."""


async def store(database: Database, *rows: SQLModel) -> None:
    """Store rows through a session."""
    async with database.session() as session:
        session.add_all(rows)
        await session.commit()


async def store_many(
    database: Database, model: type[SQLModel], rows: Sequence[dict[str, Any]]
) -> None:
    """Store many rows in one statement; each names the same columns."""
    async with database.engine.begin() as connection:
        await connection.execute(inspect(model).local_table.insert(), rows)


async def store_users(database: Database, **full_names: str | None) -> None:
    """Store users by their username, with their full names, keys from 1 upwards."""
    rows = [
        User(username=name, email=f"{name}@example.com", full_name=full_name)
        for name, full_name in full_names.items()
    ]
    await store(database, *rows)


async def store_things(database: Database, column: str, low: Any, high: Any) -> None:
    """Store three things: with the low value in a column, with the high one, with NULL."""
    for key, value in ((HIGH, high), (LOW, low), (NULL, None)):
        await store(database, Thing(id=key, tags=[], **{column: value}))


async def read_items(client: httpx2.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Read the items of a page that must be there."""
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def read_ids(client: httpx2.AsyncClient, url: str) -> list[Any]:
    """Read the keys of a page's items, those that are UUIDs as such."""
    ids = [item["id"] for item in await read_items(client, url)]
    return [UUID(i) if isinstance(i, str) else i for i in ids]


def refused_parameters(answer: httpx2.Response) -> list[str]:
    """The parameters that a 422 names."""
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid"
    return [error["parameter"] for error in answer.json()["errors"]]

"""The rows of the odd tables: those of each group refer to rows of groups before it."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import SQLModel

from .tables import Friend, Human, Mix, Parcel, Priority, Shelf, Size, Word

FIRST, SECOND = date(2020, 1, 1), date(2020, 1, 2)

WORDS: dict[str, Any] = {
    "id": 1, "limit": 5, "skip": 1, "sort": "z", "count": 2, "cursor": "c", "fields_": "f",
    "include": "i", "q": "hello", "or_": "o", "not_": "n", "and_": "a", "id__in": 3, "name": "nn",
    "dotted": "dd",
}  # fmt: skip
"""A row by the names of its fields, where a type checker knows the aliases alone."""

ROWS: tuple[tuple[SQLModel, ...], ...] = (
    (
        Word(**WORDS),
        Word(id=2, limit=7, q="world"),
        Word(id=3),
        Mix(
            id=uuid.UUID(int=1), priority=Priority.LOW, size=Size.SMALL, blob=b"abc",
            exact=Decimal("1.5000"), local=datetime(2026, 1, 1, 12),
            moment=datetime(2026, 1, 1, 12, tzinfo=UTC), day=date(2026, 1, 1),
            span=timedelta(hours=-1), mode="a", data={"a": 1},
        ),
        Mix(
            id=uuid.UUID(int=2), priority=Priority.HIGH, size=Size.LARGE, blob=b"abd",
            exact=Decimal("-12345678.1234"), local=datetime(2025, 1, 1),
            moment=datetime(2025, 1, 1, tzinfo=UTC), day=date(1, 1, 1), span=timedelta(days=3),
            mode="b",
        ),
        Mix(id=uuid.UUID(int=3), priority=Priority.NONE),
        Mix(id=uuid.UUID(int=4)),
        Human(id=1, name="Ann", api_key="k"),
        Shelf(room="a,b", since=FIRST, label="x"),
        Shelf(room="", since=SECOND),
    ),
    (
        Human(id=2, name="Ben", boss_id=1),
        Parcel(weight=Decimal("1.50"), room="a,b", since=FIRST),
        Parcel(weight=Decimal(10), room="", since=SECOND),
        Parcel(weight=Decimal(2), room="a,b"),
    ),
    (Human(id=3, name="Cid", boss_id=2),),
    (Friend(from_id=1, to_id=2), Friend(from_id=1, to_id=3), Friend(from_id=3, to_id=1)),
)  # fmt: skip

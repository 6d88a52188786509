"""The tables whose rows `modelwire copy` takes across in tests, and rows for them."""

import enum
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from modelwire import Database


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Sealed(TypeDecorator[str]):
    """Texts that are sealed when they are written, and can't be read: as passwords are hashed."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> Any:
        return None if value is None else f"sealed:{value}"


class Base(SQLModel):
    metadata = MetaData()


class CopiedShelf(Base, table=True):
    """A row that may lie in another one, and names one of its parcels."""

    __tablename__ = "copied_shelves"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    above_id: int | None = Field(default=None, foreign_key="copied_shelves.id")
    best_id: uuid.UUID | None = Field(
        default=None,
        sa_column=Column(ForeignKey("copied_parcels.id", name="copied_best", use_alter=True)),
    )


class CopiedParcel(Base, table=True):
    """Every type of values."""

    __tablename__ = "copied_parcels"

    id: uuid.UUID = Field(primary_key=True)
    shelf_id: int = Field(foreign_key="copied_shelves.id")
    label: str | None = None
    big: int | None = Field(default=None, sa_column=Column(BigInteger))
    ratio: float | None = None
    price: Decimal | None = Field(default=None, max_digits=12, decimal_places=3)
    amount: Decimal | None = Field(default=None, sa_column=Column(Numeric))
    is_new: bool | None = None
    day: date | None = None
    moment: datetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    colour: Colour | None = None
    data: Any = Field(default=None, sa_column=Column(JSON().with_variant(JSONB(), "postgresql")))
    plain: Any = Field(default=None, sa_column=Column(JSON))
    tags: Any = Field(
        default=None, sa_column=Column(JSON().with_variant(ARRAY(Text), "postgresql"))
    )
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sealed: str | None = Field(default=None, sa_column=Column(Sealed))
    doubled: int | None = Field(default=None, sa_column=Column(Integer, Computed("shelf_id * 2")))


class CopiedEntry(Base, table=True):
    """A key of two columns, one of them a text in whatever order databases have."""

    __tablename__ = "copied_entries"
    __table_args__ = (UniqueConstraint("number"),)

    parcel_id: uuid.UUID = Field(
        sa_column=Column(ForeignKey("copied_parcels.id"), primary_key=True)
    )
    word: str = Field(primary_key=True)
    number: int | None = Field(default=None)


class CopiedTicket(Base, table=True):
    """A number that the database makes, always."""

    __tablename__ = "copied_tickets"

    id: int | None = Field(
        default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True)
    )
    text: str


MODELS: Sequence[type[SQLModel]] = (CopiedShelf, CopiedParcel, CopiedEntry, CopiedTicket)

Rows = dict[type[SQLModel], list[dict[str, Any]]]

_WORDS = ("a", "A", "b", "Ä", "ä", "Z", "z", "é", "_", "", "x y", "日本", "🦊", "a'b", '"', "\\")


def _float(random: Random) -> float:
    kinds = (0.1, 1.0, -2.5, 5e-324, 1.7976931348623157e308, 1e16 + 2, -0.0, 3.0)
    return random.choice(kinds) if random.random() < 0.5 else random.uniform(-1e6, 1e6)


def _document(random: Random, depth: int = 2) -> Any:
    kind = random.randrange(8 if depth else 6)
    if kind < 6:
        numbers = random.randrange(10**12), random.choice([0.1, -2.5, 5e-324, 3.0])
        return (None, True, *numbers, random.choice(_WORDS), False)[kind]
    if kind == 6:
        return [2**70, *(_document(random, depth - 1) for _ in range(random.randrange(3)))]
    return {random.choice(_WORDS): _document(random, depth - 1) for _ in range(random.randrange(3))}


def _moment(random: Random) -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=random.randrange(10**15))


def draw_rows(random: Random, count: int) -> Rows:
    """Draw rows of all tables, which refer to each other in circles."""
    shelves: list[dict[str, Any]] = [{"id": i * 3 + 1, "name": f"shelf {i}"} for i in range(count)]
    parcels = [_parcel(random, random.choice(shelves)["id"]) for _ in range(count)]
    for shelf in shelves:
        shelf["above_id"] = random.choice([None, random.choice(shelves)["id"]])
        shelf["best_id"] = random.choice([None, random.choice(parcels)["id"]])
    words = random.sample(_WORDS, len(_WORDS))
    entries = [
        {"parcel_id": parcel["id"], "word": word, "number": place * 100 + i}
        for place, parcel in enumerate(parcels[:4])
        for i, word in enumerate(words)
    ]
    tickets = [{"id": i * 7, "text": random.choice(_WORDS)} for i in range(1, count // 2)]
    return {
        CopiedShelf: shelves,
        CopiedParcel: parcels,
        CopiedEntry: entries,
        CopiedTicket: tickets,
    }


def _parcel(random: Random, shelf_id: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "label": random.choice(_WORDS),
        "big": random.choice([2**63 - 1, -(2**63), random.randrange(10**9)]),
        "ratio": _float(random),
        "price": Decimal(random.randrange(-(10**9), 10**9)).scaleb(-3),
        "amount": Decimal(random.randrange(-(10**9), 10**9)).scaleb(-random.randrange(6)),
        "is_new": random.random() < 0.5,
        "day": _moment(random).date(),
        "moment": _moment(random),
        "clock": _moment(random).time(),
        "span": timedelta(microseconds=random.randrange(-(10**12), 10**12)),
        "colour": random.choice(list(Colour)),
        "data": _document(random),
        "plain": _document(random),
        "tags": random.choices(_WORDS, k=random.randrange(3)),
        "content": random.randbytes(random.randrange(40)),
        "sealed": random.choice(_WORDS),
    }
    for name in values:
        if random.random() < 0.1:
            values[name] = None
    return {"id": uuid.UUID(int=random.getrandbits(128)), "shelf_id": shelf_id, **values}


async def fill(database: Database, rows: Rows) -> None:
    """Write rows as an application does; references in a circle come last."""
    async with database.engine.begin() as connection:
        for model, given in rows.items():
            table: Any = model.__table__  # type: ignore[attr-defined]
            held = [{k: v for k, v in r.items() if k not in ("above_id", "best_id")} for r in given]
            if model is CopiedTicket and database.dialect == "postgresql":
                sql = "INSERT INTO copied_tickets OVERRIDING SYSTEM VALUE VALUES (:id, :text)"
                await connection.execute(text(sql), held)
            elif held:
                await connection.execute(table.insert(), held)
        table = CopiedShelf.__table__  # type: ignore[attr-defined]
        for row in rows[CopiedShelf]:
            links = {"above_id": row["above_id"], "best_id": row["best_id"]}
            await connection.execute(table.update().where(table.c.id == row["id"]).values(links))


async def read_all(database: Database) -> dict[str, list[Any]]:
    """Read all tables as an application does, in an order that all databases share."""
    found = {}
    async with database.engine.connect() as connection:
        for model in MODELS:
            table: Any = model.__table__  # type: ignore[attr-defined]
            rows = (await connection.execute(table.select())).all()
            found[table.name] = sorted((_plain(row) for row in rows), key=repr)
    return found


def _plain(row: Any) -> list[Any]:
    return [_plain_value(value) for value in row]


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal):
        return round(value, 6).normalize()  # on SQLite SQLAlchemy makes more digits
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    return value + 0.0 if isinstance(value, float) else value

"""Tables with a column of every kind, and with a key of every kind."""

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic import NaiveDatetime
from sqlalchemy import JSON, BigInteger, Column, MetaData, SmallInteger, String
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel):
    metadata = MetaData()


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Cell(Base, table=True):
    """A column of every kind, each nullable."""

    __tablename__ = "cells"

    id: int | None = Field(default=None, primary_key=True)
    text: str | None = None
    short: str | None = Field(default=None, sa_column=Column(String(5)))
    brief: str | None = Field(default=None, max_length=5, alias="theBrief")
    unique: str | None = Field(default=None, unique=True)
    small: int | None = Field(default=None, sa_column=Column(SmallInteger))
    number: int | None = None
    big: int | None = Field(default=None, sa_column=Column(BigInteger))
    ratio: float | None = None
    price: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    amount: Decimal | None = None
    flag: bool | None = None
    day: date | None = None
    moment: datetime | None = None
    local: NaiveDatetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    color: Color | None = None
    level: Level | None = None
    reference: uuid.UUID | None = None
    blob: bytes | None = None
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    tags: list[Any] | None = Field(default=None, sa_column=Column(JSON))
    row_id: int | None = Field(default=None, foreign_key="numbers.id")
    row: "ByNumber" = Relationship(back_populates="cells")


class ByNumber(Base, table=True):
    __tablename__ = "numbers"

    id: int | None = Field(default=None, primary_key=True)
    note: str = "x"
    cells: list[Cell] = Relationship(back_populates="row")


class ByWord(Base, table=True):
    __tablename__ = "words"

    code: str = Field(primary_key=True)
    note: str = "x"


class ByUUID(Base, table=True):
    __tablename__ = "uuids"

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    note: str = "x"


class ByPair(Base, table=True):
    __tablename__ = "pairs"

    word: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    note: str = "x"


class ByDay(Base, table=True):
    __tablename__ = "days"

    day: date = Field(primary_key=True)
    note: str = "x"


class ByMoment(Base, table=True):
    __tablename__ = "moments"

    moment: datetime = Field(primary_key=True)
    note: str = "x"


class ByAmount(Base, table=True):
    __tablename__ = "amounts"

    amount: Decimal = Field(primary_key=True, max_digits=10, decimal_places=2)
    note: str = "x"


class ByLevel(Base, table=True):
    __tablename__ = "levels"

    level: Level = Field(primary_key=True)
    note: str = "x"


RESOURCES = (
    Resource(Cell, includes=["row"]),
    Resource(ByNumber, includes=["cells"]),
    *(Resource(model) for model in (ByWord, ByUUID, ByPair, ByDay, ByMoment, ByAmount, ByLevel)),
)
FIELDS = tuple(
    field.alias or name for name, field in Cell.model_fields.items() if name not in ("id", "row_id")
)
_UUID = uuid.UUID(int=5, version=4)

# Of each resource a row, what its key is in a body, and how it stands in a URL.
KEYED: dict[str, tuple[SQLModel, dict[str, Any], str]] = {
    "numbers": (ByNumber(id=1), {"id": 1}, "1"),
    "words": (ByWord(code="w"), {"code": "w"}, "w"),
    "uuids": (ByUUID(id=_UUID), {"id": str(_UUID)}, str(_UUID)),
    "pairs": (ByPair(word="w", number=7), {"word": "w", "number": 7}, "w,7"),
    "days": (ByDay(day=date(2020, 2, 2)), {"day": "2020-02-02"}, "2020-02-02"),
    "moments": (
        ByMoment(moment=datetime(2020, 2, 2, tzinfo=UTC)),
        {"moment": "2020-02-02T00:00:00Z"},
        "2020-02-02T00:00:00Z",
    ),
    "amounts": (ByAmount(amount=Decimal("7.50")), {"amount": "7.50"}, "7.50"),
    "levels": (ByLevel(level=Level.LOW), {"level": 1}, "1"),
}

"""Tables with unique keys of every kind, for upserts."""

import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import DDL, Column, Integer, UniqueConstraint, event, func
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.folded_texts import create_citext, without_case
from tests.zoo import Color

MOMENTS = count(1)
"""Successive values of `Gadget.touched`."""


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


class Maker(Base, table=True):
    __tablename__ = "makers"

    code: str = Field(primary_key=True)
    name: str = Field(unique=True)
    gadgets: list["Gadget"] = Relationship(back_populates="maker")


class Gadget(Base, table=True):
    """A key of one field and one of two, a hidden one, and what every change writes."""

    __tablename__ = "gadgets"
    __table_args__ = (UniqueConstraint("brand", "model"),)

    id: int | None = Field(default=None, primary_key=True)
    sku: str = Field(unique=True)
    brand: str | None = None
    model: str | None = None
    secret_code: str | None = Field(default=None, unique=True)
    amount: int = 5
    note: str | None = None
    maker_code: str | None = Field(default=None, foreign_key="makers.code")
    rev: int = 1
    touched: int | None = Field(
        default=None, sa_column=Column(Integer, onupdate=lambda: next(MOMENTS))
    )
    state: str = Field(default="new", sa_column_kwargs={"onupdate": func.lower("CHANGED")})
    maker: Maker | None = Relationship(back_populates="gadgets")


class Folded(Base, table=True):
    """Keys that are the same to the database whatever their case."""

    __tablename__ = "folded"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(sa_column=Column(without_case(), unique=True))
    label: str = "x"


class Typed(Base, table=True):
    """A unique column of every kind."""

    __tablename__ = "typed"

    id: int | None = Field(default=None, primary_key=True)
    text: str | None = Field(default=None, unique=True)
    short: str | None = Field(default=None, unique=True, max_length=5)
    number: int | None = Field(default=None, unique=True)
    ratio: float | None = Field(default=None, unique=True)
    price: Decimal | None = Field(default=None, unique=True, max_digits=10, decimal_places=2)
    amount: Decimal | None = Field(default=None, unique=True)
    flag: bool | None = Field(default=None, unique=True)
    day: date | None = Field(default=None, unique=True)
    moment: datetime | None = Field(default=None, unique=True)
    clock: time | None = Field(default=None, unique=True)
    span: timedelta | None = Field(default=None, unique=True)
    color: Color | None = Field(default=None, unique=True)
    uid: uuid.UUID | None = Field(default=None, unique=True)
    raw: bytes | None = Field(default=None, unique=True)
    label: str | None = None


_folded: Any = Folded.__table__  # type: ignore[attr-defined]
create_citext(_folded)
_gadgets: Any = Gadget.__table__  # type: ignore[attr-defined]
_PASS_OVER = {
    "postgresql": (
        "CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.sku = 'ignored' THEN RETURN NULL; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER pass_over BEFORE INSERT ON gadgets FOR EACH ROW "
        "EXECUTE FUNCTION pass_over()",
    ),
    "sqlite": (
        "CREATE TRIGGER pass_over BEFORE INSERT ON gadgets WHEN NEW.sku = 'ignored' "
        "BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER undo BEFORE INSERT ON gadgets WHEN NEW.sku = 'undoing' "
        "BEGIN SELECT RAISE(ROLLBACK, 'secret'); END",
    ),
}
for _dialect, _texts in _PASS_OVER.items():
    for _text in _texts:
        event.listen(_gadgets, "after_create", DDL(_text).execute_if(dialect=_dialect))


# Of each column of `Typed`: two values, and the second one written in another way.
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "text": ("a", "ß é", "ß é"),
    "short": ("a b", "é", "é"),
    "number": (-5, 70000, "70000"),
    "ratio": (-0.5, 1e16, 10000000000000000),
    "price": ("1.10", "12345678.90", 12345678.9),
    "amount": ("-0.125", "1000", "1e3"),
    "flag": (False, True, "true"),
    "day": ("0001-01-01", "2026-02-28", "2026-02-28"),
    "moment": ("1999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"),
    "clock": ("00:00:00.000001", "23:59:00", "23:59"),
    "span": ("-PT1H", "P1DT1S", "PT24H1S"),
    "color": ("red", "blue", "blue"),
    "uid": (str(uuid.UUID(int=7)), str(uuid.UUID(int=2**127)), uuid.UUID(int=2**127).hex),
    "raw": ("YQ==", "w78=", "w78"),
}


RESOURCES = (
    Resource(Gadget, version="rev", read_only=["touched", "state"], includes=["maker"]),
    Resource(Maker, nested_writes=["gadgets"]),
    Resource(Folded),
    Resource(Typed),
)

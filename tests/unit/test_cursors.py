"""A cursor holds values of any column, and gives them back as its statement compares with them."""

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Column, DateTime, Integer, Interval, Numeric, Text, TypeDecorator, Uuid
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from modelwire.catalog.invalid_values import Octets, SpelledUUID, Unreadable
from modelwire.catalog.read import read_catalog
from modelwire.errors import InvalidRequest
from modelwire.plan.reading.cipher import CursorCipher
from modelwire.plan.reading.cursor import Position, read_cursor, seal, write_cursor
from modelwire.shape.parts import Order


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Color(enum.Enum):
    RED = "r"


class Tint:
    """A value of a class that is a type's own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


class TintType(TypeDecorator[Tint]):
    impl = Text
    cache_ok = True


class Level(TypeDecorator[int]):
    impl = Integer
    cache_ok = True


class Sorted(Base, table=True):
    """A column of each type that rows may be sorted by."""

    __tablename__ = "sorted"

    number: int = Field(primary_key=True)
    ratio: float | None = None
    price: Decimal | None = Field(default=None, sa_type=Numeric(30, 3))
    flag: bool | None = None
    word: str | None = None
    key: uuid.UUID | None = None
    text_key: uuid.UUID | None = Field(default=None, sa_column=Column(Uuid(as_uuid=False)))
    text_code: str | None = Field(default=None, sa_column=Column(Uuid(as_uuid=False)))
    color: Color | None = None
    moment: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    local: datetime | None = Field(default=None, sa_type=DateTime)
    day: date | None = None
    clock: time | None = None
    span: timedelta | None = Field(default=None, sa_type=Interval)
    raw: bytes | None = None
    level: int | None = Field(default=None, sa_column=Column(Level))
    whole: Decimal | None = Field(default=None, sa_column=Column(Integer))
    tint: str | None = Field(default=None, sa_column=Column(TintType))
    loose: Any = Field(default=None, sa_column=Column(TintType))


FIELDS = read_catalog([Resource(Sorted)]).tables["sorted"].by_key
CIPHER = CursorCipher((b"x" * 32,))
QUERY = b"query"


def order_by(*names: str) -> list[Order]:
    return [Order(FIELDS[name], descending=False) for name in names]


def send(position: Position, *names: str) -> Position:
    """Return a position as it is read back from the cursor of a client."""
    order = order_by(*names)
    return read_cursor(write_cursor(position, order, QUERY, CIPHER), order, QUERY, CIPHER)


MOMENT = datetime(2026, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", -(2**63)),
        ("number", 2**63 - 1),
        ("ratio", 0.1),
        ("ratio", float("inf")),
        ("price", Decimal("-12345678901234567890.125")),
        ("price", Decimal("NaN")),
        ("flag", False),
        ("word", ""),
        ("word", "Ж\x00"),
        ("key", uuid.UUID(int=7)),
        ("text_key", str(uuid.UUID(int=7))),
        ("text_code", str(uuid.UUID(int=7))),
        ("color", Color.RED),
        ("moment", MOMENT.replace(tzinfo=UTC)),
        ("local", MOMENT),
        ("day", date.min),
        ("clock", time(23, 59, 59, 999999)),
        ("span", timedelta(-1, 1, 1)),
        ("raw", b"\x00\xff"),
        ("level", 7),
        ("whole", 7),
        ("tint", "red"),
        ("loose", "red"),
    ],
)
def test_values(name: str, value: Any) -> None:
    """A value comes back as the same one, of the same class."""
    (found,) = send(Position((value,)), name).values
    assert (type(found), str(found)) == (type(value), str(value))


@pytest.mark.parametrize("name", ["tint", "loose"])
def test_a_value_of_a_type_of_its_own(name: str) -> None:
    """It comes back as a text, as which its type has to take it."""
    assert send(Position((Tint("red"),)), name).values == ("red",)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("word", b"\xff"),
        ("word", Octets(b"\xff")),
        ("word", 5),
        ("number", "five"),
        ("number", 0.5),
        ("number", float("inf")),
        ("number", 10**20),
        ("ratio", "five"),
        ("ratio", 10**400),
        ("price", 1e300),
        ("flag", "maybe"),
        ("color", "green"),
        ("day", "0000-00-00"),
        ("tint", "no tint"),
        ("tint", b"\xff"),
        ("tint", 5),
    ],
)
def test_what_is_no_value_of_its_column(name: str, stored: Any) -> None:
    """It comes back as the database has it, whatever its column's type would make of that."""
    (found,) = send(Position((Unreadable(stored),)), name).values
    assert isinstance(found, Unreadable)
    assert (type(found.stored), found.stored) == (type(stored), stored)


@pytest.mark.parametrize(("name", "value"), [("word", 5), ("number", "five"), ("day", "soon")])
def test_what_is_of_another_class(name: str, value: Any) -> None:
    """A value of a third party's type is read as the database has it."""
    assert send(Position((value,)), name).values == (Unreadable(value),)


def test_another_spelling() -> None:
    """A UUID that is spelled in another way is compared by its spelling."""
    spelled = SpelledUUID("00000000000000000000000000000007")
    assert send(Position((spelled,)), "key").values == (Unreadable(spelled.stored),)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
def test_directions(*, backward: bool, inclusive: bool) -> None:
    position = Position((None, 1), backward, inclusive)
    assert send(position, "word", "number") == position


def refuse(name: str, *content: Any) -> None:
    """Check that a cursor is refused that is sealed properly, but doesn't fit its column."""
    cursor = seal(content, QUERY, CIPHER)
    with pytest.raises(InvalidRequest, match="not a cursor of this list"):
        read_cursor(cursor, order_by(name), QUERY, CIPHER)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", None),
        ("number", True),
        ("number", "1"),
        ("number", 2**63),
        ("number", ["number", "x"]),
        ("number", ["number"]),
        ("number", ["number", "1", "2"]),
        ("ratio", 0.5),
        ("ratio", "x"),
        ("price", "x"),
        ("price", "sNaN"),
        ("price", "1e10000000"),
        ("price", "1e-10000000"),
        ("flag", 1),
        ("word", 1),
        ("word", True),
        ("word", ["bytes", "x"]),
        ("key", "x"),
        ("color", "GREEN"),
        ("color", "r"),
        ("color", 1),
        ("moment", MOMENT.isoformat()),
        ("local", MOMENT.replace(tzinfo=UTC).isoformat()),
        ("local", "x"),
        ("day", MOMENT.isoformat()),
        ("clock", "25:00"),
        ("span", "x"),
        ("span", str(10**30)),
        ("raw", "x"),
        ("tint", 1),
        ("loose", 1),
    ],
)
def test_what_its_column_has_no_more(name: str, value: Any) -> None:
    """A column may have become another one since a cursor was given."""
    refuse(name, value, 0)


@pytest.mark.parametrize("content", [(), (0,), (1, 1, 0)])
def test_what_has_other_terms(content: tuple[Any, ...]) -> None:
    refuse("number", *content)


def test_what_was_not_given_so() -> None:
    """A cursor of another query, or with a letter more, less or else, is none."""
    order = order_by("number")
    cursor = write_cursor(Position((1,)), order, QUERY, CIPHER)
    assert read_cursor(cursor, order, QUERY, CIPHER) == Position((1,))
    others = [cursor[:-1], cursor + "A", cursor + "=", "é" + cursor[1:], "A" + cursor[1:], ""]
    # The last letter of a text of 16 bytes has bits that stand for nothing.
    others.append(cursor[:-1] + chr(ord(cursor[-1]) + 1))
    for text, query in [(cursor, b"another"), *((other, QUERY) for other in others)]:
        with pytest.raises(InvalidRequest, match="not a cursor of this list"):
            read_cursor(text, order, query, CIPHER)

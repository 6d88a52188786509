"""However others have spelled a value, it is compared, sorted, walked and shown as the value it is.

Rows are stored past the service, each value in one of the spellings that programs use; lists are
compared with what plain Python makes of the values.
"""

import enum
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx2
from hypothesis import given
from hypothesis import strategies as st
from pydantic import NaiveDatetime
from pydantic_core import to_jsonable_python
from sqlalchemy import Column, Uuid, text
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.examples import examples
from tests.worlds import World, make_world_fixture, on_lanes

Strategy = st.SearchStrategy[Any]


class Base(SQLModel, registry=registry()):
    """The base of the table of these tests."""


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"
    RED_TOO = "x"


class Spelled(Base, table=True):
    """A column of every kind that has several spellings, each with an index or without."""

    __tablename__ = "spelled"

    id: int | None = Field(default=None, primary_key=True)
    moment: datetime | None = Field(default=None, index=True)
    local: NaiveDatetime | None = None
    day: date | None = Field(default=None, index=True)
    clock: time | None = None
    span: timedelta | None = None
    price: Decimal | None = Field(default=None, max_digits=10, decimal_places=2, index=True)
    amount: Decimal | None = None
    ratio: float | None = None
    flag: bool | None = None
    color: Color | None = Field(
        default=None, sa_column=Column(SQLEnum(Color, native_enum=False), index=True)
    )
    uid: uuid.UUID | None = Field(
        default=None, sa_column=Column(Uuid(native_uuid=False), index=True)
    )


world = make_world_fixture("spelled", Base.metadata, on_lanes((Resource(Spelled, max_limit=50),)))


def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def _spell_moment(value: datetime) -> Sequence[Any]:
    """An instant as SQLAlchemy, SQLite, JavaScript, Go, PostgreSQL and people write it."""
    naive = value.replace(tzinfo=None)
    own = naive.isoformat(" ", "microseconds")
    there = value.astimezone(_zone(330))
    west = value.astimezone(_zone(-180))
    spelled: list[Any] = [
        own,
        naive.isoformat("T"),
        naive.isoformat() + "Z",
        own + " UTC",
        naive.isoformat(" ") + "+00",
        there.isoformat(),
        west.isoformat(" "),
        west.strftime("%Y-%m-%d %H:%M:%S.%f%z"),
        own + "000",
    ]
    if value.microsecond == 0:
        spelled += [naive.isoformat(" "), naive.isoformat("T") + "z", int(value.timestamp())]
        if value.second == 0:
            spelled += [own[:16], there.isoformat()[:16] + "+05:30"]
            if value.hour == value.minute == 0:
                spelled.append(own[:10])
    if value.microsecond % 1000 == 0:
        spelled.append(naive.isoformat("T", "milliseconds") + "Z")
        if abs(value.timestamp()) > 20_000_000:
            spelled.append(round(value.timestamp() * 1000))
    return spelled


def _spell_local(value: datetime) -> Sequence[Any]:
    return _spell_moment(value.replace(tzinfo=UTC))


def _spell_day(value: date) -> Sequence[Any]:
    midnight = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return [
        value.isoformat(),
        f"{value} 00:00:00",
        f"{value}T00:00:00.000Z",
        f"{value} 00:00:00.000000",
        int(midnight.timestamp()),
    ]


def _spell_clock(value: time) -> Sequence[Any]:
    own = value.isoformat("microseconds")
    spelled = [own, f"{own}Z", f"2000-01-01 {own}", f"2000-01-01T{own}+00:00"]
    if value.microsecond == 0:
        spelled.append(own[:8])
        if value.second == 0:
            spelled.append(own[:5])
    return spelled


def _spell_span(value: timedelta) -> Sequence[Any]:
    return _spell_local(datetime(1970, 1, 1) + value)


def _spell_price(value: Decimal) -> Sequence[Any]:
    number = float(value)
    return [number, f"{value}", f" {value:e} ", number + 1e-9, number - 1e-9, f"{value}000"]


def _spell_amount(value: Decimal) -> Sequence[Any]:
    """A number of any size; SQLite has whole ones as integers, which are more than its floats."""
    return [int(value), f"{value}", f" {value} "] if value == int(value) else [float(value)]


def _spell_ratio(value: float) -> Sequence[Any]:
    return [value, repr(value), int(value) if value == int(value) else value]


def _spell_flag(value: bool) -> Sequence[Any]:
    true: list[Any] = [1, "true", "TRUE", "t", "Yes", "y", "on", "1", 1.0, -1, 7]
    return true if value else [0, "false", "False", "f", "NO", "n", "off", "0", 0.0]


def _spell_color(value: Color) -> Sequence[Any]:
    return [value.name, value.value]


def _spell_uid(value: uuid.UUID) -> Sequence[Any]:
    return [value.hex, str(value), value.hex.upper(), str(value).upper()]


SPELL: dict[str, Callable[[Any], Sequence[Any]]] = {
    "moment": _spell_moment,
    "local": _spell_local,
    "day": _spell_day,
    "clock": _spell_clock,
    "span": _spell_span,
    "price": _spell_price,
    "amount": _spell_amount,
    "ratio": _spell_ratio,
    "flag": _spell_flag,
    "color": _spell_color,
    "uid": _spell_uid,
}


def _spell_interval(value: timedelta) -> Sequence[Any]:
    """A duration with months of 30 days, as PostgreSQL compares them, and without."""
    days, rest = value.days, value - timedelta(value.days)
    return [
        f"{days} days {rest}",
        f"{days - 30} days 1 month {rest}",
        f"{days + 360} days -1 year {rest}",
        f"{days - 750} days 2 years 1 month {rest}",
        f"{days} days {rest.seconds * 1_000_000 + rest.microseconds} microseconds",
    ]


SPELL_ON_POSTGRESQL: dict[str, Callable[[Any], Sequence[Any]]] = {
    "color": _spell_color,
    "span": _spell_interval,
}
"""The columns that have several spellings on PostgreSQL too, which spells all others its way."""

_SECOND = datetime(2024, 2, 29, 23, 59, 59)
_MOMENTS = [
    _SECOND,
    _SECOND + timedelta(microseconds=1),
    _SECOND + timedelta(milliseconds=500),
    _SECOND + timedelta(seconds=1),
    datetime(2024, 3, 1, 4, 30),
    datetime(1999, 12, 31, 20, 0, 0, 999999),
    datetime(2038, 1, 19, 3, 14, 8),
]
VALUES: dict[str, list[Any]] = {
    "moment": [moment.replace(tzinfo=UTC) for moment in _MOMENTS],
    "local": _MOMENTS,
    "day": [date(2024, 2, 29), date(2024, 3, 1), date(1999, 12, 31), date(2038, 1, 19)],
    "clock": [time(0, 0), time(10, 0), time(10, 0, 1), time(23, 59, 59, 999999), time(10, 0, 0, 5)],
    "span": [
        *(timedelta(days=days) for days in (0, -1, 359, 360, 365)),
        timedelta(hours=30),
        timedelta(microseconds=7),
    ],
    "price": [Decimal(p) for p in ("0.00", "0.30", "-0.30", "1.10", "12345678.90", "1000.00")],
    "amount": [Decimal(n) for n in (2**53, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**62 + 1, "0.5")],
    "ratio": [0.0, 0.5, -2.0, 1e10],
    "flag": [True, False],
    "color": list(Color),
    "uid": [
        uuid.UUID(int=n) for n in (1, 2**64, 0xA << 124, (0xA << 124) + (0xB << 92), 0xB << 124)
    ],
}
COLUMNS = tuple(VALUES)
ORDERED = ("moment", "local", "day", "clock", "span", "price", "amount", "ratio")

Row = dict[str, Any]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Some rows, of which many have the same values."""
    some = {name: st.none() | st.sampled_from(values) for name, values in VALUES.items()}
    return draw(st.lists(st.fixed_dictionaries(some), min_size=1, max_size=7))


async def fill(world: World, data: st.DataObject, drawn: list[Row]) -> list[Row]:
    """Store rows past the service, each value in one of its spellings; gives them with keys."""
    await empty_tables(world.database)
    async with world.database.engine.begin() as connection:
        for row in drawn:
            spellings = SPELL if world.dialect == "sqlite" else SPELL_ON_POSTGRESQL
            names = tuple(spellings)
            rest = {name: value for name, value in row.items() if name not in names}
            stored = {
                name: None
                if row[name] is None
                else data.draw(st.sampled_from(spellings[name](row[name])))
                for name in names
            }
            if world.dialect == "postgresql":
                await connection.execute(Spelled.__table__.insert().values(**rest))  # type: ignore[attr-defined]
                sets = "color = :color, span = CAST(CAST(:span AS text) AS interval)"
                sql = f"UPDATE spelled SET {sets} WHERE id = (SELECT max(id) FROM spelled)"
            else:
                marks = ", ".join(f":{name}" for name in names)
                sql = f"INSERT INTO spelled ({', '.join(names)}) VALUES ({marks})"
            await connection.execute(text(sql), stored)
    return [{"id": number, **row} for number, row in enumerate(drawn, 1)]


def shown(row: Row) -> Row:
    """A row as JSON has it."""
    return {name: to_jsonable_python(value) for name, value in row.items()}


def spell(value: Any) -> str:
    """A value as a query has it."""
    written = to_jsonable_python(value)
    return str(written).lower() if isinstance(written, bool) else str(written)


def key_of(name: str, value: Any) -> Any:
    """Return the sort key of a value: for enums, their order of declaration."""
    return list(Color).index(value) if name == "color" else value


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, str, Callable[[Row], bool]]:
    """A filter: its name, its value, and which rows it finds."""
    name = draw(st.sampled_from(COLUMNS))
    a, b = (draw(st.sampled_from(VALUES[name])) for _ in "ab")
    tests: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "eq": (spell(a), lambda v: v == a),
        "ne": (spell(a), lambda v: v != a),
        "in": (f"{spell(a)},{spell(b)}", lambda v: v in (a, b)),
        "not_in": (f"{spell(a)},{spell(b)}", lambda v: v not in (a, b)),
        "isnull": ("true", lambda v: v is None),
    }
    if name in ORDERED:
        tests |= {
            "gt": (spell(a), lambda v: v is not None and v > a),
            "gte": (spell(a), lambda v: v is not None and v >= a),
            "lt": (spell(a), lambda v: v is not None and v < a),
            "lte": (spell(a), lambda v: v is not None and v <= a),
            "between": (f"{spell(a)},{spell(b)}", lambda v: v is not None and a <= v <= b),
        }
    operator = draw(st.sampled_from(sorted(tests)))
    value, holds = tests[operator]
    return f"{name}__{operator}", value, lambda row: holds(row[name])


@examples(60)
@given(data=st.data())
async def test_filters(world: World, data: st.DataObject) -> None:
    """A filter finds the rows that have the value, and their number is right."""
    stored = await fill(world, data, data.draw(rows()))
    for _ in range(10):
        name, value, holds = data.draw(conditions())
        expected = [shown(row) for row in stored if holds(row)]
        for client in world.clients_for(__file__).values():
            page = (await client.get("/spelled/", params={name: value, "limit": 3})).json()
            assert page["items"] == expected[:3], (name, value)
            assert page["total"] == len(expected), (name, value)
            logic = {"or": f"(not({name}:{quoted(name, value)}))"}
            others = (await client.get("/spelled/", params=logic)).json()
            assert others["total"] == len(stored) - len(expected), logic


def quoted(name: str, value: str) -> str:
    """A value, or values, as they stand in logic."""
    if name.endswith(("_in", "between")):
        return "(" + ",".join(f'"{part}"' for part in value.split(",")) + ")"
    return f'"{value}"'


@examples(60, quick=6)
@given(data=st.data())
async def test_orders(world: World, data: st.DataObject) -> None:
    """A list is in the order of the values; a walk, either way, and a stream see each row once."""
    stored = await fill(world, data, data.draw(rows()))
    for _ in range(6):
        names = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=2, unique=True))
        terms = [(name, data.draw(st.booleans())) for name in names]
        expected = [shown(row) for row in sort(stored, terms)]
        order = ",".join(f"{'-' if descending else ''}{name}" for name, descending in terms)
        limit = data.draw(st.integers(1, 3))
        for client in world.clients_for(__file__).values():
            page = (await client.get(f"/spelled/?sort={order}&limit=50")).json()
            assert page["items"] == expected, order
            assert (await client.get(f"/spelled/stream/?sort={order}")).json() == expected
            assert await walk(client, f"/spelled/?sort={order}&limit={limit}") == expected, order


def sort(stored: list[Row], terms: list[tuple[str, bool]]) -> list[Row]:
    """Sort rows; null is the largest value, and the key decides at last."""
    ordered = sorted(stored, key=lambda row: row["id"])
    for name, descending in reversed(terms):
        ordered.sort(
            key=lambda row: (
                row[name] is None,
                *([key_of(name, row[name])] if row[name] is not None else []),
            ),
            reverse=descending,
        )
    return ordered


async def walk(client: httpx2.AsyncClient, url: str) -> list[Row]:
    """All rows of a list, page by page, once it is walked back as well."""
    pages: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get(f"{url}&cursor={cursor}")
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        cursor = pages[-1]["next"]
        assert len(pages) < 20
    back = [pages[-1]]
    while back[-1]["previous"] is not None:
        back.append((await client.get(f"{url}&cursor={back[-1]['previous']}")).json())
        assert len(back) < 20
    found = [row for page in pages for row in page["items"]]
    assert [row for page in reversed(back) for row in page["items"]] == found
    return found


@examples(30)
@given(data=st.data())
async def test_changes(world: World, data: st.DataObject) -> None:
    """A change leaves what it does not name as it is, and answers the row as a read does."""
    stored = await fill(world, data, data.draw(rows()))
    for client in world.clients_for(__file__).values():
        row = data.draw(st.sampled_from(stored))
        path, tag = f"/spelled/{row['id']}", ""
        read = await client.get(path)
        assert read.json() == shown(row)
        tag = read.headers["etag"]
        changed = await client.patch(path, json={"ratio": 3.5}, headers={"If-Match": tag})
        assert changed.status_code == 200
        row["ratio"] = 3.5
        assert changed.json() == shown(row)
        read = await client.get(path)
        assert (read.content, read.headers["etag"]) == (changed.content, changed.headers["etag"])

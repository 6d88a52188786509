"""Defaults are stored as columns take them; what no column can take is told of at start."""

import enum
import functools
import itertools
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Self

import pytest
from pydantic import NaiveDatetime, model_validator
from sqlalchemy import Column, DateTime, Integer, Numeric, func
from sqlalchemy.orm import registry
from sqlalchemy.schema import ForeignKey
from sqlmodel import Field, SQLModel

from modelwire import ConfigurationError, Database, Resource
from modelwire.catalog.read import read_catalog
from tests.classes import make_class
from tests.worlds import Makers, World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """The base of the tables that can be served."""


class Plain(enum.Enum):
    A = 1
    B = "b"


class Word(enum.StrEnum):
    A = "a"


class Number(enum.IntEnum):
    A = 1


CLASSES: tuple[Any, ...] = (int, float, Decimal, bool, str, uuid.UUID, bytes, datetime)
CLASSES += (NaiveDatetime, date, time)
CLASSES += (timedelta, Plain, Word, Number)
VALUES: tuple[Any, ...] = (
    *(1, 0, True, 1.5, 2.0, Decimal("1.5"), Decimal(2), "a", "1", b"x", 2**40, {}, [], ()),
    *(uuid.UUID(int=1), str(uuid.UUID(int=1)), "2024-01-01", time(1), timedelta(1), int),
    *(datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1)),
    *(Plain.A, Plain.B, Word.A, Number.A, ForeignKey("teams.id")),
)


def declare(number: int, annotation: Any, value: Any) -> type[SQLModel]:
    """A table with one field of an annotation, with a default."""
    body = {
        "__module__": __name__,
        "__tablename__": f"defaults_{number}",
        "__annotations__": {"id": int | None, "n": int, "x": annotation},
        "id": Field(default=None, primary_key=True),
        "n": 1,
        "x": Field(default=value),
    }
    return make_class(f"Default{number}", Base, body, table=True)


def refusal(*models: type[SQLModel], **options: Any) -> str:
    """Return the error of serving some models; empty if there is none."""
    try:
        read_catalog([Resource(model, **options) for model in models])
    except ConfigurationError as exc:
        return str(exc)
    return ""


@functools.cache
def served() -> list[type[SQLModel]]:
    """Tables of all pairs that are not refused, made when these tests run, not when they are
    collected."""
    pairs = enumerate(itertools.product(CLASSES, VALUES))
    return [model for n, pair in pairs if not refusal(model := declare(n, *pair))]


class Now(Base, table=True):
    """SQL as a field's default."""

    __tablename__ = "defaults_now"

    id: int | None = Field(default=None, primary_key=True)
    n: int = 1
    x: datetime = Field(default=func.now())


class Cheap(Base, table=True):
    """Row whose changed value is stored as the column takes it."""

    __tablename__ = "defaults_cheap"

    id: int | None = Field(default=None, primary_key=True)
    n: int = 1
    x: Decimal = Field(default=0, sa_column=Column(Numeric(6, 2), default=0, onupdate=1))


class Titled(Base, table=True):
    """A default of None where the column takes none."""

    __tablename__ = "defaults_titled"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(default=None, unique=True)
    note: str | None = Field(default=None, nullable=False)
    free: str = Field(default=None, nullable=True)
    filled: str = Field(default=None, sa_column_kwargs={"server_default": "x"})


class Completed(Base, table=True):
    """The same, where a validator gives a value."""

    __tablename__ = "defaults_completed"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(default=None)

    @model_validator(mode="after")
    def give_title(self) -> Self:
        self.title = self.title or "none"
        return self


def make_apps(database: Database) -> Makers:
    """Make an application on each lane."""
    models: tuple[type[SQLModel], ...] = (*served(), Now, Cheap, Titled, Completed)
    return on_lanes(tuple(Resource(model) for model in models))(database)


world = make_world_fixture("unfit", Base.metadata, make_apps)


async def test_none_where_the_column_takes_none(world: World, lane: str) -> None:
    """Such a field is required, in the document as in bodies."""
    client = world.clients[lane]
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["TitledCreate"]["required"] == ["title", "note"]
    refused = await client.post("/defaults_titled/", json={})
    assert refused.status_code == 422
    errors = [(e["pointer"], e["code"]) for e in refused.json()["errors"]]
    assert errors == [("/title", "missing"), ("/note", "missing")]
    made = await client.post("/defaults_titled/", json={"title": lane, "note": ""})
    assert made.status_code == 201
    assert (made.json()["free"], made.json()["filled"]) == (None, "x")


async def test_none_that_a_validator_replaces(world: World, lane: str) -> None:
    """A field that the model completes itself may be left out."""
    client = world.clients[lane]
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert "required" not in schemas["CompletedCreate"]
    made = await client.post("/defaults_completed/", json={})
    assert made.json()["title"] == "none"


async def test_every_default_is_stored(world: World, lane: str) -> None:
    """A default that is not refused at start is stored: in one row, in many, by a change."""
    client = world.clients[lane]
    faults = []
    models: tuple[type[SQLModel], ...] = (*served(), Now, Cheap)
    for model in models:
        path = f"/{model.__tablename__}"
        one = await client.post(f"{path}/", json={})
        many = await client.post(f"{path}/bulk/", json=[{}, {"n": 2}])
        change = await client.patch(f"{path}/1", json={"n": 3})
        if (one.status_code, many.status_code, change.status_code) != (201, 201, 200):
            faults.append((model.model_fields["x"], one.text, many.text, change.text))
    assert faults == []


async def test_onupdate_of_a_simpler_class(world: World, lane: str) -> None:
    """`onupdate=1` of a column of decimals is a decimal."""
    client = world.clients[lane]
    created = (await client.post("/defaults_cheap/", json={})).json()
    changed = await client.patch(f"/defaults_cheap/{created['id']}", json={"n": 5})
    assert (created["x"], changed.json()["x"]) == ("0.00", "1.00")


def test_what_is_written_for_other_classes() -> None:
    """Usual ways of writing a default are taken, and what only SQLite would take is not."""
    taken = {
        (info.annotation, repr(info.default)) for m in served() for info in [m.model_fields["x"]]
    }
    usual = [(Decimal, 0), (Decimal, 1.5), (bool, 1), (float, 0), (int, Number.A), (str, Word.A)]
    assert [pair for pair in usual if (pair[0], repr(pair[1])) not in taken] == []
    wrong = [(int, "a"), (int, Plain.A), (str, 1), (bytes, "a"), (date, "2024-01-01"), (int, 1.5)]
    assert [pair for pair in wrong if (pair[0], repr(pair[1])) in taken] == []


def test_enum_member_and_foreign_key() -> None:
    """The refusal names class and field, and says what to write."""
    numbered = [(int, Plain.A), (int, ForeignKey("teams.id"))]
    models = [declare(10_000 + n, *pair) for n, pair in enumerate(numbered)]
    assert refusal(*models).splitlines() == [
        "The default of Default10000.x is a member of Plain, and its column takes an integer; "
        "write Plain.A.value if that is one, or annotate the field as Plain.",
        "The default of Default10001.x is a ForeignKey, which is not a value; write "
        "Field(foreign_key='table.column').",
    ]


class Old(SQLModel, registry=registry()):
    """The base of tables that are refused."""


class Hero(Old, table=True):
    """Times as they were written for years."""

    id: int | None = Field(default=None, primary_key=True)
    made: datetime = Field(default_factory=datetime.utcnow)
    own: datetime = Field(
        default_factory=datetime.utcnow,
        sa_column=Column(DateTime(timezone=True), nullable=False),
    )
    of_column: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), default=datetime.utcnow)
    )
    changed: datetime | None = Field(default=None, sa_column_kwargs={"onupdate": datetime.utcnow})
    fine: NaiveDatetime = Field(default_factory=datetime.utcnow, sa_type=DateTime)


class Power(Old, table=True):
    id: int | None = Field(default=None, primary_key=True)
    aware: NaiveDatetime = Field(default_factory=lambda: datetime.now(UTC))
    refuses: int | None = Field(default=None, sa_column=Column(Integer, default=lambda: 1 / 0))
    lazy: datetime | None = Field(default_factory=lambda: datetime.fromisoformat(""))


class HeroCreate(SQLModel):
    made: datetime = Field(default_factory=datetime.utcnow)


@pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")
def test_all_times_at_once() -> None:
    """Every default and `onupdate` of all resources is named, with what to write instead."""
    lines = refusal(Hero, Power).splitlines()
    assert [line.split(" should ")[0] for line in lines] == [
        "The default of Hero.made",
        "The default of Hero.own",
        "The default of Hero.of_column",
        "The onupdate of Hero.changed",
        "The default of Power.aware",
    ]
    assert all("write default_factory=lambda: datetime.now(UTC)" in line for line in lines[:2])
    assert "write default=lambda: datetime.now(UTC)" in lines[2]
    assert "write onupdate=lambda: datetime.now(UTC)" in lines[3]
    assert "give the column DateTime(timezone=True)" in lines[4]


@pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")
def test_defaults_of_a_create_schema() -> None:
    """A schema of the user's own is looked at as well."""
    assert "The default of HeroCreate.made should have an offset" in refusal(
        Hero, create_schema=HeroCreate
    )

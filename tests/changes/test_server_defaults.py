"""Rows of the log that are older than a column have in it what the database gave to the table's."""

import datetime as dt
import enum
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import (
    Column,
    Date,
    DateTime,
    DefaultClause,
    Enum,
    String,
    Time,
    func,
    text,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource
from modelwire.catalog.defaults import find_constant
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS

PATH = "/defaulted_parts/"


class Older(SQLModel, registry=registry()): ...


class Newer(SQLModel, registry=registry()): ...


class Later(SQLModel, registry=registry()): ...


class Grade(enum.Enum):
    LOW = "low"
    HIGH = "high"


class PartBefore(Older, table=True):
    __tablename__ = "defaulted_parts"

    id: int | None = Field(default=None, primary_key=True)
    name: str


def given(default: Any) -> Any:
    return Field(sa_column_kwargs={"server_default": default})


class PartAfter(Newer, table=True):
    """Columns of which the database alone knows the default."""

    __tablename__ = "defaulted_parts"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    quoted: int = given("3")
    plain: int = given(text("-4"))
    share: float = given(text("0.5"))
    price: Decimal = Field(
        max_digits=8, decimal_places=2, sa_column_kwargs={"server_default": "4.50"}
    )
    open: bool = given(text("true"))
    closed: bool = given(text("'0'"))
    note: str = given("it's")
    digits: str = given("007")
    sold: bool = given(true())
    day: dt.date = Field(sa_column=Column(Date, nullable=False, server_default="2026-01-02"))
    grade: Grade = Field(
        sa_column=Column(Enum(Grade, native_enum=False), nullable=False, server_default="LOW")
    )
    both: int = Field(default=5, sa_column_kwargs={"server_default": "6"})


class PartLater(Later, table=True):
    __tablename__ = "defaulted_parts"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    seen_at: dt.datetime | None = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
    day: dt.date | None = Field(sa_column=Column(Date, nullable=False, server_default="today"))
    hour: dt.time | None = Field(
        sa_column=Column(Time, nullable=False, server_default=text("'NOW'::time"))
    )
    due_at: dt.datetime | None = Field(
        sa_column=Column(
            DateTime(timezone=True), nullable=False, server_default=text("'tomorrow 12:00'")
        )
    )
    first: dt.date | None = Field(sa_column=Column(Date, nullable=False, server_default="epoch"))
    note: str = given("now")


def added(model: Any, dialect: Dialect) -> list[str]:
    """Return the statements that add the columns which the older version lacks, as declared."""
    known = PartBefore.__table__.c  # type: ignore[attr-defined]
    steps = []
    for column in model.__table__.c:
        if column.name not in known:
            default: Any = column.server_default.arg
            literal = repr(default).replace('"', "'") if isinstance(default, str) else default
            literal = "'it''s'" if default == "it's" else literal
            kind = "VARCHAR" if isinstance(column.type, String) else column.type.compile(dialect)
            steps.append(
                f"ALTER TABLE {model.__tablename__} "
                f'ADD COLUMN "{column.name}" {kind} NOT NULL DEFAULT {literal}'
            )
    return steps


async def upgrade(url: str, lane: str, stack: AsyncExitStack, model: Any) -> httpx2.AsyncClient:
    """A client of a version with more columns; the row 1 and its history are older than these."""
    before = Database(url, metadata=Older.metadata, **PATIENT)
    stack.push_async_callback(before.close_db)
    await before.init_db()
    app = make_app(before, lane, (Resource(PartBefore, changes=Changes()),), {})
    async with open_client(app) as old:
        for name in ("there", "gone"):
            assert (await old.post(PATH, json={"name": name})).status_code == 201
        assert (await old.delete(f"{PATH}2")).status_code == 204
    async with before.engine.begin() as connection:
        for step in added(model, before.engine.dialect):
            await connection.execute(text(step))
    after = Database(url, metadata=model.metadata, **PATIENT)
    stack.push_async_callback(after.close_db)
    app = make_app(after, lane, (Resource(model, changes=Changes()),), {})
    return await stack.enter_async_context(open_client(app))


@pytest_asyncio.fixture(params=DIALECTS)
async def client(
    request: pytest.FixtureRequest, make_url: MakeURL, lane: str
) -> AsyncIterator[httpx2.AsyncClient]:
    async with AsyncExitStack() as stack:
        url = await make_url(request.param, "defaulted")
        yield await upgrade(url, lane, stack, PartAfter)


async def test_constants(client: httpx2.AsyncClient) -> None:
    """A row is shown of old as it is since the migration, and comes back so."""
    now = (await client.get(f"{PATH}1")).json()
    (created,) = (await client.get(f"{PATH}1/history/")).json()["items"]
    then = await client.get(f"{PATH}1", params={"as_of": created["at"]})
    assert then.json() == now
    assert {name: value["new"] for name, value in created["changed"].items()} == now
    assert now["both"] == 6
    gone = (await client.get(f"{PATH}2/history/")).json()["items"][0]
    back = await client.post(f"{PATH}2/history/{gone['number']}/revert")
    assert (back.status_code, back.json()) == (201, {**now, "id": 2, "name": "gone"})
    followed = (await client.get(f"{PATH}changes/?after=0")).json()["items"]
    assert followed[0]["item"] == now


async def test_what_is_not_known(make_url: MakeURL, lane: str) -> None:
    """A default computed in the migration is unknown; a reverted row gets a new one."""
    async with AsyncExitStack() as stack:
        url = await make_url("postgresql", "defaulted")
        client = await upgrade(url, lane, stack, PartLater)
        (created,) = (await client.get(f"{PATH}1/history/")).json()["items"]
        then = await client.get(f"{PATH}1", params={"as_of": created["at"]})
        row = then.json()
        assert [row[name] for name in ("seen_at", "day", "hour", "due_at")] == [None] * 4
        assert (row["first"], row["note"]) == ("1970-01-01", "now")
        gone = (await client.get(f"{PATH}2/history/")).json()["items"][0]
        back = await client.post(f"{PATH}2/history/{gone['number']}/revert")
        assert back.status_code == 201, back.text
        assert back.json()["seen_at"] is not None


@pytest.mark.parametrize(
    ("written", "constant"),
    [
        ("'a''b'::character varying", "a'b"),
        ("'x'::text", "x"),
        (" 1.5e3 ", "1.5e3"),
        ("'{}'::integer[]", "{}"),
        ("'1'::numeric(10, 2)", "1"),
        ("TRUE", "TRUE"),
        ("now()", None),
        ("CURRENT_TIMESTAMP", None),
        ("'now'::text || 'x'", None),
        ("1 + 1", None),
        ("'a' || random()", None),
        ("nextval('s')", None),
    ],
)
def test_what_is_a_constant(written: str, constant: str | None) -> None:
    assert find_constant(DefaultClause(text(written))) == constant

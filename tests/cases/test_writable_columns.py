"""Columns that clients may set: all but those whose values are the server's own."""

import uuid
from datetime import date, datetime, time
from typing import Any

import httpx2
import pytest
from pydantic import model_validator
from sqlalchemy import BigInteger, Boolean, Column, Computed, FetchedValue, String, func, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import ConfigurationError, Resource
from modelwire.catalog.read import read_catalog
from tests.conftest import empty_tables
from tests.http.problems import faults_of, read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Account(Base, table=True):
    """Columns that the database fills, of every kind."""

    __tablename__ = "accounts"

    id: int | None = Field(default=None, primary_key=True)
    is_active: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("true")))
    role: str | None = Field(default=None, sa_column_kwargs={"server_default": "user"})
    lang: str = Field(default="en", sa_column_kwargs={"server_default": "xx"})
    level: int | None = Field(
        default=None, sa_column=Column(BigInteger, nullable=False, server_default="3")
    )
    state: str | None = Field(default=None, sa_column=Column(String, default="new"))
    doubled: int | None = Field(default=None, sa_column=Column(BigInteger, Computed("level * 2")))
    created_at: datetime | None = Field(
        default=None, sa_column_kwargs={"server_default": func.now()}
    )
    day: date | None = Field(default=None, sa_column_kwargs={"server_default": "2026-01-01"})
    at: time | None = Field(default=None, sa_column_kwargs={"server_default": "12:00:00.000000"})
    touched: str | None = Field(
        default=None, sa_column=Column(String, server_onupdate=FetchedValue())
    )


class Coded(Base, table=True):
    """A key with a server default, and one that its model makes."""

    __tablename__ = "coded"

    code: str | None = Field(
        default=None, sa_column=Column(String, primary_key=True, server_default="none")
    )
    label: str = "x"


class Tagged(Base, table=True):
    __tablename__ = "tagged"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    label: str = "x"


class Whole(SQLModel):
    """Schema that is validated as a whole."""

    label: str = "x"

    @model_validator(mode="after")
    def look(self) -> "Whole":
        return self


class WholeAccount(Whole, Base, table=True):
    __tablename__ = "whole_accounts"

    id: int | None = Field(default=None, primary_key=True)


class WholeCoded(Whole, Base, table=True):
    __tablename__ = "whole_coded"

    code: str | None = Field(
        default=None, sa_column=Column(String, primary_key=True, server_default="none")
    )


class WholeTagged(Whole, Base, table=True):
    __tablename__ = "whole_tagged"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)


OPENED = ("id", "created_at", "day", "at", "touched")

columns_world = make_world_fixture(
    "columns", Base.metadata, on_lanes((Resource(Account), Resource(Coded), Resource(Tagged)))
)
opened_world = make_world_fixture(
    "opened",
    Base.metadata,
    on_lanes(
        (
            Resource(Account, writable=OPENED),
            Resource(Coded, writable=["code"]),
            Resource(Tagged, writable=["id"]),
            Resource(WholeAccount, writable=["id"]),
            Resource(WholeCoded, writable=["code"]),
            Resource(WholeTagged, writable=["id"]),
        )
    ),
)


@pytest.fixture
async def client(columns_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(columns_world.database)
    return columns_world.clients[lane]


@pytest.fixture
async def opened(opened_world: World, lane: str) -> httpx2.AsyncClient:
    """A client of the same tables, whose own columns are opened to clients."""
    await empty_tables(opened_world.database)
    return opened_world.clients[lane]


DEFAULTS = {"is_active": True, "role": "user", "lang": "en", "level": 3, "state": "new"}
SET = {"is_active": False, "role": "admin", "lang": "no", "level": 7, "state": "old"}
KEPT = {
    "id": 9,
    "doubled": 5,
    "created_at": "2000-01-01T00:00:00Z",
    "day": "2000-01-01",
    "at": "01:00:00",
    "touched": "x",
}


async def create_in(client: httpx2.AsyncClient, way: str, *bodies: Any) -> list[Any]:
    """Create accounts, and read what is stored."""
    if way == "one":
        answers = [await client.post("/accounts/", json=body) for body in bodies]
        rows = [answer.json() for answer in answers]
    else:
        query = {"bulk": "", "each": "?atomic=false"}[way]
        answer = await client.post(f"/accounts/bulk/{query}", json=[*bodies])
        rows = answer.json() if way == "bulk" else [r["item"] for r in answer.json()["items"]]
    stored = (await client.get("/accounts/?sort=id")).json()["items"]
    assert rows == stored
    return rows


@pytest.mark.parametrize("way", ["one", "bulk", "each"])
async def test_default(client: httpx2.AsyncClient, way: str) -> None:
    """A missing field has the default of the model, or else of the column or the database."""
    rows = await create_in(client, way, {}, SET, {"role": "guest"}, {})
    shown = [{name: row[name] for name in DEFAULTS} for row in rows]
    assert shown == [DEFAULTS, SET, DEFAULTS | {"role": "guest"}, DEFAULTS]
    assert [row["doubled"] for row in rows] == [6, 14, 6, 6]
    assert all(row["created_at"] and row["day"] and row["at"] for row in rows)


@pytest.mark.parametrize("name", SET)
async def test_change(client: httpx2.AsyncClient, name: str) -> None:
    """A column with a server default is changed like any other."""
    await client.post("/accounts/", json={})
    answer = await client.patch("/accounts/1", json={name: SET[name]})
    assert answer.json()[name] == SET[name]


async def test_null(client: httpx2.AsyncClient) -> None:
    """Null is a value where the column takes it, and is not taken for nothing."""
    row = (await client.post("/accounts/", json={"role": None})).json()
    assert row["role"] is None
    answer = await client.post("/accounts/", json={"level": None})
    assert faults_of(read_problem(answer, 422, "not_null")) == [("/level", "not_null")]


@pytest.mark.parametrize("name", KEPT)
async def test_column_of_the_server(client: httpx2.AsyncClient, name: str) -> None:
    """Keys that make themselves, what is computed, and times are the server's."""
    body = {name: KEPT[name]}
    refused = await client.post("/accounts/", json=body)
    assert faults_of(read_problem(refused, 422, "invalid")) == [(f"/{name}", "unknown_field")]
    await client.post("/accounts/", json={})
    refused = await client.patch("/accounts/1", json=body)
    assert faults_of(read_problem(refused, 422, "invalid")) == [(f"/{name}", "unknown_field")]


@pytest.mark.parametrize("name", OPENED)
async def test_opened_column(opened: httpx2.AsyncClient, name: str) -> None:
    """A resource opens a column whose values are the server's otherwise."""
    first = (await opened.post("/accounts/", json={name: KEPT[name]})).json()
    second = (await opened.post("/accounts/", json={})).json()
    assert first[name] == KEPT[name]
    assert second[name] != KEPT[name]
    answer = await opened.patch(f"/accounts/{second['id']}", json={name: KEPT[name]})
    if name != "id":
        assert answer.json()[name] == KEPT[name]


async def test_opened_key(client: httpx2.AsyncClient, opened: httpx2.AsyncClient) -> None:
    """A key with a default can be named where a resource opens it, and may be left out still."""
    for path, key, name in (("/coded/", "a", "code"), ("/tagged/", str(uuid.UUID(int=1)), "id")):
        assert (await opened.post(path, json={name: key})).headers["location"] == f"{path}{key}"
        assert (await opened.post(path, json={})).status_code == 201
        answer = await client.post(path, json={name: key})
        assert faults_of(read_problem(answer, 422, "invalid")) == [(f"/{name}", "unknown_field")]


async def test_upsert_by_an_opened_key(opened: httpx2.AsyncClient) -> None:
    """A key that clients may name is one that an upsert can go by."""
    url = "/accounts/bulk/?on_conflict=id"
    await opened.post(url, json=[{"id": 5, "role": "a"}, {"id": 6}])
    rows = (await opened.post(url, json=[{"id": 5, "lang": "b"}])).json()
    assert [(row["id"], row["role"], row["lang"]) for row in rows] == [(5, "a", "b")]


WRONG: dict[str, tuple[Resource, str]] = {
    "computed": (Resource(Account, writable=["doubled"]), "is computed by the database"),
    "unknown": (Resource(Account, writable=["rule"]), "did you mean `role`"),
    "twice": (Resource(Account, writable=["id"], read_only=["id"]), "name it once"),
}


@pytest.mark.parametrize("name", WRONG)
def test_column_that_cannot_be_opened(name: str) -> None:
    """A column that no one can set, or that is kept as well, is named at start-up."""
    resource, message = WRONG[name]
    with pytest.raises(ConfigurationError, match=message):
        read_catalog([resource])


async def test_document(client: httpx2.AsyncClient) -> None:
    """A column with a server default is in the schema of a new row, and not required."""
    document = (await client.get("/openapi.json")).json()
    schema = document["components"]["schemas"]["AccountCreate"]
    assert set(schema["properties"]) == set(SET)
    assert "required" not in schema


OPENED_KEYS: dict[str, tuple[str, Any]] = {
    "accounts": ("id", 7),
    "coded": ("code", "c"),
    "tagged": ("id", str(uuid.UUID(int=7))),
}


@pytest.mark.parametrize("start", ["", "whole_"])
@pytest.mark.parametrize("table", OPENED_KEYS)
async def test_opened_key_makes_itself(opened: httpx2.AsyncClient, table: str, start: str) -> None:
    """A key that is opened to clients makes itself where they leave it out, also in rows that are
    validated as a whole; it is never null."""
    key, value = OPENED_KEYS[table]
    path = f"/{start}{table}/"
    made = await opened.post(path, json={})
    assert (made.status_code, bool(made.json()[key])) == (201, True), made.text
    given = await opened.post(path, json={key: value})
    assert (given.status_code, given.json()[key]) == (201, value), given.text
    problem = read_problem(await opened.post(path, json={key: None}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{key}"]

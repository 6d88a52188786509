"""Foreign keys and columns that only the database has, as where a migration has added them."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import DDL, event
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.http.problems import faults_of, read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


class Kind(Base, table=True):
    __tablename__ = "kinds"

    code: str = Field(primary_key=True)


class Owner(Base, table=True):
    __tablename__ = "owners"

    id: int | None = Field(default=None, primary_key=True)


class Car(Base, table=True):
    """Refers to an owner by declaration, and to others without."""

    __tablename__ = "cars"

    id: int | None = Field(default=None, primary_key=True)
    plate: str | None = Field(default=None, unique=True)
    owner_id: int | None = Field(default=None, foreign_key="owners.id")
    kind: str = "van"
    secret_kind: str = "van"


class Trip(Base, table=True):
    """Lacks a column that its table requires."""

    __tablename__ = "trips"

    id: int | None = Field(default=None, primary_key=True)
    name: str


CREATE = """
CREATE TABLE cars (
  id {number} PRIMARY KEY, plate varchar UNIQUE, owner_id integer REFERENCES owners (id),
  kind varchar NOT NULL REFERENCES kinds (code),
  "secret_kind" varchar NOT NULL REFERENCES kinds (code)
)
"""
NOTES = "CREATE TABLE notes (owner_id integer NOT NULL REFERENCES owners (id))"
"""A table that no model knows of."""

TRIPS = "CREATE TABLE trips (id {number} PRIMARY KEY, name varchar, distance integer NOT NULL)"

for dialect, number in (("sqlite", "integer"), ("postgresql", "serial")):
    made = (CREATE.format(number=number), TRIPS.format(number=number), NOTES)
    for statement in ("DROP TABLE cars", "DROP TABLE trips", *made):
        ddl = DDL(statement).execute_if(dialect=dialect)
        event.listen(Base.metadata, "after_create", ddl)

RESOURCES = (Resource(Kind), Resource(Owner), Resource(Car), Resource(Trip))
KIND = "Kind refers to a row that was not found; the model does not declare this reference"
ROW = "The row refers to a row that was not found; the model does not declare this reference"

cars = make_world_fixture("undeclared", Base.metadata, on_lanes(RESOURCES))


@pytest_asyncio.fixture
async def client(cars: World, lane: str) -> httpx2.AsyncClient:
    """A client of two kinds, an owner with a note, and a car."""
    async with cars.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM notes")
    await empty_tables(cars.database)
    async with cars.database.engine.begin() as connection:
        for statement in (
            "INSERT INTO kinds VALUES ('van'), ('bus')",
            "INSERT INTO owners (id) VALUES (1)",
            "INSERT INTO cars (plate, kind, secret_kind) VALUES ('a', 'bus', 'van')",
        ):
            await connection.exec_driver_sql(statement)
    return cars.clients[lane]


@pytest.mark.parametrize(
    ("wrong", "detail", "field"),
    [({"kind": "none"}, KIND, "/kind"), ({"secret_kind": "none"}, ROW, "")],
)
@pytest.mark.parametrize(
    ("method", "url", "place"),
    [
        ("POST", "/cars/", ""),
        ("PATCH", "/cars/1", ""),
        ("PUT", "/cars/1", ""),
        ("POST", "/cars/bulk/", "/1"),
        ("POST", "/cars/bulk/?on_conflict=plate", "/1"),
        ("PATCH", "/cars/bulk/", "/1"),
        ("POST", "/cars/bulk/?atomic=false", "/1"),
        ("PATCH", "/cars/bulk/?atomic=false", "/1"),
    ],
)
async def test_missing_parent(
    client: httpx2.AsyncClient,
    wrong: dict[str, Any],
    detail: str,
    field: str,
    method: str,
    url: str,
    place: str,
) -> None:
    """A missing parent of an undeclared key is reported; no other reference is blamed."""
    keys: list[dict[str, Any]] = [{"id": 1}, {"id": 2}]
    if method == "PATCH" and place:
        assert (await client.post("/cars/", json={"plate": "c"})).status_code == 201
    elif place:
        keys = [{"plate": "b"}, {"plate": "a" if "conflict" in url else "c"}]
    first, second = ({"owner_id": 1, "kind": "van", **key} for key in keys)
    rows = [first, {**second, **wrong}]
    answer = await client.request(method, url, json=rows if place else {"owner_id": 1, **wrong})
    if answer.status_code == 207:
        (refused,) = [i["problem"] for i in answer.json()["items"] if "problem" in i]
    else:
        refused = read_problem(answer, 400, "parent_not_found")
    assert (refused["code"], refused["detail"]) == ("parent_not_found", detail)
    assert faults_of(refused) == [(f"{place}{field}", "parent_not_found")]


async def test_declared_parent(client: httpx2.AsyncClient) -> None:
    """A parent that the model declares is named as ever, or either of two that are missing."""
    for body, expected in (({"owner_id": 9}, ""), ({"owner_id": 9, "kind": "none"}, KIND)):
        answer = await client.post("/cars/", json=body)
        problem = read_problem(answer, 400, "parent_not_found")
        assert problem["detail"] in ("Owner not found", expected)
    assert (await client.post("/cars/", json={})).status_code == 201


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_row_that_is_referred_to(
    cars: World, client: httpx2.AsyncClient, method: str
) -> None:
    """A row that others refer to without a declaration stays; only what is served is named."""
    async with cars.database.engine.begin() as connection:
        await connection.exec_driver_sql("INSERT INTO notes VALUES (1)")
    answer = await client.request(method, "/kinds/bus", json={"code": "x"})
    by = " by cars" if cars.dialect == "postgresql" else ""
    document = read_problem(answer, 409, "still_referenced")
    assert document["detail"] == f"Kind is still referenced{by}"
    answer = await client.delete("/owners/1")
    document = read_problem(answer, 409, "still_referenced")
    assert document["detail"] == "Owner is still referenced"


@pytest.mark.parametrize(("url", "place"), [("/trips/", ""), ("/trips/bulk/", "/0")])
async def test_required_column(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, url: str, place: str
) -> None:
    """A required column that the model lacks is the fault of the model; only the log names it."""
    row = {"name": "Rome"}
    answer = await client.post(url, json=[row] if place else row)
    document = read_problem(answer, 422, "not_null")
    assert document["detail"] == "The table requires a value that the model does not declare"
    assert faults_of(document) == [(place, "not_null")]
    (told,) = (r.getMessage() for r in caplog.records if "trips" in r.getMessage())
    assert "the table requires a value in distance, a column that its model lacks" in told

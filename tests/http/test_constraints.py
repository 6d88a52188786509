"""Constraints of the database as problems that name the field."""

import random
import string
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from examples.league import Team
from modelwire import Database, Resource, mount
from tests.conftest import LEAGUE, MakeClient, open_client, use_sessions
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import Category, City, Country, Group, OrderLine, Person, Thing

pytestmark = pytest.mark.both_lanes

MODELS = (Category, City, Country, Group, OrderLine, Person, Thing)

# What is refused: the path, the row, and its status, code, detail and fields.
Case = tuple[str, dict[str, Any], int, str, str, list[str]]
REFUSED: dict[str, Case] = {
    "unique": (
        "/order_lines/", {"sku": "secret-1"}, 400, "already_exists", "Sku already exists", ["sku"],
    ),
    "two unique columns": (
        "/people/", {"first_name": "secret-2", "last_name": "secret-3"}, 400, "already_exists",
        "First name and last name already exist together", ["first_name", "last_name"],
    ),
    "primary key": (
        "/countries/", {"code": "secret-4", "name": "x"}, 400, "already_exists",
        "Code already exists", ["code"],
    ),
    "composite primary key": (
        "/cities/", {"country_code": "secret-4", "name": "secret-5"}, 400, "already_exists",
        "Country code and name already exist together", ["country_code", "name"],
    ),
    "foreign key": (
        "/order_lines/", {"sku": "b", "category_id": 987654}, 400, "parent_not_found",
        "Category not found", ["category_id"],
    ),
    "foreign key of text": (
        "/cities/", {"country_code": "secret-6", "name": "x"}, 400, "parent_not_found",
        "Country not found", ["country_code"],
    ),
    "foreign key to the same table": (
        "/categories/", {"name": "b", "parent_id": 987654}, 400, "parent_not_found",
        "Category not found", ["parent_id"],
    ),
    "not null": (
        "/order_lines/", {"sku": "b", "label": None}, 422, "not_null",
        "Label can't be null", ["label"],
    ),
    "named check": (
        "/order_lines/", {"sku": "b", "quantity": -987654}, 422, "check", "Quantity", ["quantity"],
    ),
    "unnamed check": (
        "/order_lines/", {"sku": "b", "discount": 987654}, 422, "check", "Discount", ["discount"],
    ),
    "check over two columns": (
        "/order_lines/", {"sku": "b", "low": 987654}, 422, "check", "Low and high", ["low", "high"],
    ),
    "too long": ("/things/", {"short": "secret-7"}, 422, "too_long", "Short", ["short"]),
    "16 bits": ("/things/", {"small": 987654}, 422, "out_of_range", "Small", ["small"]),
    "32 bits": ("/things/", {"number": -9876543210}, 422, "out_of_range", "Number", ["number"]),
    "64 bits": ("/things/", {"big": 98765432109876543210}, 422, "out_of_range", "Big", ["big"]),
}  # fmt: skip
CASES = pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())


async def make_constrained(make_client: MakeClient, database: Database) -> httpx2.AsyncClient:
    """A client of the constrained models, with one row of each that others can clash with."""
    await store(database, OrderLine(sku="secret-1"), Country(code="secret-4", name="x"))
    await store(database, Person(first_name="secret-2", last_name="secret-3"))
    await store(database, City(country_code="secret-4", name="secret-5"))
    client: httpx2.AsyncClient = await make_client(*(Resource(model) for model in MODELS))
    return client


@CASES
async def test_refused_row(make_client: MakeClient, database: Database, case: Case) -> None:
    """Each kind of constraint has its status and code, and names the fields that it is about."""
    client = await make_constrained(make_client, database)
    path, row, status, code, detail, fields = case
    before = await count_rows(client, path)
    document = read_problem(await client.post(path, json=row), status, code)
    assert document["detail"].startswith(detail)
    assert faults_of(document) == [(f"/{field}", code) for field in fields]
    assert await count_rows(client, path) == before


@CASES
async def test_no_values_in_errors(make_client: MakeClient, database: Database, case: Case) -> None:
    """No value of any row stands in an error, sent or stored."""
    client = await make_constrained(make_client, database)
    path, row, *_ = case
    answer = await client.post(path, json=row)
    assert answer.status_code >= 400
    assert "secret" not in answer.text
    assert "98765" not in answer.text


@pytest.mark.parametrize(
    ("change", "status", "code", "fields"),
    [
        ({"sku": "secret-1"}, 400, "already_exists", ["sku"]),
        ({"category_id": 9}, 400, "parent_not_found", ["category_id"]),
        ({"label": None}, 422, "not_null", ["label"]),
        ({"quantity": 0}, 422, "check", ["quantity"]),
        ({"discount": 100}, 422, "check", ["discount"]),
        ({"low": 11}, 422, "check", ["low", "high"]),
        ({"high": -1}, 422, "check", ["low", "high"]),
        ({"quantity": 2**31}, 422, "out_of_range", ["quantity"]),
    ],
)
async def test_refused_change(
    make_client: MakeClient,
    database: Database,
    change: dict[str, Any],
    status: int,
    code: str,
    fields: list[str],
) -> None:
    """A change is refused as a new row is, and the row stays as it was."""
    client = await make_constrained(make_client, database)
    await store(database, OrderLine(sku="b"))
    before = (await client.get("/order_lines/2")).json()
    document = read_problem(await client.patch("/order_lines/2", json=change), status, code)
    assert faults_of(document) == [(f"/{field}", code) for field in fields]
    assert (await client.get("/order_lines/2")).json() == before


@pytest.mark.parametrize(
    ("case", "title"), [("unique", "Bad Request"), ("foreign key", "Bad Request")]
)
async def test_whole_document(
    make_client: MakeClient, database: Database, case: str, title: str
) -> None:
    """A problem document has these members and no others."""
    client = await make_constrained(make_client, database)
    path, row, status, code, detail, (field,) = REFUSED[case]
    answer = await client.post(path, json=row)
    assert answer.json() == {
        "type": f"urn:modelwire:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"pointer": f"/{field}", "code": code, "message": detail}],
    }
    assert answer.headers["x-request-id"]


async def test_whole_document_of_a_conflict(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that is still referenced has a document too, with nothing in the body to point at."""
    await store(database, Team(id=1, name="Red"))
    await client.post("/players/", json={"name": "Ann", "team_id": 1})
    answer = await client.delete("/teams/1")
    assert answer.json() == {
        "type": "urn:modelwire:still_referenced",
        "title": "Conflict",
        "status": 409,
        "code": "still_referenced",
        "detail": "Team is still referenced by players",
    }


async def test_nulls_do_not_clash(zoo_client: httpx2.AsyncClient) -> None:
    """A foreign key that is null needs no parent."""
    for name in ("a", "b"):
        answer = await zoo_client.post("/categories/", json={"name": name, "parent_id": None})
        assert answer.status_code == 201


async def test_too_long_to_index(make_client: MakeClient, database: Database) -> None:
    """A unique text that PostgreSQL can't index is too long; SQLite can, and keeps it whole."""
    client = await make_client(Resource(Group))
    name = "".join(random.Random(1).choices(string.ascii_letters, k=5000))
    answer = await client.post("/groups/", json={"name": name})
    if database.dialect == "sqlite":
        assert answer.json()["name"] == name
        return
    document = read_problem(answer, 422, "too_long")
    assert faults_of(document) == [("/name", "too_long")]


async def test_much_too_long_to_index(make_client: MakeClient, database: Database) -> None:
    """The code is the same when PostgreSQL doesn't even name the index."""
    client = await make_client(Resource(Group))
    name = "".join(random.Random(1).choices(string.ascii_letters, k=50_000))
    answer = await client.post("/groups/", json={"name": name})
    if database.dialect == "sqlite":
        assert answer.json()["name"] == name
    else:
        read_problem(answer, 422, "too_long")


async def test_overflow_in_the_database(make_client: MakeClient, database: Database) -> None:
    """A value that overflows in PostgreSQL is out of range; SQLite computes it."""
    client = await make_client(Resource(OrderLine))
    answer = await client.post("/order_lines/", json={"sku": "a", "quantity": 2**30})
    if database.dialect == "sqlite":
        assert answer.json()["doubled"] == 2**31
    else:
        read_problem(answer, 422, "out_of_range")
    assert await count_rows(client, "/order_lines/") == (database.dialect == "sqlite")


@pytest.fixture
def conflicting(
    database: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch, lane: str
) -> FastAPI:
    """The league with `conflict_status=409` in the environment."""
    monkeypatch.setenv("MODELWIRE_CONFLICT_STATUS", "409")
    url = postgres_url if database.dialect == "postgresql" else f"sqlite:///{database.url.database}"
    app = FastAPI()
    other = Database(url)
    mount(app, other, *LEAGUE)
    if lane == "session":
        use_sessions(app, other)
    return app


async def test_conflict_status(conflicting: FastAPI, database: Database) -> None:
    """One setting makes a taken value and a missing parent 409."""
    await store_users(database, ann=None)
    other: Database = conflicting.state.modelwire_database
    async with other.lifespan(conflicting), open_client(conflicting) as client:
        taken = await client.post("/users/", json={"username": "ann", "email": "x"})
        missing = await client.post("/players/", json={"name": "x", "team_id": 1})
        invalid = await client.post("/players/", json={"name": "x"})
    assert read_problem(taken, 409, "already_exists")["title"] == "Conflict"
    read_problem(missing, 409, "parent_not_found")
    read_problem(invalid, 422, "invalid")

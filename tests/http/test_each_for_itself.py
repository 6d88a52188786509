"""Rows of one request that are written each for itself: `?atomic=false`."""

import logging
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient, make_app, open_client
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import refused_parameters, store, store_users

pytestmark = pytest.mark.both_lanes


def users(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"username": name, "email": f"{name}@example.com", **fields} for name in names]


async def send(
    client: httpx2.AsyncClient, method: str, body: Any, path: str = "users"
) -> list[dict[str, Any]]:
    """Send rows that are written each for itself; gives what became of each."""
    url = f"/{path}/bulk/?atomic=false"
    answer = await client.request(method, url, json=body)
    assert answer.status_code == 207, answer.text
    assert answer.headers["content-type"] == "application/json"
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def statuses_of(items: list[dict[str, Any]]) -> list[int]:
    return [item["status"] for item in items]


@pytest.mark.parametrize("wrap", [False, True], ids=["array", "object"])
async def test_created_rows(client: httpx2.AsyncClient, database: Database, wrap: bool) -> None:
    """Each row is stored or refused for itself; pointers lead into the whole body, and a problem is
    the one that the row alone would be answered with."""
    await store_users(database, ann=None)
    taken = {"username": "ann", "email": "new@example.com"}
    rows = [*users("a"), taken, {"username": 5, "email": "x"}, *users("b"), "no row"]
    items = await send(client, "POST", {"users": rows} if wrap else rows)
    start = "/users" if wrap else ""
    assert statuses_of(items) == [201, 400, 422, 201, 422]
    faults = [faults_of(items[i]["problem"]) for i in (1, 2, 4)]
    assert faults[0] == [(f"{start}/1/username", "already_exists")]
    assert faults[1] == [(f"{start}/2/username", "string_type")]
    assert faults[2] == [(f"{start}/4", "model_type")]
    for i in (0, 3):
        stored = await client.get(f"/users/{items[i]['item']['id']}")
        assert items[i]["item"] == stored.json()
    alone = (await client.post("/users/", json=rows[1])).json()
    problem = items[1]["problem"]
    assert {**problem, "errors": None} == {**alone, "errors": None}
    assert await count_rows(client, "/users/") == 3


async def test_changed_rows(client: httpx2.AsyncClient, database: Database) -> None:
    """Each patch is applied or refused for itself."""
    await store_users(database, ann="Ann", bob="Bob", cat="Cat")
    rows = [
        {"id": 1, "username": "bob"},
        {"id": 2, "full_name": "B"},
        {"id": 9, "full_name": "?"},
        {"id": 3, "email": None},
        {"full_name": "?"},
        {"id": 2, "full_name": "again"},
    ]
    items = await send(client, "PATCH", rows)
    assert statuses_of(items) == [400, 200, 404, 422, 422, 422]
    faults = [faults_of(item["problem"]) for item in items if "problem" in item]
    assert faults == [
        [("/0/username", "already_exists")],
        [("/2", "not_found")],
        [("/3/email", "not_null")],
        [("/4/id", "missing")],
        [("/5", "duplicate_key")],
    ]
    assert items[1]["item"] == (await client.get("/users/2")).json()
    assert items[1]["item"]["full_name"] == "B"
    assert (await client.get("/users/1")).json()["username"] == "ann"


async def test_deleted_rows(client: httpx2.AsyncClient, database: Database) -> None:
    """Each row is deleted or stays for itself."""
    await store(
        database, Team(name="Red", players=[Player(name="x", team_id=1)]), Team(name="Blue")
    )
    items = await send(client, "DELETE", [1, 2, 7, "x", 2], "teams")
    assert items[1] == {"status": 204}
    assert statuses_of(items) == [409, 204, 404, 422, 422]
    faults = [faults_of(item["problem"]) for item in items if "problem" in item]
    assert faults == [
        [("/0", "still_referenced")],
        [("/2", "not_found")],
        [("/3", "invalid_key")],
        [("/4", "duplicate_key")],
    ]
    assert await count_rows(client, "/teams/") == 1


async def test_upserted_rows(gadgets: httpx2.AsyncClient) -> None:
    """Each row is merged, stored or refused for itself, and left alone if that is asked for."""
    await gadgets.post("/gadgets/", json={"sku": "a", "note": "old"})
    rows = [{"sku": "a", "note": "new"}, {"sku": "b", "amount": "?"}, {"sku": "c"}, {"sku": "c"}]
    url = "/gadgets/bulk/?on_conflict=sku&atomic=false"
    answer = await gadgets.post(url, json=rows)
    assert answer.headers["preference-applied"] == "resolution=merge-duplicates"
    items = answer.json()["items"]
    assert statuses_of(items) == [200, 422, 200, 422]
    assert items[0]["item"]["note"] == "new"
    assert faults_of(items[3]["problem"]) == [("/3", "duplicate_key")]
    ignore = {"prefer": "resolution=ignore-duplicates"}
    rows = [{"sku": "d"}, {"sku": "a", "note": "newer"}]
    items = (await gadgets.post(url, json=rows, headers=ignore)).json()["items"]
    assert [item["item"]["note"] for item in items] == [None, "new"]


async def test_upserted_keys_that_are_one_to_the_database(gadgets: httpx2.AsyncClient) -> None:
    """A row that would change one that was answered before is refused, and undone."""
    rows = [{"code": "a", "label": "1"}, {"code": "A", "label": "2"}]
    answer = await gadgets.post("/folded/bulk/?on_conflict=code&atomic=false", json=rows)
    items = answer.json()["items"]
    assert statuses_of(items) == [200, 422]
    assert faults_of(items[1]["problem"]) == [("/1", "duplicate_key")]
    assert (await gadgets.get("/folded/")).json()["items"] == [items[0]["item"]]


async def test_nested_rows(gadgets: httpx2.AsyncClient) -> None:
    """A row is stored with all that is in it, or not at all."""
    rows = [
        {"code": "a", "name": "A", "gadgets": [{"sku": "1"}, {"sku": "2"}]},
        {"code": "b", "name": "B", "gadgets": [{"sku": "3"}, {"sku": "1"}]},
        {"code": "c", "name": "C", "gadgets": [{"sku": "3"}]},
    ]
    answer = await gadgets.post("/makers/bulk/?atomic=false", json=rows)
    assert statuses_of(answer.json()["items"]) == [201, 400, 201]
    assert await count_rows(gadgets, "/makers/") == 2
    assert await count_rows(gadgets, "/gadgets/") == 3


async def test_includes(client: httpx2.AsyncClient, database: Database) -> None:
    """The rows in the answer include what is asked for."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    rows = [{"name": "a", "team_id": 2}, {"name": "b", "team_id": 9}, {"name": "c", "team_id": 1}]
    answer = await client.post("/players/bulk/?include=team&atomic=false", json=rows)
    items = answer.json()["items"]
    assert [item["item"]["team"]["name"] for item in items if "item" in item] == ["Blue", "Red"]
    assert faults_of(items[1]["problem"]) == [("/1/team_id", "parent_not_found")]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_answer_without_rows(
    client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """`Prefer: return=minimal` leaves the rows out, and keeps the statuses and the problems."""
    await store_users(database, ann=None, bob=None)
    rows = users("a", "ann") if method == "POST" else [{"id": 1}, {"id": 2, "username": "ann"}]
    url = "/users/bulk/?atomic=false"
    answer = await client.request(method, url, json=rows, headers={"prefer": "return=minimal"})
    assert answer.headers["preference-applied"] == "return=minimal"
    first, second = answer.json()["items"]
    assert first == {"status": 201 if method == "POST" else 200}
    assert second["problem"]["code"] == "already_exists"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_no_rows(client: httpx2.AsyncClient, method: str) -> None:
    """Nothing to write is no fault."""
    assert await send(client, method, []) == []


@pytest.mark.parametrize("body", [{}, {"rows": []}, "x", 5])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_body_of_another_form(client: httpx2.AsyncClient, method: str, body: object) -> None:
    """A fault of the request as a whole is an error of the whole."""
    answer = await client.request(method, "/users/bulk/?atomic=false", json=body)
    read_problem(answer, 422, "invalid")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_too_many_rows(make_client: MakeClient, method: str) -> None:
    """More rows than a request may hold are refused together."""
    client = await make_client(Resource(User, max_bulk_rows=2))
    answer = await client.request(method, "/users/bulk/?atomic=false", json=[1, 2, 3])
    read_problem(answer, 413, "too_large")


@pytest.mark.parametrize("value", ["", "0", "False", "no", "true&atomic=true"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_value_of_the_parameter(client: httpx2.AsyncClient, method: str, value: str) -> None:
    """The parameter is true or false; anything else is 422."""
    answer = await client.request(method, f"/users/bulk/?atomic={value}", json=[])
    assert refused_parameters(answer) == ["atomic"]


async def test_all_or_none(client: httpx2.AsyncClient, database: Database) -> None:
    """`atomic=true` is the default spelled out."""
    await store_users(database, ann=None)
    answer = await client.post("/users/bulk/?atomic=true", json=users("a", "ann"))
    read_problem(answer, 400, "already_exists")
    assert await count_rows(client, "/users/") == 1
    assert (await client.post("/users/bulk/?atomic=true", json=users("b"))).status_code == 201


@pytest.mark.parametrize("path", ["/users/", "/users/1", "/users/stream/"])
async def test_where_it_means_nothing(client: httpx2.AsyncClient, path: str) -> None:
    """Elsewhere the parameter is unknown."""
    answer = await client.get(f"{path}?atomic=false")
    assert refused_parameters(answer) == ["atomic"]


async def test_status_of_conflicts(make_client: MakeClient, database: Database) -> None:
    """The setting `conflict_status` holds for single rows too."""
    client = await make_client(Resource(User), conflict_status=409)
    await store_users(database, ann=None)
    items = await send(client, "POST", users("ann"))
    assert (items[0]["status"], items[0]["problem"]["status"]) == (409, 409)


async def test_condition_is_required(make_client: MakeClient) -> None:
    """With `If-Match` required, rows can't be changed or deleted in bulk."""
    client = await make_client(Resource(User, require_if_match=True))
    for method in ("PATCH", "DELETE"):
        answer = await client.request(method, "/users/bulk/?atomic=false", json=[])
        read_problem(answer, 428, "precondition_required")


async def test_a_trigger_that_ends_the_transaction(
    gadgets: httpx2.AsyncClient, keyed: Database
) -> None:
    """A SQLite trigger that rolls back the transaction refuses the whole request."""
    if keyed.dialect != "sqlite":
        pytest.skip("only SQLite has RAISE(ROLLBACK)")
    rows = [{"sku": "a"}, {"sku": "undoing"}, {"sku": "b"}]
    answer = await gadgets.post("/gadgets/bulk/?atomic=false", json=rows)
    assert faults_of(read_problem(answer, 422, "refused")) == [("/1", "refused")]
    assert await count_rows(gadgets, "/gadgets/") == 0
    assert (await gadgets.post("/gadgets/bulk/?atomic=false", json=rows[::2])).status_code == 207


async def test_a_row_that_a_trigger_passes_over(gadgets: httpx2.AsyncClient) -> None:
    """A row that a trigger passes over is refused, and the others are stored."""
    rows = [{"sku": "a"}, {"sku": "ignored"}, {"sku": "b"}]
    items = await send(gadgets, "POST", rows, "gadgets")
    assert statuses_of(items) == [201, 422, 201]
    assert await count_rows(gadgets, "/gadgets/") == 2


async def test_what_the_log_says(
    client: httpx2.AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Refusals by the database are logged with their place, and without values."""
    await store_users(database, **{"secret-name": None})
    with caplog.at_level(logging.INFO, "modelwire"):
        await send(client, "POST", [{"username": "secret-name", "email": "x"}])
    lines = [record.getMessage() for record in caplog.records if record.name == "modelwire"]
    assert any("already_exists at /0/username" in line for line in lines)
    assert "secret-name" not in caplog.text


class Base(SQLModel, registry=registry()):
    """Tables of these tests alone."""


class Owner(Base, table=True):
    __tablename__ = "owners"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)


class Thing(Base, table=True):
    """Belongs to an owner, which may come later in the same transaction."""

    __tablename__ = "owned_things"

    id: int | None = Field(default=None, primary_key=True)
    owner_code: str = Field(
        sa_column_args=[ForeignKey("owners.code", deferrable=True, initially="DEFERRED")]
    )


@pytest.fixture
async def deferred(database: Database, lane: str) -> Any:
    """A client of tables with a deferred foreign key."""
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    app: FastAPI = make_app(database, lane, (Resource(Owner), Resource(Thing)), {})
    async with open_client(app) as client:
        yield client
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)


async def test_deferred_constraints(deferred: httpx2.AsyncClient, database: Database) -> None:
    """A row answered 201 is stored, also with deferred constraints.

    PostgreSQL checks them for each row; on SQLite they can only refuse the whole request, at
    COMMIT.
    """
    await deferred.post("/owners/", json={"code": "a"})
    rows = [{"owner_code": code} for code in ("a", "none", "a", "none", "a")]
    answer = await deferred.post("/owned_things/bulk/?atomic=false", json=rows)
    if database.dialect == "sqlite":
        problem = read_problem(answer, 400, "parent_not_found")
        assert faults_of(problem) == [("/1/owner_code", "parent_not_found")]
        assert await count_rows(deferred, "/owned_things/") == 0
        return
    items = answer.json()["items"]
    assert statuses_of(items) == [201, 400, 201, 400, 201]
    places = [faults_of(items[i]["problem"]) for i in (1, 3)]
    assert places == [[(f"/{i}/owner_code", "parent_not_found")] for i in (1, 3)]
    assert await count_rows(deferred, "/owned_things/") == 3


async def test_database_that_fails(client: httpx2.AsyncClient, database: Database) -> None:
    """A fault of no row fails the whole request, and nothing is stored."""
    trigger = {
        "sqlite": "CREATE TRIGGER fail BEFORE INSERT ON users WHEN NEW.username = 'slow' "
        "BEGIN SELECT no_such_function(); END",
        "postgresql": "CREATE TRIGGER fail BEFORE INSERT ON users FOR EACH ROW "
        "WHEN (NEW.username = 'slow') EXECUTE FUNCTION lose_connection()",
    }[database.dialect]
    lose = (
        "CREATE OR REPLACE FUNCTION lose_connection() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
    )
    async with database.engine.begin() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text(lose))
        await connection.execute(text(trigger))
    try:
        rows = users("a", "slow", "b")
        answer = await client.post("/users/bulk/?atomic=false", json=rows)
        assert answer.status_code >= 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert await count_rows(client, "/users/") == 0
    finally:
        async with database.engine.begin() as connection:
            on = " ON users" if database.dialect == "postgresql" else ""
            await connection.execute(text(f"DROP TRIGGER fail{on}"))


async def test_the_same_request_again(client: httpx2.AsyncClient) -> None:
    """With an `Idempotency-Key`, what became of each row is answered again, and not done again."""
    rows, headers = [*users("a"), {"username": 5, "email": "x"}], {"idempotency-key": "k"}
    url = "/users/bulk/?atomic=false"
    first = await client.post(url, json=rows, headers=headers)
    again = await client.post(url, json=rows, headers=headers)
    assert statuses_of(first.json()["items"]) == [201, 422]
    assert (again.status_code, again.content) == (207, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert await count_rows(client, "/users/") == 1

"""Creating one row."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from examples.league import Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, faults_of, pointers_of, read_problem
from tests.http.rows import store
from tests.zoo import Country, Group, OrderLine, Person, Thing

ANN = {"username": "ann", "email": "ann@example.com"}


async def test_created_row(client: httpx2.AsyncClient) -> None:
    """A row is answered 201 as it is stored, with the defaults of what was not sent."""
    before = datetime.now(UTC)
    answer = await client.post("/users/", json=ANN)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    row = answer.json()
    created_at = datetime.fromisoformat(row.pop("created_at"))
    assert row == {"id": 1, **ANN, "full_name": None, "is_active": True}
    assert before <= created_at <= datetime.now(UTC)


async def test_location_and_tag(client: httpx2.AsyncClient) -> None:
    """`Location` is where the row is read, and `ETag` the tag under which it is."""
    created = await client.post("/users/", json=ANN)
    assert created.headers["location"] == "/users/1"
    read = await client.get(created.headers["location"])
    assert read.content == created.content
    assert read.headers["etag"] == created.headers["etag"]


async def test_location_below_a_prefix(make_client: MakeClient) -> None:
    """`Location` has the prefix under which the resource is mounted, and its own path."""
    client = await make_client(Resource(Team, path="/clubs"), prefix="/api/v1")
    created = await client.post("/api/v1/clubs/", json={"name": "Red"})
    assert created.headers["location"] == "/api/v1/clubs/1"
    assert (await client.get("/api/v1/clubs/1")).json() == created.json()


@pytest.mark.parametrize("code", ["de", "a/b", "a,b c", "ünï", "100%", "a?b#c"])
async def test_natural_key(zoo_client: httpx2.AsyncClient, code: str) -> None:
    """A key without a default is the client's to name, whatever characters it has."""
    created = await zoo_client.post("/countries/", json={"code": code, "name": "x"})
    assert created.status_code == 201
    assert created.json()["code"] == code
    assert (await zoo_client.get(created.headers["location"])).json() == created.json()


async def test_natural_key_is_required(zoo_client: httpx2.AsyncClient) -> None:
    """A key that the client names can't be left out."""
    document = read_problem(
        await zoo_client.post("/countries/", json={"name": "x"}), 422, "invalid"
    )
    assert faults_of(document) == [("/code", "missing")]


async def test_composite_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A composite key is the client's, and `Location` writes it in the key's order."""
    await store(database, Group(id=7, name="red"), Person(id=12, first_name="A", last_name="B"))
    created = await zoo_client.post("/memberships/", json={"person_id": 12, "group_id": 7})
    assert created.headers["location"] == "/memberships/7,12"
    assert created.json() == {"group_id": 7, "person_id": 12, "role": "member"}


async def test_unknown_field(client: httpx2.AsyncClient) -> None:
    """A field that the resource does not have is 422, and nothing is stored."""
    answer = await client.post("/users/", json={**ANN, "is_admin": True})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/is_admin", "unknown_field")]
    assert await count_rows(client, "/users/") == 0


@pytest.mark.parametrize(
    ("path", "row", "field"),
    [
        ("/users/", {**ANN, "id": 5}, "id"),
        ("/users/", {**ANN, "id": None}, "id"),
        ("/things/", {"id": "00000000-0000-0000-0000-000000000001"}, "id"),
        ("/order_lines/", {"sku": "a", "doubled": 4}, "doubled"),
        ("/teams/", {"name": "Red", "players": []}, "players"),
    ],
)
async def test_field_that_makes_itself(
    make_client: MakeClient, path: str, row: dict[str, Any], field: str
) -> None:
    """Keys and columns that the server or the database fills are not the client's to set."""
    client = await make_client(*(Resource(model) for model in (User, Team, Thing, OrderLine)))
    document = read_problem(await client.post(path, json=row), 422, "invalid")
    assert faults_of(document) == [(f"/{field}", "unknown_field")]
    assert await count_rows(client, path) == 0


async def test_computed_and_server_default(zoo_client: httpx2.AsyncClient) -> None:
    """Values that the database computes and fills in are in the response."""
    row = (await zoo_client.post("/order_lines/", json={"sku": "a", "quantity": 21})).json()
    assert (row["doubled"], row["note"], row["label"]) == (42, "none", "x")


@pytest.mark.parametrize("field", ["username", "email", "is_active", "created_at"])
async def test_null_where_a_value_is_required(client: httpx2.AsyncClient, field: str) -> None:
    """Null for a field that must have a value is 422 and names the field."""
    answer = await client.post("/users/", json={**ANN, field: None})
    assert answer.status_code == 422
    assert pointers_of(answer.json()) == [f"/{field}"]
    assert await count_rows(client, "/users/") == 0


async def test_missing_fields(client: httpx2.AsyncClient) -> None:
    """Every required field that is missing is named."""
    document = read_problem(await client.post("/users/", json={}), 422, "invalid")
    assert faults_of(document) == [("/username", "missing"), ("/email", "missing")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", 5),
        ("username", ""),
        ("username", "x" * 51),
        ("username", ["ann"]),
        ("is_active", "maybe"),
        ("is_active", 2),
        ("created_at", "yesterday"),
        ("created_at", True),
    ],
)
async def test_value_of_a_wrong_type(client: httpx2.AsyncClient, field: str, value: object) -> None:
    """The model's types and limits hold although table models do not validate by themselves."""
    answer = await client.post("/users/", json={**ANN, field: value})
    assert pointers_of(read_problem(answer, 422, "invalid")) == [f"/{field}"]
    assert await count_rows(client, "/users/") == 0


async def test_number_in_quotes(client: httpx2.AsyncClient) -> None:
    """A number may be sent as text, as Pydantic takes it in its default mode."""
    await client.post("/teams/", json={"name": "Red"})
    answer = await client.post("/players/", json={"name": "Ann", "team_id": "1"})
    assert answer.json()["team_id"] == 1


async def test_minimal_answer(client: httpx2.AsyncClient) -> None:
    """`Prefer: return=minimal` leaves the body out, but tells where the row is."""
    answer = await client.post("/users/", json=ANN, headers={"prefer": "return=minimal"})
    assert (answer.status_code, answer.content) == (201, b"")
    read = await client.get(answer.headers["location"])
    assert read.json()["username"] == "ann"
    assert read.headers["etag"] == answer.headers["etag"]


async def test_answer_has_own_columns(client: httpx2.AsyncClient) -> None:
    """The answer to a write shows no relations unless they are asked for."""
    team = await client.post("/teams/", json={"name": "Red"})
    assert team.json() == {"id": 1, "name": "Red", "city": None}
    player = await client.post("/players/?include=team", json={"name": "Ann", "team_id": 1})
    assert player.json()["team"] == team.json()


async def test_unknown_parameter(client: httpx2.AsyncClient) -> None:
    """A parameter that means nothing is 422, and nothing is stored."""
    answer = await client.post("/users/?dry_run=true", json=ANN)
    document = read_problem(answer, 422, "invalid")
    assert document["errors"][0]["parameter"] == "dry_run"
    assert await count_rows(client, "/users/") == 0


async def test_hidden_field_is_writable(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A secret is stored but never shown."""
    row = {"first_name": "A", "last_name": "B", "password_hash": "x"}
    created = await zoo_client.post("/people/", json=row)
    assert created.json() == {"id": 1, "first_name": "A", "last_name": "B"}
    async with database.session() as session:
        stored = await session.get_one(Person, 1)
    assert stored.password_hash == "x"


async def test_key_in_capitals_is_another_row(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Texts are unique as they are written."""
    await store(database, Country(code="de", name="x"))
    answer = await zoo_client.post("/countries/", json={"code": "DE", "name": "x"})
    assert answer.status_code == 201

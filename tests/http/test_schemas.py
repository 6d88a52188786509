"""Declarations of a resource about its bodies and its paths."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field, field_serializer, field_validator
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, faults_of, pointers_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import Person


class Tag(SQLModel, table=True):
    """A model that has a validator of its own."""

    __tablename__ = "schema_tags"

    id: int | None = Column(default=None, primary_key=True)
    name: str

    @field_validator("name")
    @classmethod
    def _lower(cls, name: str) -> str:
        if " " in name:
            raise ValueError("should be one word")
        return name.lower()


class SignUp(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=3)
    email: str
    full_name: str = "Nobody"

    @field_validator("email")
    @classmethod
    def _has_an_at(cls, email: str) -> str:
        if "@" not in email:
            raise ValueError("should have an @")
        return email.lower()


class Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    full_name: str | None = Field(default=None, max_length=5)


class PublicUser(BaseModel):
    id: int
    username: str
    created_at: datetime

    @computed_field
    def handle(self) -> str:
        return f"@{self.username}"

    @field_serializer("created_at")
    def _year(self, created_at: datetime) -> int:
        return created_at.year


ANN = {"username": "ann", "email": "ann@example.com"}


async def test_create_schema(make_client: MakeClient) -> None:
    """A row to create must fit the user's schema, and has its defaults and what it makes of it."""
    client = await make_client(Resource(User, create_schema=SignUp))
    row = (await client.post("/users/", json={**ANN, "email": "Ann@Example.com"})).json()
    assert (row["email"], row["full_name"], row["is_active"]) == ("ann@example.com", "Nobody", True)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"username": "an"}, ("/username", "string_too_short")),
        ({"email": "ann"}, ("/email", "value_error")),
        ({"is_active": False}, ("/is_active", "unknown_field")),
    ],
)
async def test_create_schema_refuses(
    make_client: MakeClient, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    """A refusal by the user's schema is 422, with its field, and nothing is stored."""
    client = await make_client(Resource(User, create_schema=SignUp))
    answer = await client.post("/users/", json={**ANN, **change})
    assert faults_of(read_problem(answer, 422, "invalid")) == [fault]
    assert await count_rows(client, "/users/") == 0


class PlainDraft(BaseModel):
    username: str
    email: str


class PlainChange(BaseModel):
    full_name: str | None = None


class SQLModelDraft(SQLModel):
    username: str
    email: str


class SQLModelChange(SQLModel):
    full_name: str | None = None


@pytest.mark.parametrize("draft", [PlainDraft, SQLModelDraft])
@pytest.mark.parametrize("change", [PlainChange, SQLModelChange])
async def test_schemas_that_say_nothing_of_unknown_fields(
    make_client: MakeClient, draft: type[BaseModel], change: type[BaseModel]
) -> None:
    """An unknown field is refused wherever it stands, whatever class the user's schemas are of."""
    client = await make_client(Resource(User, create_schema=draft, update_schema=change))
    stored = await client.post("/users/", json=ANN)
    assert stored.status_code == 201
    bob = {"username": "bob", "email": "b"}
    for answer, pointer in (
        (await client.post("/users/", json={**bob, "is_active": False}), "/is_active"),
        (await client.post("/users/bulk/", json=[bob, {**bob, "usrname": ""}]), "/1/usrname"),
        (await client.patch("/users/1", json={"usrname": "x"}), "/usrname"),
        (await client.put("/users/1", json={"is_active": False}), "/is_active"),
        (await client.patch("/users/bulk/", json=[{"id": 1, "usrname": "x"}]), "/0/usrname"),
    ):
        assert faults_of(read_problem(answer, 422, "invalid")) == [(pointer, "unknown_field")]
    assert (await client.get("/users/")).json()["items"] == [stored.json()]
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    for schema in (draft, change):
        assert schemas[schema.__name__]["additionalProperties"] is False


async def test_create_schema_in_bulk(make_client: MakeClient) -> None:
    """The user's schema holds for each row of many."""
    client = await make_client(Resource(User, create_schema=SignUp))
    rows = [ANN, {**ANN, "email": "ann"}]
    document = read_problem(await client.post("/users/bulk/", json=rows), 422, "invalid")
    assert faults_of(document) == [("/1/email", "value_error")]
    assert document["errors"][0]["message"] == "should have an @"


async def test_update_schema(make_client: MakeClient, database: Database) -> None:
    """A change must fit the user's schema, and writes the fields that were sent alone."""
    client = await make_client(Resource(User, update_schema=Profile))
    await store_users(database, ann="Ann")
    refused = await client.patch("/users/1", json={"username": "joanna", "full_name": "Joanna"})
    document = read_problem(refused, 422, "invalid")
    assert sorted(pointers_of(document)) == ["/full_name", "/username"]
    assert (await client.patch("/users/1", json={})).json()["full_name"] == "Ann"
    cleared = await client.patch("/users/1", json={"full_name": None})
    assert cleared.json()["full_name"] is None


@pytest.mark.parametrize("url", ["/users/1", "/users/", "/users/stream/"])
async def test_read_schema(make_client: MakeClient, database: Database, url: str) -> None:
    """A row is shown by the user's schema, computed fields and serializers included."""
    client = await make_client(Resource(User, read_schema=PublicUser))
    await store(
        database, User(id=1, username="ann", email="a", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    body = (await client.get(url)).json()
    row = body["items"][0] if isinstance(body, dict) and "items" in body else body
    row = row[0] if isinstance(row, list) else row
    assert row == {"id": 1, "username": "ann", "created_at": 2026, "handle": "@ann"}


async def test_read_schema_of_writes(make_client: MakeClient) -> None:
    """Answers to writes are shown by the user's schema too."""
    client = await make_client(Resource(User, read_schema=PublicUser))
    created = await client.post("/users/", json=ANN)
    changed = await client.patch("/users/1", json={"username": "joanna"})
    many = await client.post("/users/bulk/", json=[{"username": "bob", "email": "b"}])
    handles = [row["handle"] for row in (created.json(), changed.json(), *many.json())]
    assert handles == ["@ann", "@joanna", "@bob"]
    assert "email" not in created.text + changed.text + many.text


async def test_field_that_is_not_read(make_client: MakeClient) -> None:
    """A field that the user's read schema leaves out can't be filtered or sorted by."""
    client = await make_client(Resource(User, read_schema=PublicUser))
    for query in ("email=a", "email__contains=a", "sort=email", "fields=email"):
        read_problem(await client.get(f"/users/?{query}"), 422, "invalid")


async def test_shown_field(make_client: MakeClient) -> None:
    """A field that is shown by name is, although its name would hide it."""
    client = await make_client(Resource(Person, shown=["password_hash"]))
    row = {"first_name": "A", "last_name": "B", "password_hash": "x"}
    assert (await client.post("/people/", json=row)).json() == {"id": 1, **row}


async def test_hidden_field(make_client: MakeClient) -> None:
    """A field that is hidden by name is written, but not shown or filtered by."""
    client = await make_client(Resource(User, hidden=["email"]))
    created = await client.post("/users/", json=ANN)
    assert "email" not in created.json()
    read_problem(await client.get("/users/?email=ann@example.com"), 422, "invalid")
    again = await client.post("/users/", json={**ANN, "username": "bob"})
    assert read_problem(again, 400, "already_exists")["detail"] == "User already exists"


async def test_validator_of_the_model(make_client: MakeClient) -> None:
    """A validator of a table model runs when rows are created and changed."""
    client = await make_client(Resource(Tag))
    assert (await client.post("/schema_tags/", json={"name": "RED"})).json()["name"] == "red"
    assert (await client.patch("/schema_tags/1", json={"name": "BLUE"})).json()["name"] == "blue"
    refused = await client.post("/schema_tags/", json={"name": "two words"})
    document = read_problem(refused, 422, "invalid")
    assert faults_of(document) == [("/name", "value_error")]
    assert document["errors"][0]["message"] == "should be one word"


@pytest.mark.parametrize("path", ["/people-of-ours", "people-of-ours/", "/v1/people-of-ours"])
async def test_path(make_client: MakeClient, path: str) -> None:
    """A resource is served at the path that the user gives, and not at its table's name."""
    client = await make_client(Resource(User, path=path))
    served = "/" + path.strip("/")
    assert (await client.post(f"{served}/", json=ANN)).headers["location"] == f"{served}/1"
    assert (await client.get(f"{served}/1")).status_code == 200
    read_problem(await client.get("/users/"), 404, "no_such_path")


async def test_operations(make_client: MakeClient, database: Database) -> None:
    """An operation that is not offered is 405 if its path has other methods, else 404."""
    client = await make_client(Resource(User, operations=["read", "list"]))
    await store_users(database, ann=None)
    assert (await client.get("/users/1")).status_code == 200
    refused = await client.post("/users/", json=ANN)
    read_problem(refused, 405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await client.request(method, "/users/1")).status_code == 405
    assert (await client.post("/users/bulk/", json=[ANN])).status_code in (404, 405)
    assert await count_rows(client, "/users/") == 1


async def test_limits(make_client: MakeClient, database: Database) -> None:
    """A resource may set how many rows a page has, by default and at most."""
    client = await make_client(Resource(User, default_limit=2, max_limit=3))
    await store_users(database, **{f"n{i}": None for i in range(5)})
    assert len((await client.get("/users/")).json()["items"]) == 2
    assert len((await client.get("/users/?limit=3")).json()["items"]) == 3
    document = read_problem(await client.get("/users/?limit=4"), 422, "invalid")
    assert document["errors"][0]["parameter"] == "limit"


@pytest.mark.parametrize(("tags", "shown"), [(None, ["users"]), (["A", "B"], ["A", "B"])])
async def test_tags(make_client: MakeClient, tags: list[str] | None, shown: list[str]) -> None:
    """Its routes have the tags that a resource gives, or its table's name."""
    client = await make_client(Resource(User, tags=tags), health=None, batch=None)
    paths = (await client.get("/openapi.json")).json()["paths"]
    found = [operation["tags"] for path in paths.values() for operation in path.values()]
    assert found
    assert all(given == shown for given in found)


async def test_include_of_a_hidden_field(make_client: MakeClient, database: Database) -> None:
    """A related row is shown as its own resource shows it."""
    client = await make_client(Resource(Team, hidden=["city"]), Resource(Player, includes=["team"]))
    await store(database, Team(id=1, name="Red", city="Rome"))
    await store(database, Player(id=1, name="Ann", team_id=1))
    row = (await client.get("/players/1?include=team")).json()
    assert row["team"] == {"id": 1, "name": "Red"}

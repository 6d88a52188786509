"""Unusual models and applications that are easily got wrong."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import computed_field, field_validator
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from examples.league import Team
from modelwire import ConfigurationError, Database, Resource, UnitOfWorkDep, mount
from modelwire.errors import NotFound
from tests.conftest import LEAGUE, MakeClient, make_app, open_client
from tests.http.problems import faults_of, read_problem


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Blob(Base, table=True):
    """Columns that JSON has no types for."""

    __tablename__ = "blobs ü"

    id: int | None = Field(default=None, primary_key=True)
    content: bytes | None = None
    amount: Decimal | None = None
    numbers: list[int] | None = Field(default=None, sa_column=Column(JSON))


class Account(Base, table=True):
    """A validator and a computed field, as they are written for the model."""

    __tablename__ = "accounts"

    id: int | None = Field(default=None, primary_key=True)
    email: str
    password_hash: str | None = None

    @field_validator("email")
    @classmethod
    def lower(cls, value: str) -> str:
        return value.lower()

    def first_letter(self) -> str:
        return self.email[0]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_password(self) -> bool:
        return self.password_hash is not None and bool(self.first_letter())


class Game(Base, table=True):
    __tablename__ = "games"

    id: int | None = Field(default=None, primary_key=True)
    score: int = 0
    contest_id: int | None = Field(default=None, foreign_key="contests.id")


class Contest(Base, table=True):
    """A relationship with a condition of its own."""

    __tablename__ = "contests"

    id: int | None = Field(default=None, primary_key=True)
    high: list[Game] = Relationship(
        sa_relationship_kwargs={
            "primaryjoin": "and_(Contest.id == Game.contest_id, Game.score > 10)",
            "viewonly": True,
        }
    )


class Tag(Base, table=True):
    __tablename__ = "tags"

    name: str = Field(primary_key=True)


async def test_bytes_in_bulk(make_client: MakeClient) -> None:
    """Bytes that are stored in bulk read back as they were sent."""
    client = await make_client(Resource(Blob, path="/blobs"))
    answer = await client.post("/blobs/bulk/", json=[{"content": "aMOp"}, {"content": "/w=="}, {}])
    assert [row["content"] for row in answer.json()] == ["aMOp", "/w==", None]
    assert (await client.get("/blobs/", params={"content": "/w=="})).json()["total"] == 1


async def test_large_decimals(make_client: MakeClient) -> None:
    """A decimal of many digits before the point is stored and read."""
    client = await make_client(Resource(Blob, path="/blobs"))
    created = await client.post("/blobs/", json={"amount": "123e28"})
    assert created.status_code == 201
    page = await client.get("/blobs/")
    assert Decimal(page.json()["items"][0]["amount"]) == Decimal("123e28")


async def test_lists_in_a_json_column_in_bulk(make_client: MakeClient) -> None:
    """Lists of different lengths in a JSON column are stored in bulk."""
    client = await make_client(Resource(Blob, path="/blobs"))
    rows: list[dict[str, Any]] = [{"numbers": [1]}, {}, {"numbers": []}, {"numbers": [1, 2]}]
    answer = await client.post("/blobs/bulk/", json=rows)
    assert [row["numbers"] for row in answer.json()] == [[1], None, [], [1, 2]]


async def test_location_is_ascii(make_client: MakeClient) -> None:
    """The address of a row in a table with a strange name is percent-encoded, and leads to it."""
    client = await make_client(Resource(Blob))
    created = await client.post("/blobs ü/", json={})
    assert created.headers["location"] == "/blobs%20%C3%BC/1"
    assert (await client.get(created.headers["location"])).json() == created.json()


@pytest.mark.parametrize("name", ["bulk", "stream", "query", ".", "..", "a/b", "a,b", "%"])
async def test_location_of_a_strange_key(make_client: MakeClient, name: str) -> None:
    """The address of a row leads to it even if its key is the name of another route."""
    client = await make_client(Resource(Tag))
    created = await client.post("/tags/", json={"name": name})
    assert (await client.get(created.headers["location"])).json() == {"name": name}


async def test_validators_never_meet_null(make_client: MakeClient) -> None:
    """Null in an update is not given to a validator that was written for a text."""
    client = await make_client(Resource(Account))
    path = (await client.post("/accounts/", json={"email": "Ann@x"})).headers["location"]
    put = await client.put(path, json={"email": None})
    assert (put.status_code, put.json()["email"]) == (200, "ann@x")
    document = read_problem(await client.patch(path, json={"email": None}), 422, "not_null")
    assert faults_of(document) == [("/email", "not_null")]
    assert (await client.patch(path, json={"email": "BO@x"})).json()["email"] == "bo@x"


async def test_computed_field_of_a_hidden_one(make_client: MakeClient) -> None:
    """A computed field may look at a column that is not shown, and call the model's methods."""
    client = await make_client(Resource(Account))
    body = {"email": "ann@x", "password_hash": "argon2id"}
    created = await client.post("/accounts/", json=body)
    assert created.json() == {"id": 1, "email": "ann@x", "has_password": True}
    assert (await client.get("/accounts/")).json()["items"] == [created.json()]


async def test_join_with_a_condition(make_client: MakeClient) -> None:
    """A relationship whose join has a condition can't be included, rather than included wrongly."""
    with pytest.raises(ConfigurationError, match="further conditions"):
        await make_client(Resource(Contest, includes=["high"]), Resource(Game))


async def test_dependencies_of_an_unknown_operation(make_client: MakeClient) -> None:
    """A dependency for an operation that does not exist is refused, not left out."""
    with pytest.raises(ConfigurationError, match="there is no operation `put`"):
        await make_client(Resource(Tag, operation_dependencies={"put": []}))  # type: ignore[dict-item]


async def test_unit_of_work_of_a_dependency(make_client: MakeClient) -> None:
    """Writes of a dependency are stored with the request, and not without it."""

    async def audit(session: UnitOfWorkDep) -> None:
        session.add(Team(name="Audit"))
        await session.flush()

    client = await make_client(*LEAGUE, Resource(Tag, dependencies=[Depends(audit)]))
    assert (await client.post("/tags/", json={})).status_code == 422
    assert (await client.get("/tags/nope")).status_code == 404
    assert (await client.get("/teams/")).json()["total"] == 0
    assert (await client.post("/tags/", json={"name": "x"})).status_code == 201
    assert (await client.get("/teams/")).json()["total"] == 1


async def test_bulk_keeps_what_a_dependency_wrote(make_client: MakeClient) -> None:
    """A row of a bulk create that clashes with one that a dependency wrote is refused."""

    async def first(session: UnitOfWorkDep) -> None:
        session.add(Tag(name="taken"))
        await session.flush()

    client = await make_client(
        Resource(Tag, operation_dependencies={"bulk_create": [Depends(first)]})
    )
    answer = await client.post("/tags/bulk/", json=[{"name": "free"}, {"name": "taken"}])
    assert faults_of(read_problem(answer, 400, "already_exists")) == [("/1/name", "already_exists")]
    assert (await client.get("/tags/")).json()["total"] == 0


@pytest.mark.parametrize("path", ["/tags/", "/tags/stream/"])
async def test_dependency_with_headers_and_tasks(make_client: MakeClient, path: str) -> None:
    """Headers, cookies and background tasks of a dependency reach generated endpoints."""
    done: list[str] = []

    async def limit(response: Response, tasks: BackgroundTasks) -> None:
        response.headers["x-rate"] = "9"
        response.set_cookie("seen", "yes")
        tasks.add_task(done.append, "task")

    client = await make_client(Resource(Tag, dependencies=[Depends(limit)]))
    answer = await client.get(path)
    assert (answer.headers["x-rate"], answer.cookies["seen"]) == ("9", "yes")
    assert done == ["task"]


async def test_own_handler_for_an_error(database: Database, lane: str) -> None:
    """An application's handler for one of modelwire's errors answers generated endpoints too."""
    app = make_app(database, lane, (Resource(Tag),), {})

    @app.exception_handler(NotFound)
    async def tell(_request: Request, error: NotFound) -> JSONResponse:
        return JSONResponse({"own": error.detail}, 404)

    async with open_client(app) as client:
        assert (await client.get("/tags/nope")).json() == {"own": "Tag not found"}


@pytest.mark.parametrize("status", [204, 304])
async def test_exception_without_a_body(make_client: MakeClient, status: int) -> None:
    """An HTTPException whose status allows no body is answered without one."""

    def stop() -> None:
        raise HTTPException(status)

    client = await make_client(Resource(Tag, dependencies=[Depends(stop)]))
    answer = await client.get("/tags/")
    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize(
    ("root", "path", "status"),
    [
        ("/api", "/api/tags/", 200),
        ("/api", "/tags/", 200),
        ("/t", "/tags/", 200),
        ("/api", "/apix/tags/", 404),
    ],
)
async def test_root_path(make_client: MakeClient, root: str, path: str, status: int) -> None:
    """A root path is taken off where it is one, by whole segments."""
    client = await make_client(Resource(Tag))
    app: FastAPI = client._transport.app
    transport = httpx2.ASGITransport(app=app, root_path=root)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as behind:
        assert (await behind.get(path)).status_code == status


async def test_below_a_path_with_parameters(database: Database) -> None:
    """A path before the application is taken off, however much of it a client percent-encodes."""
    app, outer = FastAPI(), FastAPI()
    mount(app, database, Resource(Tag))
    outer.mount("/{name}", app)
    async with open_client(outer) as client:
        for number, name in enumerate(("plain", "ann@x.org", "o'neil", "a+b", "x%20y", "%61", "é")):
            made = await client.post(f"/{name}/tags/", json={"name": f"{number}"})
            assert made.status_code == 201, name
            assert (await client.get(made.headers["location"])).json() == made.json(), name


@pytest.mark.parametrize(
    "content_type",
    ["application/json; profile=x", "application/json;charset=UTF-8; x=y", "Application/JSON"],
)
async def test_parameters_of_a_media_type(client: httpx2.AsyncClient, content_type: str) -> None:
    """Parameters of the media type that mean nothing here are no obstacle."""
    answer = await client.post(
        "/teams/", content=b'{"name": "Red"}', headers={"content-type": content_type}
    )
    assert answer.status_code == 201


async def test_time_with_an_offset_in_a_filter(zoo_client: httpx2.AsyncClient) -> None:
    """A time with an offset is refused in a filter as it is in a body."""
    answer = await zoo_client.get("/things/", params={"clock": "12:00:00+05:00"})
    document = read_problem(answer, 422, "invalid")
    assert document["errors"][0]["parameter"] == "clock"


class Stamp(Base, table=True):
    """A default that its column can't hold."""

    __tablename__ = "stamps"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=datetime.now)


async def test_default_without_an_offset(make_client: MakeClient) -> None:
    """A default that no row could be stored with is refused at start-up, not blamed on clients."""
    with pytest.raises(ConfigurationError, match=r"default of Stamp\.at should have an offset"):
        await make_client(Resource(Stamp))


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/health"])
async def test_path_of_the_documentation(make_client: MakeClient, path: str) -> None:
    """A resource can't be served where the documentation or the health routes are."""
    with pytest.raises(ConfigurationError, match="another path="):
        await make_client(Resource(Tag, path=path))

"""The OpenAPI document beside what the application documents itself, and how it is served."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Header
from fastapi.openapi.utils import get_openapi
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy import DateTime
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from examples import league
from modelwire import Database, Resource, mount
from tests.classes import make_class
from tests.conftest import LEAGUE, open_client
from tests.documents import parameters_of, read_document, resolve, responses_of


class UserCreate(BaseModel):
    """A schema of the application's own, whose name one of modelwire's has too."""

    name: str


class Answer(BaseModel):
    user: UserCreate


def make_app(*resources: Resource, **options: Any) -> FastAPI:
    app = FastAPI()
    mount(app, Database("sqlite://"), *(resources or LEAGUE), **options)
    return app


async def read(app: FastAPI) -> dict[str, Any]:
    async with open_client(app) as client:
        return await read_document(client)


async def test_own_endpoints_beside_resources() -> None:
    """An own endpoint is documented as ever, and keeps the names of its schemas."""
    app = make_app()

    @app.post("/own")
    async def own(body: UserCreate) -> Answer:
        return Answer(user=body)

    document = await read(app)
    schemas = document["components"]["schemas"]
    assert set(schemas["UserCreate"]["properties"]) == {"name"}
    body = document["paths"]["/users/"]["post"]["requestBody"]
    created = resolve(document, body["content"]["application/json"]["schema"])
    assert {"username", "email"} <= set(created["properties"])
    own_body = document["paths"]["/own"]["post"]["requestBody"]
    assert own_body["content"]["application/json"]["schema"]["$ref"].endswith("/UserCreate")


async def test_schemas_that_only_resources_need() -> None:
    """FastAPI's schema of what is not valid is only there where an own endpoint has it."""
    app = make_app()
    assert "HTTPValidationError" not in (await read(app))["components"]["schemas"]
    app.add_api_route("/own/{number}", _number)
    assert "HTTPValidationError" in (await read(app))["components"]["schemas"]


async def _number(number: int) -> int:
    return number


async def test_route_that_is_added_later() -> None:
    """The document has what is added after it was first asked for."""
    app = make_app()
    assert "/own/{number}" not in (await read(app))["paths"]
    app.add_api_route("/own/{number}", _number)
    assert {"/own/{number}", "/users/"} <= set((await read(app))["paths"])


async def _require_tenant(x_tenant: Annotated[str, Header()]) -> None: ...


async def test_dependencies_are_documented() -> None:
    """Parameters and refusals of dependencies are documented on each of their routes."""
    scheme = OAuth2PasswordBearer("token")
    guarded = Resource(league.User, dependencies=[Depends(scheme), Depends(_require_tenant)])
    document = await read(make_app(guarded, Resource(league.Team)))
    listed = document["paths"]["/users/"]["get"]
    assert listed["security"] == [{"OAuth2PasswordBearer": []}]
    assert {"401", "403"} <= set(responses_of(document, listed))
    names = [p["name"] for p in parameters_of(document, listed)]
    assert {"x-tenant", "limit", "filters"} <= set(names)
    assert document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["type"] == "oauth2"
    open_list = document["paths"]["/teams/"]["get"]
    assert "security" not in open_list
    assert "401" not in open_list["responses"]


@pytest.mark.parametrize("is_first", [True, False])
async def test_document_of_the_applications_own(is_first: bool) -> None:
    """A function of the application's own that makes the document finds resources in it."""
    app = FastAPI()

    def build() -> dict[str, Any]:
        if not app.openapi_schema:
            schema = get_openapi(title="Own", version="7", routes=app.routes)
            schema["info"]["x-logo"] = {"url": "/logo.png"}
            app.openapi_schema = schema
        return app.openapi_schema

    if is_first:
        app.openapi = build  # type: ignore[method-assign]
    mount(app, Database("sqlite://"), *LEAGUE)
    app.add_api_route("/own/{number}", _number)
    if not is_first:
        app.openapi = build  # type: ignore[method-assign]
    document = await read(app)
    assert document["info"]["x-logo"] == {"url": "/logo.png"}
    assert {"/users/", "/own/{number}", "/health"} <= set(document["paths"])
    listed = document["paths"]["/users/"]["get"]
    assert listed["operationId"] == "list_users"
    assert {"limit", "filters"} <= {p["name"] for p in parameters_of(document, listed)}
    assert "content" in responses_of(document, listed)["200"]


@pytest.mark.parametrize(
    ("conflict_status", "codes"),
    [
        (400, {400: "already_exists", 409: "still_referenced"}),
        (409, {400: "too_many_affected", 409: "already_exists"}),
    ],
)
async def test_examples_of_problems(conflict_status: int, codes: dict[int, str]) -> None:
    """Each status that is documented for a problem has an example, as the service answers it."""
    app = make_app(conflict_status=conflict_status)
    document, shown = await read(app), {}
    for name, described in document["components"]["responses"].items():
        if name.startswith("Problem") and name != "Problem":
            (content,) = described["content"].values()
            example = shown[int(name.removeprefix("Problem"))] = content["example"]
            assert example["title"] == described["description"]
            assert set(example) <= set(document["components"]["schemas"]["Problem"]["properties"])
    assert {status: example["status"] for status, example in shown.items()} == {s: s for s in shown}
    assert {status: shown[status]["code"] for status in codes} == codes
    assert set(shown) == {400, 403, 404, 406, 409, 412, 422, 428}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/users/", {"username": "ann", "email": "other"}, 400),
        ("GET", "/users/0", None, 404),
        ("GET", "/users/stream/", None, 406),
        ("DELETE", "/teams/{team}", None, 409),
        ("PATCH", "/users/{user}", {"username": "bob"}, 412),
        ("POST", "/users/", {"email": "x"}, 422),
        ("DELETE", "/users/?id=1", None, 428),
    ],
)
async def test_problems_are_as_in_their_examples(
    client: httpx2.AsyncClient, method: str, path: str, body: Any, status: int
) -> None:
    user = (await client.post("/users/", json={"username": "ann", "email": "a"})).json()["id"]
    team = (await client.post("/teams/", json={"name": "Red"})).json()["id"]
    await client.post("/players/", json={"name": "Bo", "team_id": team})
    headers = {"if-match": '"x"', "accept": "application/json;q=0"} if status in (406, 412) else {}
    path = path.format(user=user, team=team)
    answer = await client.request(method, path, json=body, headers=headers)
    responses = (await read_document(client))["components"]["responses"]
    example = responses[f"Problem{status}"]["content"]["application/problem+json"]["example"]
    told = answer.json()
    assert answer.status_code == status
    same = ("type", "title", "status", "code")
    assert [told[name] for name in same] == [example[name] for name in same]
    if "errors" in example:
        fault, shown = told["errors"][0], example["errors"][0]
        assert set(fault) == set(shown)
        assert (fault["code"], fault["message"].split()[1:]) == (
            shown["code"],
            shown["message"].split()[1:],
        )


async def test_resource_that_is_mounted_twice() -> None:
    """Each mount of a class has operations and schemas of its own."""
    app = FastAPI()
    database = Database("sqlite://")
    mount(app, database, Resource(league.User), prefix="/v1")
    mount(app, database, Resource(league.User, hidden=["email"]), prefix="/v2")
    document = await read(app)
    rows = []
    for version in ("v1", "v2"):
        operation = document["paths"][f"/{version}/users/{{id}}"]["get"]
        answer = responses_of(document, operation)["200"]
        row = resolve(document, answer["content"]["application/json"]["schema"])
        rows.append((operation["operationId"], "email" in row["properties"]))
    assert rows == [("read_user", True), ("read_user2", False)]


async def test_document_is_sent_once() -> None:
    """The document is compressed on request, and not sent again to a client that has it."""
    async with open_client(make_app()) as client:
        plain = await client.get("/openapi.json", headers={"accept-encoding": "identity"})
        zipped = await client.get("/openapi.json", headers={"accept-encoding": "gzip"})
        tag = plain.headers["etag"]
        again = [
            await client.get("/openapi.json", headers={"if-none-match": known})
            for known in (tag, f'"other", W/{tag}', "*")
        ]
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.headers["etag"] == plain.headers["etag"]
    assert int(zipped.headers["content-length"]) * 5 < int(plain.headers["content-length"])
    assert [(answer.status_code, answer.content) for answer in again] == [(304, b"")] * 3


@pytest.mark.parametrize("path", ["/openapi.json", "/admin/assets/{asset}"])
@pytest.mark.parametrize(
    ("accepted", "is_zipped"),
    [
        ("gzip", True),
        ("GZIP;q=0.1, br", True),
        ("br, *", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
        ("*, gzip;q=0", False),
        ("gzipped", False),
        ("br", False),
    ],
)
async def test_only_who_accepts_gzip_is_sent_it(path: str, accepted: str, is_zipped: bool) -> None:
    """A weight of 0 refuses a coding, and a star stands for those that are not named."""
    app = make_app(admin=True)
    async with open_client(app) as client:
        page = (await client.get("/admin")).text
        asset = page.partition("/admin/assets/")[2].partition('"')[0]
        headers = {"accept-encoding": accepted}
        answer = await client.get(path.format(asset=asset), headers=headers)
    assert answer.status_code == 200
    assert (answer.headers.get("content-encoding") == "gzip") is is_zipped
    assert answer.headers["vary"].lower() == "accept-encoding"


def make_chain(length: int) -> list[type[SQLModel]]:
    """Models in a chain: each refers to the next one, and has eight columns."""
    base = make_class("Base", SQLModel, {"__module__": __name__}, registry=registry())
    models = []
    for number in range(length):
        members: dict[str, Any] = {
            "__module__": __name__,
            "__tablename__": f"chain{number}",
            "id": Field(default=None, primary_key=True),
            "made": Field(default=None, sa_type=DateTime(timezone=True)),
            **dict.fromkeys(("title", "price"), None),
        }
        types: dict[str, Any] = {"id": int | None, "name": str, "title": str | None, "count": int}
        types |= {"price": float | None, "is_open": bool, "made": datetime | None}
        if number + 1 < length:
            members["next_id"] = Field(default=None, foreign_key=f"chain{number + 1}.id")
            members["next"] = Relationship(back_populates="before")
            types |= {"next_id": int | None, "next": f"Chain{number + 1}"}
        if number:
            members["before"] = Relationship(back_populates="next")
            types["before"] = list[f"Chain{number - 1}"]  # type: ignore[misc]
        members["__annotations__"] = types
        models.append(make_class(f"Chain{number}", base, members, table=True))
    return models


def serve_chain(length: int) -> FastAPI:
    names = {"next", "before"}
    models = make_chain(length)
    resources = [Resource(m, includes=sorted(names & set(_relations(m)))) for m in models]
    return make_app(*resources)


def _relations(model: type[SQLModel]) -> list[str]:
    return list(model.__sqlmodel_relationships__)


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (partial(serve_chain, 1), 41_600),
        (make_app, 95_400),
        (partial(serve_chain, 50), 1_760_000),
    ],
    ids=["one table", "league", "fifty tables"],
)
async def test_size(make: Callable[[], FastAPI], most: int) -> None:
    """The document stays small: what operations share stands in it once."""
    async with open_client(make()) as client:
        answer = await client.get("/openapi.json", headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert len(answer.content) <= most


async def _wait_longest_s(client: httpx2.AsyncClient, other: Awaitable[Any]) -> float:
    """The longest that anybody waits for an answer until something else is done."""
    running = asyncio.ensure_future(other)
    longest_s = 0.0
    while not running.done():
        begun = perf_counter()
        assert (await client.get("/health/live")).status_code == 200
        await asyncio.sleep(0)
        longest_s = max(longest_s, perf_counter() - begun)
    await running
    return longest_s


async def _read_whole(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).status_code == 200


def _count() -> None:
    """Count in a thread, which blocks other work no more than any thread of Python."""
    end = perf_counter() + 0.5
    while perf_counter() < end:
        sum(range(100))


async def test_others_are_answered_meanwhile() -> None:
    """While a large document is made for the first time, other requests hardly wait for it.

    How long they wait for any other thread tells how busy the machine is.
    """
    waits = []
    for _ in range(8):
        async with open_client(serve_chain(50)) as client:
            await client.get("/health/live")
            usual_s = await _wait_longest_s(client, asyncio.to_thread(_count))
            waits.append((await _wait_longest_s(client, _read_whole(client)), usual_s))
        if waits[-1][0] < max(0.1, 1.5 * usual_s):  # in one piece it takes 0.4 s
            return
    pytest.fail(f"waited, and usually waits: {waits}")


class _BadgeBase(SQLModel):
    label: str = Field(min_length=2)


class Badge(_BadgeBase, table=True):
    __tablename__ = "document_badges"

    id: int | None = Field(default=None, primary_key=True)


class BadgePublic(_BadgeBase):
    id: int


class Ribbon(SQLModel, table=True):
    __tablename__ = "document_ribbons"

    id: int | None = Field(default=None, primary_key=True)
    label: str


class RibbonPublic(SQLModel):
    id: int
    label: str


async def test_class_of_resource_and_endpoint() -> None:
    """A resource's schema is called after its class, whatever endpoints have that class too."""
    resources = (
        Resource(Badge, read_schema=BadgePublic),
        Resource(Ribbon, read_schema=RibbonPublic),
    )
    alone = await read(make_app(*resources))
    app = make_app(*resources)

    @app.get("/own/badges")
    async def read_badges() -> list[BadgePublic]:
        return []

    @app.get("/own/ribbons")
    async def read_ribbons() -> list[RibbonPublic]:
        return []

    document = await read(app)
    for name, schema in alone["components"]["schemas"].items():
        assert document["components"]["schemas"][name] == schema
    more = document["components"]["schemas"].keys() - alone["components"]["schemas"].keys()
    assert more == {"BadgePublic-Own"}
    for path, name in (("badges", "BadgePublic-Own"), ("ribbons", "RibbonPublic")):
        answer = document["paths"][f"/own/{path}"]["get"]["responses"]["200"]
        items = answer["content"]["application/json"]["schema"]["items"]
        assert items == {"$ref": f"#/components/schemas/{name}"}
    own = document["components"]["schemas"]["BadgePublic-Own"]["properties"]["label"]
    assert own["minLength"] == 2


class Own(SQLModel, registry=registry()):
    """Classes whose tables have SQLModel's own names, apart from those of other tests."""

    id: int | None = Field(default=None, primary_key=True)


class Vet(Own, table=True):
    visits: list["Visit"] = Relationship(
        back_populates="vet", sa_relationship_kwargs={"foreign_keys": "Visit.vet_id"}
    )
    assists: list["Visit"] = Relationship(
        sa_relationship_kwargs={"foreign_keys": "Visit.assistant_id"}
    )


class Visit(Own, table=True):
    vet_id: int = Field(foreign_key="vet.id")
    assistant_id: int = Field(foreign_key="vet.id")
    vet: Vet = Relationship(
        back_populates="visits", sa_relationship_kwargs={"foreign_keys": "Visit.vet_id"}
    )


SUMMARIES = {
    "list_users": "List users",
    "create_user": "Create a user",
    "list_team_players": "List players of a team",
    "create_team_player": "Create a player of a team",
    "list_visit": "List visit rows",
    "bulk_create_visit": "Create many visit rows",
    "list_vet_assists": "List assists of a vet",
    "create_vet_visits": "Create one of the visits of a vet",
    "create_vet_assists": "Create one of the assists of a vet",
}


async def test_summaries() -> None:
    """A summary says whether an operation is about one row or many, whatever the table's name.

    Two relations to the same table have different ones.
    """
    vets = Resource(Vet, path="/vets", includes=["visits", "assists"])
    document = await read(make_app(*LEAGUE, vets, Resource(Visit, path="/visits")))
    operations = (of for methods in document["paths"].values() for of in methods.values())
    told = {operation["operationId"]: operation["summary"] for operation in operations}
    assert {name: told[name] for name in SUMMARIES} == SUMMARIES


class Bill(Own, table=True):
    lines: list["BillLine"] = Relationship(back_populates="bill")


class BillLine(Own, table=True):
    __tablename__ = "bill_lines"

    bill_id: int = Field(foreign_key="bill.id")
    bill: Bill = Relationship(back_populates="lines")


async def test_ids_of_operations_are_unique() -> None:
    """An id that two operations would have is that of a resource's own rows; others get a number.

    So it is for the rows below a row, and for resources of another mount.
    """
    app = make_app(Resource(Bill, path="/bills", includes=["lines"]), Resource(BillLine))
    mount(app, app.state.modelwire_database, Resource(BillLine), prefix="/v2", batch=None)
    paths = (await read(app))["paths"]
    found = {
        (path, method): of["operationId"] for path in paths for method, of in paths[path].items()
    }
    assert len(set(found.values())) == len(found)
    lists = {
        path: id_ for (path, method), id_ in found.items() if method == "get" and "list_" in id_
    }
    assert lists == {
        "/bills/": "list_bill",
        "/bills/{id}/lines/": "list_bill_lines2",
        "/bill_lines/": "list_bill_lines",
        "/v2/bill_lines/": "list_bill_lines3",
    }

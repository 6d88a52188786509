"""Own endpoints that could never answer are refused at start-up, which says what to write."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from sqlmodel import Field, SQLModel

from modelwire import (
    CallerSessionDep,
    ConfigurationError,
    Database,
    Policy,
    Resource,
    everyone,
    mount,
    row_of,
    shown,
)
from tests.access import own_models as m
from tests.access.own_models import OwnInvoice as Invoice
from tests.access.own_models import OwnTagLink as TagLink
from tests.conftest import open_client

HEADERS = {"x-member": m.ANN.model_dump_json()}
LINKS = Resource(TagLink, policy=Policy(read=everyone))

Add = Callable[[FastAPI], Any]


class NoResource(SQLModel, table=True):
    __tablename__ = "own_no_resources"

    id: int | None = Field(default=None, primary_key=True)


class Page(BaseModel):
    items: list[shown(NoResource)]  # type: ignore[valid-type]


def _add(app: APIRouter | FastAPI, path: str, model: type[SQLModel] = Invoice) -> None:
    @app.get(path)
    async def found(row: Annotated[Any, Depends(row_of(model))]) -> bool:
        return row is not None


def _add_router(app: FastAPI) -> None:
    router = APIRouter(prefix="/orgs/{org}")
    _add(router, "/invoices/{invoice_id}")
    app.include_router(router)


def _add_page(app: FastAPI) -> None:
    @app.get("/page", response_model=Page)
    async def page() -> Any:
        return {"items": []}


def _add_socket(app: FastAPI) -> None:
    @app.websocket("/socket")
    async def talk(session: CallerSessionDep) -> None: ...


WRONG: dict[str, tuple[Add, str]] = {
    "renamed": (
        lambda app: _add(app, "/invoices/{invoice_id}/number"),
        r"path /invoices/\{invoice_id\}/number has no \{id\}\. .* as in /invoices/\{id\}/number\.",
    ),
    "converted": (
        lambda app: _add(app, "/invoices/{invoice_id:int}"),
        r"/invoices/\{invoice_id\} has no \{id\}\. .* as in /invoices/\{id\}\.",
    ),
    "none": (lambda app: _add(app, "/newest"), r"/newest has no \{id\}\. .* /newest/\{id\}\."),
    "one of two": (
        lambda app: _add(app, "/links/{tag_id}/{invoice}", TagLink),
        r"has no \{invoice_id\}\. .* /links/\{tag_id\}/\{invoice_id\}\.",
    ),
    "both": (
        lambda app: _add(app, "/links/{a}/{b}", TagLink),
        r"has no \{invoice_id\} and \{tag_id\}\. .* /links/\{invoice_id\}/\{tag_id\}\.",
    ),
    "in a router": (
        _add_router,
        r"path /orgs/\{org\}/invoices/\{invoice_id\} has no \{id\}",
    ),
    "no resource": (
        lambda app: _add(app, "/no/{id}", NoResource),
        r"own_no_resources: .* Give it a Resource",
    ),
    "of the caller": (
        lambda app: _add(app, "/members/{x_member}/invoices/{id}"),
        r"path and read_own_member have a parameter of the same name",
    ),
    "a socket": (_add_socket, r"a WebSocket has no caller\. Leave it out of /socket\."),
    "shown": (_add_page, r"shown\(NoResource\): it is no resource"),
}
"""Endpoints that can't answer, and what is said."""


def _make(database: Database, add: Add, *, first: bool) -> FastAPI:
    app = FastAPI(lifespan=database.lifespan)
    if first:
        add(app)
    mount(app, database, *m.RESOURCES, LINKS, caller=m.me)
    if not first:
        add(app)
    return app


@pytest.mark.parametrize("first", [True, False], ids=["before mount", "after mount"])
@pytest.mark.parametrize("name", WRONG)
async def test_an_endpoint_that_could_never_answer_is_refused_at_start(
    database: Database, name: str, first: bool
) -> None:
    add, expected = WRONG[name]
    app = _make(database, add, first=first)
    with pytest.raises(ConfigurationError, match=expected):
        async with app.router.lifespan_context(app):
            pass


@pytest.mark.parametrize("name", WRONG)
async def test_it_is_refused_by_the_protocol_of_servers_too(database: Database, name: str) -> None:
    app = _make(database, WRONG[name][0], first=True)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(ConfigurationError, match=WRONG[name][1]):
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]


@pytest.mark.parametrize("name", ["renamed", "none", "both", "in a router"])
async def test_without_a_start_the_endpoint_says_so_itself_and_others_answer(
    database: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = _make(database, WRONG[name][0], first=False)
    path = {"renamed": "/invoices/1/number", "none": "/newest", "both": "/links/1/2"}.get(
        name, "/orgs/1/invoices/1"
    )
    async with open_client(app) as client:
        for _ in range(2):  # the document adds nothing twice
            assert (await client.get("/openapi.json")).status_code == 200
            assert (await client.get(path, headers=HEADERS)).status_code == 500
            assert "as in /" in caplog.text
            caplog.clear()
        assert (await client.get("/own_countries/", headers=HEADERS)).status_code == 200


async def test_a_resource_of_a_later_mount_is_found(database: Database) -> None:
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, *m.RESOURCES, caller=m.me)
    _add(app, "/no/{id}", NoResource)
    app.openapi()
    mount(app, database, Resource(NoResource, policy=Policy(read=everyone)), caller=m.me)
    async with app.router.lifespan_context(app), open_client(app) as client:
        answer = await client.get("/no/1", headers=HEADERS)
        assert answer.status_code == 404, answer.text


async def test_without_a_caller_the_start_is_refused(database: Database) -> None:
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, Resource(m.OwnCountry))

    @app.get("/mine")
    async def mine(session: CallerSessionDep) -> None: ...

    with pytest.raises(ConfigurationError, match=r"Give mount\(caller=Caller"):
        async with app.router.lifespan_context(app):
            pass


async def test_a_start_keeps_the_lifespan_of_the_application(database: Database) -> None:
    app = FastAPI(lifespan=database.lifespan)
    _add(app, "/invoices/{id}")
    mount(app, database, *m.RESOURCES, caller=m.me)
    async with app.router.lifespan_context(app), open_client(app) as client:
        assert (await client.get("/invoices/1", headers=HEADERS)).status_code == 404


def test_what_has_no_table_is_not_shown() -> None:
    given: Any = (Page, "OwnInvoice")
    for wrong in given:
        with pytest.raises(ConfigurationError, match="give it a model with a table"):
            shown(wrong)

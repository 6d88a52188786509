"""Callers of an application's own endpoints: resolved once and first, whenever they are added."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import pytest
import pytest_asyncio
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import select

from modelwire import (
    Caller,
    CallerSessionDep,
    Database,
    Policy,
    Resource,
    everyone,
    mount,
    row_of,
    shown,
)
from tests.access import own_models as m
from tests.access.own_app import Own
from tests.access.own_models import OwnInvoice as Invoice
from tests.conftest import open_client, use_sessions
from tests.zoo import Thing

pytestmark = pytest.mark.filterwarnings("ignore:\\n.*You probably want:DeprecationWarning")

MemberDep = Annotated[m.OwnMember, Depends(m.read_own_member)]
InvoiceToChange = Annotated[Invoice, Depends(row_of(Invoice, "update"))]
ADD = ["before mount", "after mount", "router before", "router after", "late"]


@pytest_asyncio.fixture
async def own(database: Database, lane: str) -> Own:
    """An application with the rows of two organisations."""
    made = Own(database, lane)
    await made.fill()
    return made


class Number(BaseModel):
    to: int


def _add_all(router: APIRouter | FastAPI) -> None:
    @router.post("/all/{id}")
    async def take_all(
        first: MemberDep, invoice: InvoiceToChange, session: CallerSessionDep, last: MemberDep
    ) -> dict[str, Any]:
        numbers = list(await session.scalars(select(Invoice.number).order_by(Invoice.id)))
        return {"same": first is last, "number": invoice.number, "numbers": numbers}


def _add(app: FastAPI, place: str) -> Callable[[], None]:
    """Add the endpoint; what is returned adds it after the first request."""
    router = APIRouter()
    _add_all(router)
    if place == "before mount":
        _add_all(app)
    elif place == "router before":
        app.include_router(router, prefix="/in")
    mount(app, app.state.given, *m.RESOURCES, caller=m.me)
    if place == "after mount":
        _add_all(app)
    elif place == "router after":
        app.include_router(router, prefix="/in")
    return lambda: _add_all(app) if place == "late" else None


@pytest.mark.parametrize("place", ADD)
async def test_endpoints_have_callers_wherever_they_were_added(own: Own, place: str) -> None:
    app = FastAPI()
    app.state.given = own.database
    add_late = _add(app, place)
    headers = {"x-member": m.ANN.model_dump_json()}
    path = f"{'/in' if 'router' in place else ''}/all"
    async with open_client(app) as client:
        await client.get("/own_countries/", headers=headers)
        add_late()
        answer = await client.post(f"{path}/1", headers=headers)
        assert answer.json() == {"same": True, "number": "a1", "numbers": ["a1", "a2"]}
        assert (await client.post(f"{path}/999")).status_code == 401


async def test_a_caller_that_is_overridden_is_resolved_once_too(own: Own) -> None:
    calls = []

    async def read() -> m.OwnMember:
        calls.append(1)
        return m.BOB

    _add_all(own.app)
    own.app.dependency_overrides[m.read_own_member] = read
    answer = await own.send("POST", "/all/2", None)
    assert answer.json() == {"same": True, "number": "b1", "numbers": ["b1", "b2"]}
    assert len(calls) == 1


class Counted(BaseModel):
    id: int
    turn: int


async def test_the_caller_of_an_endpoint_is_the_object_that_policies_ask(own: Own) -> None:
    turns = iter(range(1_000))

    async def read() -> Counted:
        return Counted(id=1, turn=next(turns))

    me = Caller(read)
    app = FastAPI()

    @app.get("/turn")
    async def turn(
        session: CallerSessionDep, who: Annotated[Counted, Depends(read)]
    ) -> dict[str, int]:
        found = await session.scalars(select(m.OwnCountry.code))
        return {"turn": who.turn, "rows": len(list(found))}

    policy = Policy(read=me.id == 1, write=everyone)
    mount(app, own.database, Resource(m.OwnCountry, policy=policy), caller=me)
    async with open_client(app) as client:
        assert [(await client.get("/turn")).json()["turn"] for _ in range(3)] == [0, 1, 2]


async def test_a_route_that_is_added_too_late_says_so(
    own: Own, caplog: pytest.LogCaptureFixture
) -> None:
    router = APIRouter()
    own.app.include_router(router)
    assert (await own.send("GET", "/own_countries/")).status_code == 200
    _add_all(router)
    caplog.set_level(logging.ERROR)
    answer = await own.send("POST", "/all/1")
    if answer.status_code == 404:
        return  # before 0.138, FastAPI does not find it either
    assert answer.status_code == 500
    assert "Add routes before" in caplog.text


async def test_callers_are_refused_before_bodies_are_looked_at(own: Own) -> None:
    @own.app.post("/invoices/{id}/number")
    async def number(invoice: InvoiceToChange, number: Number) -> None:
        invoice.number = str(number.to)

    wrong = {"to": "x"}
    for who, key, status in ((None, 999, 401), (m.ANN, 2, 404), (m.ANN, 3, 403), (m.ANN, 1, 422)):
        answer = await own.send("POST", f"/invoices/{key}/number", who, json=wrong)
        assert answer.status_code == status


async def test_conditions_are_asked_for_after_all_that_may_be_refused(database: Database) -> None:
    resources = [
        replace(r, require_if_match=True) if r.model is Invoice else r for r in m.RESOURCES
    ]
    own = Own(database, "direct", resources)
    await own.fill()
    _add_all(own.app)
    for who, key, status in ((None, 1, 401), (m.ANN, 2, 404), (m.ANN, 3, 403), (m.ANN, 1, 428)):
        answer = await own.send("POST", f"/all/{key}", who)
        assert answer.status_code == status
        if who is not None:
            change = {"number": "x"}
            generated = await own.send("PATCH", f"/own_invoices/{key}", who, json=change)
            assert (answer.status_code, answer.content) == (status, generated.content)
    stale = await own.send("POST", "/all/1", headers={"if-match": '"x"'})
    assert stale.status_code == 412
    tag = (await own.send("GET", "/own_invoices/1")).headers["etag"]
    assert (await own.send("POST", "/all/1", headers={"if-match": tag})).status_code == 200


async def test_what_a_caller_may_not_read_is_neither_shown_nor_in_tags(own: Own) -> None:
    @own.app.post("/invoices/{id}/price", response_model=shown(Invoice))
    async def price(invoice: InvoiceToChange, to: int) -> Invoice:
        invoice.cost = to
        return invoice

    tags = {}
    for to in (1, 2):
        for who in (m.ANN, m.ADMIN):
            answer = await own.send("POST", f"/invoices/1/price?to={to * who.id}", who)
            read = await own.send("GET", "/own_invoices/1", who)
            assert answer.json().get("cost") == (to * who.id if who.is_admin else None)
            assert ("cost" in answer.json()) is who.is_admin
            assert answer.headers["etag"] == read.headers["etag"]
            tags[to, who.id] = answer.headers["etag"]
    assert len({tags[to, m.ADMIN.id] for to in (1, 2)}) == 2
    known = await own.send("POST", "/invoices/1/price?to=3", headers={"if-match": tags[2, 1]})
    assert known.status_code == 412  # since then, the admin has changed who changed it last


async def test_an_application_that_does_not_ask_shows_what_all_may_see(own: Own) -> None:
    @own.app.get("/plain", response_model=list[shown(Invoice)])  # type: ignore[misc]
    async def plain(member: MemberDep) -> Any:
        return m.rows()[3:5]

    for who in (m.ANN, m.ADMIN):
        (first, _) = (await own.send("GET", "/plain", who)).json()
        assert "cost" not in first
        assert "secret" not in first


async def test_dependencies_of_resources_have_the_session_of_the_caller(database: Database) -> None:
    seen: list[list[str]] = []

    async def count(session: CallerSessionDep) -> None:
        seen.append(list(await session.scalars(select(Invoice.number).order_by(Invoice.id))))

    resources = [
        replace(r, dependencies=[Depends(count)]) if r.model is m.OwnCountry else r
        for r in m.RESOURCES
    ]
    own = Own(database, "direct", resources)
    await own.fill()
    for who in (m.ANN, m.BOB):
        assert (await own.send("GET", "/own_countries/", who)).status_code == 200
    assert (await own.send("GET", "/own_countries/", None)).status_code == 401
    assert seen == [["a1", "a2"], ["b1", "b2"]]


async def test_a_resource_that_is_mounted_twice_is_one_that_is_shown_alike(
    own: Own, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no guess whose fields an endpoint shows, or whose policy holds for it."""
    app = FastAPI()

    @app.get("/shown", response_model=list[shown(Invoice)])  # type: ignore[misc]
    async def show(session: CallerSessionDep) -> Any:
        return (await session.scalars(select(Invoice).order_by(Invoice.id))).all()

    @app.get("/tags")
    async def tags(session: CallerSessionDep) -> list[str]:
        return list(await session.scalars(select(m.OwnTag.name)))

    mount(app, own.database, *m.RESOURCES, caller=m.me)
    again = [
        replace(
            r,
            hidden=["number"] if r.model is Invoice else [],
            policy=Policy(read=everyone) if r.model is m.OwnTag else r.policy,
        )
        for r in m.RESOURCES
    ]
    mount(app, own.database, *again, caller=m.me, prefix="/again")
    caplog.set_level(logging.ERROR)
    headers = {"x-member": m.ANN.model_dump_json()}
    async with open_client(app) as client:
        for path, message in (
            ("/shown", "shows different fields"),
            ("/tags", "different policies"),
        ):
            assert (await client.get(path, headers=headers)).status_code == 500
            assert message in caplog.text


THING: dict[str, Any] = {
    "price": "12.50",
    "amount": "1.1000",
    "ratio": 0.1,
    "big": 2**60,
    "flag": True,
    "token_id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "color": "red",
    "day": "2026-02-28",
    "moment": "2026-02-28T12:00:00.250000Z",
    "local": "2026-02-28T12:00:00",
    "clock": "12:30:00",
    "span": "PT90S",
    "data": {"b": [1, {"a": None}]},
    "tags": ["x"],
}


async def test_tags_and_what_is_shown_are_alike_for_every_type(
    database: Database, lane: str
) -> None:
    app = FastAPI()

    @app.post("/touch/{id}", response_model=shown(Thing))
    async def touch(thing: Annotated[Thing, Depends(row_of(Thing, "update"))]) -> Any:
        return thing

    mount(app, database, Resource(Thing, policy=Policy(read=everyone)), caller=m.me)
    if lane == "session":
        use_sessions(app, database)
    headers = {"x-member": m.ANN.model_dump_json()}
    async with open_client(app) as client:
        created = await client.post("/things/", json=THING, headers=headers)
        assert created.status_code == 201, created.text
        path = f"/{created.json()['id']}"
        read = await client.get(f"/things{path}", headers=headers)
        tag = read.headers["etag"]
        touched = await client.post(f"/touch{path}", headers={**headers, "if-match": tag})
        assert touched.status_code == 200, touched.text
        assert touched.json() == read.json()
        assert touched.headers["etag"] == tag


class Token(BaseModel):
    id: int


async def read_token(token: Annotated[Any, Depends(HTTPBearer())]) -> Token:
    return Token(id=int(token.credentials))


async def test_the_document_says_who_is_asked_and_how_callers_are_refused(own: Own) -> None:
    me = Caller(read_token)
    app, router = FastAPI(), APIRouter(prefix="/in")

    @router.post("/countries/{code}")
    async def change(
        country: Annotated[m.OwnCountry, Depends(row_of(m.OwnCountry, "update"))],
    ) -> m.OwnCountry:
        return country

    @app.get("/countries")
    async def look(session: CallerSessionDep) -> None: ...

    @app.get("/open")
    async def none() -> None: ...

    app.include_router(router)
    policy = Policy(read=everyone, write=m.OwnCountry.code != "NL")
    mount(app, own.database, Resource(m.OwnCountry, policy=policy), caller=me)
    document = app.openapi()
    paths = document["paths"]
    assert paths["/own_countries/"]["get"]["security"] == [{"HTTPBearer": []}]
    for path, method, statuses in (
        ("/in/countries/{code}", "post", {"200", "401", "403", "404", "412", "428", "422"}),
        ("/countries", "get", {"200", "401", "403"}),
    ):
        operation = paths[path][method]
        assert operation["security"] == [{"HTTPBearer": []}]
        assert set(operation["responses"]) - {"default"} == statuses
    assert "security" not in paths["/open"]["get"]
    assert set(paths["/open"]["get"]["responses"]) == {"200"}
    text = json.dumps(document)
    for name in ("Problem401", "Problem412", "Problem"):
        assert f"#/components/responses/{name}" in text
        assert name in document["components"]["responses"]


async def test_no_request_of_a_websocket_has_a_caller(own: Own) -> None:
    @own.app.websocket("/socket")
    async def talk(session: CallerSessionDep) -> None: ...

    assert (await own.send("GET", "/own_countries/")).status_code == 200
    with (
        pytest.raises(Exception, match="WebSocket has no caller"),
        TestClient(own.app).websocket_connect("/socket"),
    ):
        pass


async def test_an_application_within_another_one_has_its_own_policies(own: Own) -> None:
    inner = FastAPI()

    @inner.get("/numbers")
    async def numbers(session: CallerSessionDep) -> list[str]:
        return list(await session.scalars(select(Invoice.number).order_by(Invoice.id)))

    own.app.mount("/inner", inner)
    assert (await own.send("GET", "/inner/numbers")).status_code == 500
    again = FastAPI()
    again.get("/numbers")(numbers)
    mount(again, own.database, *m.RESOURCES, caller=m.me)
    own.app.mount("/again", again)
    assert (await own.send("GET", "/again/numbers")).json() == ["a1", "a2"]

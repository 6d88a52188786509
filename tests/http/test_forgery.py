"""Cross-site request forgery: what a page of another origin can't have a visitor's browser do."""

import datetime as dt
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Cookie, FastAPI, Header
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel
from sqlalchemy import DateTime
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Caller, Changes, Cors, Policy, Resource, everyone, mount
from tests.changes.exact import clear_log
from tests.conftest import empty_tables, open_client
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Note(Base, table=True):
    __tablename__ = "forgery_notes"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    deleted_at: dt.datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Member(BaseModel):
    id: str


def read_member(
    session: Annotated[str, Cookie()] = "", authorization: Annotated[str, Header()] = ""
) -> Member:
    return Member(id=session or authorization)


me = Caller(read_member)
RESOURCES = (
    Resource(
        Note,
        policy=Policy(read=everyone, restore=everyone),
        soft_delete="deleted_at",
        changes=Changes(history=True),
    ),
)
FRIEND, EVIL, OWN = "https://friend.example", "https://evil.example", "http://test"

forgery_world = make_world_fixture(
    "forgery",
    Base.metadata,
    on_lanes(RESOURCES, caller=me, cors=Cors(origins=[FRIEND])),
    keeps_log=True,
)

COOKIE = {"cookie": "session=ann"}
BASIC = {"authorization": "Basic YW5uOng="}
BEARER = {"authorization": "Bearer ann"}


def sent_by(origin: str, site: str | None = "cross-site") -> dict[str, str]:
    """Headers that a browser adds for a page; without `site`, those of an older one."""
    return {"origin": origin} | ({} if site is None else {"sec-fetch-site": site})


REFUSED = [
    COOKIE | sent_by(EVIL),
    COOKIE | sent_by(EVIL, None),
    COOKIE | sent_by("https://sub.test", "same-site"),
    COOKIE | sent_by("null"),
    COOKIE | {"sec-fetch-site": "cross-site"},
    # A page without TLS, of the host itself.
    COOKIE | sent_by(OWN),
    BASIC | sent_by(EVIL),
    COOKIE | BASIC | sent_by(EVIL, None),
]
ALLOWED = [
    COOKIE,
    COOKIE | sent_by(OWN, "same-origin"),
    COOKIE | sent_by(OWN, None),
    # A proxy may have changed the host.
    COOKIE | sent_by("https://public.example", "same-origin"),
    COOKIE | {"sec-fetch-site": "none"},
    COOKIE | sent_by(FRIEND),
    BEARER | sent_by(EVIL),
    COOKIE | BEARER | sent_by(EVIL),
    sent_by(EVIL),
]


async def prepare(world: World) -> tuple[httpx2.AsyncClient, list[str]]:
    """A deleted row and a changed one; the requests that bring back what was."""
    await empty_tables(world.database)
    await clear_log(world.database)
    client = world.clients["direct"]
    for text in ("a", "b"):
        assert (await client.post("/forgery_notes/", json={"text": text})).status_code == 201
    assert (await client.delete("/forgery_notes/1")).status_code == 204
    assert (await client.patch("/forgery_notes/2", json={"text": "c"})).status_code == 200
    (change, *_) = (await client.get("/forgery_notes/2/history/")).json()["items"]
    return client, [
        "/forgery_notes/1/restore",
        f"/forgery_notes/2/history/{change['number']}/revert",
    ]


@pytest.mark.parametrize("headers", REFUSED)
async def test_refused(forgery_world: World, headers: dict[str, str]) -> None:
    client, urls = await prepare(forgery_world)
    before = (await client.get("/forgery_notes/?deleted=include")).json()
    for url in urls:
        read_problem(await client.post(url, headers=headers), 400, "cross_origin_refused")
    assert (await client.get("/forgery_notes/?deleted=include")).json() == before


@pytest.mark.parametrize("headers", ALLOWED)
async def test_allowed(forgery_world: World, headers: dict[str, str]) -> None:
    client, urls = await prepare(forgery_world)
    for url in urls:
        answer = await client.post(url, headers=headers)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("cors", "own", "status"),
    [
        (None, {"allow_origins": [FRIEND], "allow_credentials": True}, 200),
        (None, {"allow_origin_regex": r"https://\w+\.example", "allow_credentials": True}, 200),
        (None, {"allow_origins": ["*"], "allow_credentials": True}, 200),
        (None, {"allow_origins": ["*"]}, 400),
        (None, {"allow_origins": [EVIL], "allow_credentials": True}, 400),
        (Cors(origins=["*"]), None, 400),
        (Cors(origins=["https://*.example"]), None, 200),
        (None, None, 400),
    ],
)
async def test_allowed_origins(
    forgery_world: World, cors: Cors | None, own: dict[str, Any] | None, status: int
) -> None:
    """The origins may be those of FastAPI's own middleware; `*` allows none to use cookies."""
    await prepare(forgery_world)
    app = FastAPI()
    mount(app, forgery_world.database, *RESOURCES, caller=me, cors=cors)
    if own is not None:
        app.add_middleware(CORSMiddleware, **own)
    async with open_client(app) as client:
        headers = COOKIE | sent_by(FRIEND)
        restored = await client.post("/forgery_notes/1/restore", headers=headers)
        assert restored.status_code == status, restored.text


async def test_other_writes(forgery_world: World) -> None:
    """Of these a browser asks first: their content type, or their method, is no simple one."""
    client, _ = await prepare(forgery_world)
    headers = COOKIE | sent_by(EVIL)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", None):
        sent = headers | ({} if content_type is None else {"content-type": content_type})
        for url in ("/forgery_notes/", "/forgery_notes/bulk/", "/forgery_notes/query", "/batch"):
            answer = await client.post(url, content=b'{"text": "x"}', headers=sent)
            assert answer.status_code == 415, (url, content_type, answer.text)

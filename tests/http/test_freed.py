"""An application that its user has dropped is freed."""

import asyncio
import gc
from collections import Counter

from fastapi import FastAPI
from fastapi.routing import APIRoute
from msgspec import Struct
from pydantic import BaseModel
from sqlmodel import SQLModel, select

from examples.league import Player, Team
from modelwire import Database, Resource, SessionDep, mount
from tests.conftest import open_client

BOUND = {"prefer": "max-affected=10"}


async def _serve_once() -> None:
    database, app = Database("sqlite://"), FastAPI()
    mount(
        app,
        database,
        Resource(Team, includes=["players"], nested_writes=["players"]),
        Resource(Player, includes=["team"]),
    )

    @app.get("/own")
    async def own(session: SessionDep) -> int:
        return len((await session.exec(select(Team))).all())

    await database.init_db()
    async with open_client(app) as client:
        await client.get("/openapi.json")
        for method, path, body in (
            ("POST", "/teams/", {"name": "Reds", "players": [{"name": "Ann"}]}),
            ("POST", "/teams/bulk/", [{"name": "Blues"}, {"name": "Greens"}]),
            ("POST", "/teams/1/players/", {"name": "Bob"}),
            ("PATCH", "/teams/1", {"city": "Ulm"}),
            ("PUT", "/teams/1", {"name": "Whites", "city": None}),
            ("PATCH", "/teams/bulk/", [{"id": 2, "city": "Ulm"}]),
            ("GET", "/teams/?name__contains=e&include=players&sort=-city&fields=name", None),
            ("PATCH", "/teams/?name=Blues", {"city": "Bonn"}),
            ("GET", "/teams/?cursor=&q=e", None),
            ("POST", "/teams/query", {"or": "(name:Reds,city:Ulm)", "skip": 1}),
            ("GET", "/players/?team.name=Whites&count=estimate", None),
            ("GET", "/teams/1?include=players&fields=name", None),
            ("GET", "/teams/1/players/", None),
            ("GET", "/teams/stream/", None),
            ("GET", "/players/stream/?format=csv&include=team", None),
            ("GET", "/own", None),
            ("DELETE", "/players/1", None),
        ):
            answer = await client.request(method, path, json=body, headers=BOUND)
            assert answer.status_code < 300, (path, answer.text)
    await database.close_db()


def _count_kept() -> Counter[str]:
    gc.collect()
    return Counter(name for found in gc.get_objects() if (name := _name_of_kind(found)))


def _name_of_kind(found: object) -> str:
    """The name of what is made for an application; empty for all else."""
    kind = type(found)
    if isinstance(found, type):
        is_schema = issubclass(found, BaseModel) and not issubclass(found, SQLModel)
        return found.__name__ if is_schema or issubclass(found, Struct) else ""
    made = issubclass(kind, (FastAPI, APIRoute)) or kind.__module__.startswith("modelwire.")
    return kind.__name__ if made else ""


async def test_dropped_applications_are_freed() -> None:
    """Nothing holds an application that its user has dropped, nor what was made for it."""
    await _serve_once()
    before = _count_kept()
    for _ in range(3):
        await _serve_once()
    kept = _count_kept() - before
    for _ in range(20):
        if not kept:
            break
        await asyncio.sleep(0.1)  # the threads of connections have to end
        kept = _count_kept() - before
    assert kept == Counter()

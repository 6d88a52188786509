"""Both databases with tables whose constraints are deferred, reached in every way."""

from functools import partial

import pytest_asyncio
from fastapi import Depends, FastAPI, Request

from modelwire import Database, UnitOfWorkDep
from tests.conftest import empty_tables, make_app
from tests.lanes import LANES
from tests.worlds import World, make_world_fixture

from .tables import Base, Owner, Tag, Ticket, make_resources

WAYS = (*LANES, "guarded")
"""The lanes, and routes whose dependencies FastAPI solves."""


def _pass() -> None:
    """A guard that lets everybody through."""


def _make_app(database: Database, way: str) -> FastAPI:
    options = {"dependencies": [Depends(_pass)]} if way == "guarded" else {}
    lane = "direct" if way == "guarded" else way
    app = make_app(database, lane, make_resources(**options), {})

    @app.post("/own")
    async def own(request: Request, session: UnitOfWorkDep) -> dict[str, str]:
        session.add(Ticket(**await request.json()))
        return {"status": "stored"}

    return app


tables = make_world_fixture(
    "commits",
    Base.metadata,
    lambda database: {way: partial(_make_app, database, way) for way in WAYS},
)


@pytest_asyncio.fixture
async def world(tables: World) -> World:
    """The same with two owners, three tickets and three tags."""
    async with tables.database.engine.begin() as connection:
        # Triggers keep some rows from being deleted.
        await connection.exec_driver_sql("UPDATE owners SET note = NULL")
        await connection.exec_driver_sql("UPDATE tickets SET note = NULL")
        await connection.exec_driver_sql("UPDATE ticket_tags SET tag_id = 1 WHERE tag_id = 3")
    await empty_tables(tables.database)
    async with tables.database.session() as session:
        session.add_all([Owner(name="ann"), Owner(name="bo", note="kept")])
        session.add_all([Tag(name="x"), Tag(name="y"), Tag(name="z")])
        await session.flush()
        session.add_all(
            [
                Ticket(code="a", badge=1, owner_id=1, tags=[await session.get_one(Tag, 3)]),
                Ticket(code="b", badge=2, owner_id=1, note="kept"),
                Ticket(code="c", badge=3),
            ]
        )
        await session.commit()
    return tables

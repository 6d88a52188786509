"""Databases with the tables of the transcripts, and the applications on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from typing import NamedTuple

import httpx2
from fastapi import FastAPI
from sqlalchemy import inspect

from modelwire import Database
from modelwire.statement.changes import CHANGES
from tests.conftest import PATIENT, empty_tables, open_client

from .applications import LIMITS, make_app_of
from .recording import record
from .tables import Base
from .transcripts import Exchange, Group, Names, cut, send, tell_response


class Served(NamedTuple):
    """An application and its own connections to the database."""

    app: FastAPI
    database: Database


class World:
    """A database, and the applications on it, which are made when a group asks for them first.

    Args:
        dialect: The kind of database.
        url: The URL of an empty one.
    """

    def __init__(self, dialect: str, url: str) -> None:
        self.dialect = dialect
        self._url = url
        self._served: dict[str, Served] = {}
        self._told: list[str] = []

    async def run(self, group: Group) -> list[list[str]]:
        """Send the requests of a group; returns what is told below each."""
        served = await self._serve(group.app)
        await _empty(served.database)
        names = Names()
        async with open_client(served.app) as client:
            return [
                await self._ask(served.database, client, exchange, names)
                for exchange in group.exchanges
            ]

    async def close(self) -> None:
        """Close all connections."""
        for served in self._served.values():
            await served.database.close_db()

    async def _serve(self, name: str) -> Served:
        if name not in self._served:
            database = Database(self._url, metadata=Base.metadata, **PATIENT)
            limits = LIMITS.get(name, {})
            database.settings = database.settings.model_copy(update=limits)
            record(database, self._told.append)
            app = make_app_of(name, database, self._told.append)
            await database.init_db()
            self._served[name] = Served(app, database)
        return self._served[name]

    async def _ask(
        self, database: Database, client: httpx2.AsyncClient, exchange: Exchange, names: Names
    ) -> list[str]:
        # Whether a write looks for triggers must not depend on the time.
        async with database.reading() as lane:
            await database.triggers.look(lane, database.metadata.sorted_tables)
        self._told.clear()
        response = await send(client, exchange, names)
        await asyncio.sleep(0)  # asyncpg tells of a statement a little later
        # SQLite tells of a statement again after each trigger that it has run.
        sent = [cut(names.name(line)) for line, _ in groupby(self._told)]
        lines = [*sent, *map(names.name, tell_response(response))]
        if not exchange.is_given:
            return lines
        assert response.is_success, (exchange.request, response.text)
        return []


async def _empty(database: Database) -> None:
    """Empty the tables, and the log of changes if an application has made one already."""
    await empty_tables(database)
    async with database.engine.begin() as connection:
        if await connection.run_sync(lambda raw: inspect(raw).has_table(CHANGES.name)):
            await connection.execute(CHANGES.delete())  # that was logged


@asynccontextmanager
async def open_world(dialect: str, url: str) -> AsyncIterator[World]:
    """Open an empty database."""
    world = World(dialect, url)
    yield world
    await world.close()

"""The same rows in both databases, whose texts compare by their code points, and on both lanes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import inspect
from sqlmodel import SQLModel

from modelwire import Database
from tests.conftest import DIALECTS, LANES, make_app, open_client

from .model import Rows
from .tables import MODELS, RESOURCES, Base


@dataclass(frozen=True)
class World:
    """One database, and a client of its resources on each lane."""

    database: Database
    clients: dict[str, httpx2.AsyncClient]

    async def fill(self, rows: Rows) -> None:
        """Replace all rows."""
        async with self.database.engine.begin() as connection:
            for model in reversed(MODELS):
                await connection.execute(_sql(model).delete())
            for model in MODELS:
                await _insert(connection, model, rows[str(model.__tablename__)])

    async def add(self, table: str, row: dict[str, Any]) -> None:
        """Store one more row."""
        async with self.database.engine.begin() as connection:
            await _insert(connection, _model(table), [row])

    async def remove(self, table: str, row: dict[str, Any]) -> None:
        """Delete a row."""
        sql = _sql(_model(table))
        key = [column == row[column.name] for column in sql.primary_key]
        async with self.database.engine.begin() as connection:
            await connection.execute(sql.delete().where(*key))


def _model(table: str) -> type[SQLModel]:
    return next(model for model in MODELS if model.__tablename__ == table)


def _sql(model: type[SQLModel]) -> Any:
    return inspect(model).local_table


async def _insert(connection: Any, model: type[SQLModel], rows: Any) -> None:
    # A self-reference may point to a row further down; all of a table stand in one statement.
    if rows:
        await connection.execute(_sql(model).insert().values(list(rows)))


async def create_database(server: str, name: str) -> str:
    """Create an empty database whose texts compare by their code points; returns its URL."""
    admin = await asyncpg.connect(server)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(
        f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' "
        "LC_CTYPE 'C.UTF-8'"
    )
    await admin.close()
    head, separator, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{query}"


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def world(
    request: pytest.FixtureRequest,
    worker_id: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """One kind of database with every table of these tests; the test runs once on each."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_database(server, f"modelwire_query_{worker_id}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('query')}/query.db"
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    async with AsyncExitStack() as stack:
        clients = {
            lane: await stack.enter_async_context(
                open_client(make_app(database, lane, RESOURCES, {}))
            )
            for lane in LANES
        }
        yield World(database, clients)
    await database.close_db()


@contextmanager
def describe(**what: object) -> Iterator[None]:
    """Say what was asked where an assertion about the answer fails."""
    try:
        yield
    except AssertionError as exc:
        for name, value in what.items():
            exc.add_note(f"{name}: {value}")
        raise

"""The service of the tenants over two databases, and what each answers."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx2
from fastapi import FastAPI
from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncConnection

from modelwire import Database
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Catalog
from modelwire.statement.idempotency import KEYS
from tests.conftest import make_app, open_client
from tests.lanes import LANES
from tests.worlds import World

from .requests import Request
from .rows import Rows, find_visible
from .tables import Member, me, resources

SECRET = b"the secret that both worlds seal cursors with"
UNTOLD = {"x-request-id", "date", "server-timing"}
"""Headers that are other ones each time."""


class Told(NamedTuple):
    """All that an answer tells."""

    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, repr=False)
class Worlds:
    """The two worlds.

    Args:
        full: The database with all rows, served with policies on both lanes.
        seen: The one with what the caller may see, served so too, and `open` without policies.
        catalog: The resources.
    """

    full: World
    seen: World
    catalog: Catalog

    @property
    def app(self) -> FastAPI:
        """One of the applications with policies."""
        return self.full.apps["direct"]

    async def fill(
        self, rows: Rows, who: Member, find: Callable[[Rows, Member], Rows] = find_visible
    ) -> None:
        """Put rows into the full world, and those that there are for a caller into the other."""
        await fill(self.full.database, rows)
        await fill(self.seen.database, find(rows, who))


async def open_worlds(
    stack: AsyncExitStack, urls: Sequence[str], metadata: MetaData, **options: Any
) -> Worlds:
    """Open both worlds, with empty tables.

    Args:
        stack: What closes them.
        urls: The databases, that of the full world first.
        metadata: Their tables.
        options: Those of `mount`, beside the caller.
    """
    guarded = resources(guarded=True)
    full, seen = [await _open(stack, url, metadata) for url in urls]
    await full.init_db()
    await seen.init_db()
    apps = {
        d: {x: make_app(d, x, guarded, {"caller": me, **options}) for x in LANES}
        for d in (full, seen)
    }
    apps[seen]["open"] = make_app(seen, "direct", resources(guarded=False), {})
    made = [
        World(
            d,
            found,
            {n: await stack.enter_async_context(open_client(a)) for n, a in found.items()},
        )
        for d, found in apps.items()
    ]
    in_full, in_seen = made
    return Worlds(in_full, in_seen, read_catalog(guarded, caller=me))


async def _open(stack: AsyncExitStack, url: str, metadata: MetaData) -> Database:
    database = Database(url, metadata=metadata)
    database.secrets.known = (SECRET,)
    stack.push_async_callback(database.close_db)
    return database


async def ask(client: httpx2.AsyncClient, request: Request, who: Member | None) -> Told:
    """Send a request as a caller."""
    answer = await client.request(
        request.method,
        request.url,
        json=request.body,
        headers={**request.headers, **(who.headers if who else {})},
    )
    told = {k: v for k, v in answer.headers.items() if k not in UNTOLD}
    return Told(answer.status_code, answer.content, told)


async def fill(database: Database, rows: Rows) -> None:
    """Replace all rows; what they refer to need not be there."""
    tables = database.metadata.sorted_tables
    async with _unchecked(database) as connection:
        for table in (*tables, KEYS):
            await connection.execute(table.delete())
        for table in tables:
            if rows[table.name]:
                await connection.execute(table.insert(), rows[table.name])


@asynccontextmanager
async def _unchecked(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction in which the database looks at no foreign key."""
    is_sqlite = database.dialect == "sqlite"
    async with database.engine.connect() as connection:
        if is_sqlite:
            await connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        else:
            await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield connection
        await connection.commit()
        if is_sqlite:
            await connection.exec_driver_sql("PRAGMA foreign_keys = ON")


async def read_rows(database: Database) -> Rows:
    """All rows of all tables, in the order of their keys."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with database.engine.connect() as connection:
        for table in database.metadata.sorted_tables:
            rows = await connection.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [dict(row) for row in rows.mappings()]
    return found

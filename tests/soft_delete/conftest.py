"""The same rows in both databases, and clients on each lane, with callers and without."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, func, insert, inspect, select

from modelwire import Database
from tests import worlds

from .tables import GUARDED, MODELS, RESOURCES, Base, me

Rows = Mapping[str, Sequence[dict[str, Any]]]


class World(worlds.World):
    """A database with its clients, whose rows are replaced and read."""

    async def fill(self, rows: Rows) -> None:
        """Replace all rows."""
        async with self.database.engine.begin() as connection:
            for model in reversed(MODELS):
                await connection.execute(delete(model))
            for model in MODELS:
                for row in rows.get(str(model.__tablename__), ()):
                    await connection.execute(insert(model).values(**row))
                if self.dialect == "postgresql" and "id" in model.model_fields:
                    # What was given keys is passed over by those that count up.
                    counter = func.pg_get_serial_sequence(str(model.__tablename__), "id")
                    await connection.execute(select(func.setval(counter, 1000)))

    async def read(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table as they are stored."""
        (model,) = (m for m in MODELS if m.__tablename__ == name)
        table: Any = inspect(model).local_table
        async with self.database.engine.connect() as connection:
            found = await connection.execute(select(table).order_by(*table.primary_key.columns))
            return [dict(row) for row in found.mappings()]


def make_apps(database: Database) -> worlds.Makers:
    """An application on each lane, and one with callers, as in `guarded direct`."""
    plain = worlds.on_lanes(RESOURCES)(database)
    guarded = worlds.on_lanes(GUARDED, caller=me)(database)
    return {**plain, **{f"guarded {lane}": make for lane, make in guarded.items()}}


world = worlds.make_world_fixture("soft_delete", Base.metadata, make_apps, kind=World)

ROWS: Rows = {
    "customers": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}],
    "tags": [{"id": 1, "name": "red"}, {"id": 2, "name": "blue"}],
    "invoices": [
        {"id": 1, "number": "A", "total": 5, "customer_id": 1},
        {"id": 2, "number": "B", "total": 7, "customer_id": 1, "copy_of_id": 1},
    ],
    "filings": [{"invoice_id": 1, "tag_id": 1}, {"invoice_id": 2, "tag_id": 1}],
    "lines": [
        {"id": 1, "text": "x", "invoice_id": 1},
        {"id": 2, "text": "y", "invoice_id": 1},
        {"id": 3, "text": "z", "invoice_id": 2},
    ],
    "parts": [{"id": 1, "line_id": 1}, {"id": 2, "line_id": 2}, {"id": 3, "line_id": 3}],
    "trials": [{"id": 1, "line_id": 1}],
    "notes": [{"id": 1, "text": "n", "invoice_id": 1}, {"id": 2, "text": "m"}],
    "folders": [{"id": 1}],
    "sheets": [{"id": 1, "folder_id": 1}, {"id": 2, "folder_id": 1}],
    "codes": [{"code": "a", "name": "one"}],
}


@pytest.fixture
async def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client where there are no callers, and these rows."""
    await world.fill(ROWS)
    return world.clients[lane]


@pytest.fixture
async def guarded(world: World, lane: str) -> httpx2.AsyncClient:
    """A client where there are callers, and these rows."""
    await world.fill(ROWS)
    found = world.clients[f"guarded {lane}"]
    found.headers.pop("x-clerk", None)
    return found


ADMIN = {"x-clerk": '{"id": "root", "is_admin": true}'}
"""The headers of who may see what is deleted."""

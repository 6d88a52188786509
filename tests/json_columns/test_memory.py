"""However many paths clients think of, no more is kept than has room."""

import gc
import logging
import tracemalloc

import pytest
from httpx2 import AsyncClient

from modelwire import Database
from modelwire import memory as kept
from modelwire.execute.connect import slots
from modelwire.statement import statements
from tests.conftest import make_app, open_client

from .tables import RESOURCES, Base

ROOM = 8
"""Answers of each function, and statements, that are kept here."""


async def ask(client: AsyncClient, numbers: range) -> None:
    """Ask for as many parts as there are numbers, in every way."""
    for number in numbers:
        path = f"meta.name{number}"
        asked = {path: "1", "sort": path, "fields": path, "or": f"({path}__has:x)"}
        answer = await client.get("/things/", params=asked)
        assert answer.status_code == 200, answer.text


async def test_paths_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another path takes the place of one that was asked for before."""
    monkeypatch.setattr(kept, "KEPT", ROOM)
    monkeypatch.setattr(statements, "CACHED_SHAPES", ROOM)
    monkeypatch.setattr(slots, "_KNOWN", ROOM)
    database = Database("sqlite://", metadata=Base.metadata)
    app = make_app(database, "direct", RESOURCES, {})
    await database.init_db()
    # Other tests may have switched the log of SQL on, of which pytest keeps every line.
    logging.disable(logging.INFO)
    async with open_client(app) as client:
        await ask(client, range(8 * ROOM))
        gc.collect()
        tracemalloc.start()
        try:
            await ask(client, range(8 * ROOM, 9 * ROOM))
            gc.collect()
            once, _ = tracemalloc.get_traced_memory()
            await ask(client, range(9 * ROOM, 17 * ROOM))
            gc.collect()
            often, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            logging.disable(logging.NOTSET)
    await database.close_db()
    assert often < once * 1.5

"""Hooks that do nothing cost little."""

import time
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Change, Database, Hooks, Resource, mount
from tests.conftest import create_postgres_database, open_client
from tests.lanes import DIALECTS

ROWS, TIMES, MOST_TIMES, MOST = 1000, 7, 50, 2.0
"""Rows of a request, how often it is timed at least and at most, and how much longer than without
hooks it may take."""


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Plain(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    number: int = 0
    note: str | None = None


class Hooked(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    number: int = 0
    note: str | None = None


def nothing(_change: Change) -> None:
    """Do nothing."""


async def measure(client: httpx2.AsyncClient, path: str) -> float:
    """The seconds of CPU that one bulk takes here, which others on the machine don't lengthen."""
    rows: Any = [{"name": f"n{i}", "number": i, "note": "some text"} for i in range(ROWS)]
    begun = time.process_time()
    answer = await client.post(f"{path}/bulk/", json=rows)
    took_s = time.process_time() - begun
    assert answer.status_code == 201
    return took_s


@pytest.mark.parametrize("hook", ["before_create", "after_create", "after_commit"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_empty_hook(
    dialect: str, hook: str, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    """A bulk of 1,000 rows with an empty hook takes at most twice as long as without."""
    url = f"sqlite:///{tmp_path}/cost.db"
    if dialect == "postgresql":
        server = request.getfixturevalue("postgres_server")
        worker = request.getfixturevalue("worker_id")
        url = await create_postgres_database(server, f"modelwire_hooks_cost_{worker}")
    database, app = Database(url, metadata=Base.metadata), FastAPI()
    await database.init_db()
    hooks = Hooks(**{hook: [nothing]})
    mount(app, database, Resource(Plain), Resource(Hooked, hooks=hooks))
    plain, hooked = [], []
    async with open_client(app) as client:
        for path in ("/plain", "/hooked"):
            await measure(client, path)
        for turn in range(MOST_TIMES):
            plain.append(await measure(client, "/plain"))
            hooked.append(await measure(client, "/hooked"))
            if turn >= TIMES and min(hooked) <= MOST * min(plain):
                break  # caches shared with other work need more turns
    await database.close_db()
    assert min(hooked) <= MOST * min(plain)

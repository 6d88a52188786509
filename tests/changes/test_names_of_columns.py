"""Tables whose columns have the names that the log of changes itself uses."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS

NAMES = ("n", "o", "old", "new", "key", "image", "row", "typed", "given", "place", "number", "at")


class Own(SQLModel, registry=registry()):
    """Tables of its own."""


class Cell(Own, table=True):
    __tablename__ = "log_cells"

    id: int | None = Field(default=None, primary_key=True)
    n: int = 0
    o: int = 0
    old: int = 0
    new: int = 0
    key: int = 0
    image: int = 0
    row: int = 0
    typed: int = 0
    given: int = 0
    place: int = 0
    number: int = 0
    at: int = 0


@pytest_asyncio.fixture(params=DIALECTS)
async def cells(
    request: pytest.FixtureRequest, make_url: MakeURL, lane: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the cells."""
    url = await make_url(request.param, "cells")
    database = Database(url, metadata=Own.metadata, **PATIENT)
    await database.init_db()
    resources = (Resource(Cell, changes=Changes()),)
    async with open_client(make_app(database, lane, resources, {})) as client:
        yield client
    await database.close_db()


async def test_names(cells: httpx2.AsyncClient) -> None:
    """Each column is kept, and comes back out of the log."""
    first = dict.fromkeys(NAMES, 1)
    answer = await cells.post("/log_cells/", json=first)
    assert answer.status_code == 201, answer.text
    second = {name: number for number, name in enumerate(NAMES, 2)}
    answer = await cells.patch("/log_cells/1", json=second)
    assert answer.status_code == 200, answer.text
    assert (await cells.delete("/log_cells/1")).status_code == 204
    answer = await cells.get("/log_cells/1/history/")
    assert answer.status_code == 200, answer.text
    gone, changed, made = (entry["changed"] for entry in answer.json()["items"])
    assert {name: made[name]["new"] for name in NAMES} == first
    assert {name: (changed[name]["old"], changed[name]["new"]) for name in NAMES} == {
        name: (1, second[name]) for name in NAMES
    }
    assert {name: gone[name]["old"] for name in NAMES} == second

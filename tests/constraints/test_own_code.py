"""Constraints that fire in an application's own endpoints."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from sqlalchemy import delete, text
from sqlmodel import SQLModel

from modelwire import Database, SessionDep, mount
from tests.conftest import open_client
from tests.http.problems import read_problem
from tests.worlds import World

from .cases import ROWS, VALID, Refused
from .references import Car, Node, Region, Team, Ticket, Town
from .tables import RESOURCES, Account, Measure, Order, OrderItem

MODELS: dict[str, type[SQLModel]] = {
    "accounts": Account, "measures": Measure, "order-items": OrderItem,
}  # fmt: skip
SERVED = (*MODELS.values(), Order, Team, Ticket, Region, Town, Node, Car)
KEYS = {"fullName": "full_name", "unitPrice": "unit_price", "lineNo": "line_no"}
UNIQUE_AND_CHECKED = [
    pytest.param(case, id=name)
    for name, case in ROWS.items()
    if case.path in MODELS and case.code in ("already_exists", "check")
]


def model_of(path: str, row: dict[str, Any]) -> SQLModel:
    """A row as a model, by the names of its attributes."""
    return MODELS[path](**{KEYS.get(name, name): value for name, value in row.items()})


def make_app(database: Database) -> FastAPI:
    """An application with endpoints of its own beside the resources."""
    app = FastAPI()

    @app.post("/own/{path}")
    async def add(path: str, request: Request, session: SessionDep) -> None:
        session.add(model_of(path, await request.json()))
        await session.commit()

    @app.delete("/own/teams")
    async def remove(session: SessionDep) -> None:
        await session.exec(delete(Team))
        await session.commit()

    @app.post("/own")
    async def run(request: Request, session: SessionDep) -> int:
        result = await session.exec(text((await request.body()).decode()))  # type: ignore[call-overload]
        await session.commit()
        return int(result.rowcount)

    mount(app, database, *(r for r in RESOURCES if r.model in SERVED))
    return app


@pytest_asyncio.fixture(scope="module")
async def served(tables: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(make_app(tables.database)) as client:
        yield client


@pytest.fixture
def own(served: httpx2.AsyncClient, world: World) -> httpx2.AsyncClient:
    """A client of an application with endpoints of its own, and empty tables."""
    return served


@pytest.mark.parametrize("case", UNIQUE_AND_CHECKED)
async def test_refused_object(own: httpx2.AsyncClient, case: Refused) -> None:
    """An object that a constraint refuses is a problem that names fields, but no place."""
    for path, row in case.stored:
        assert (await own.post(f"/{path}/", json=row)).status_code == 201
    answer = await own.post(f"/own/{case.path}", json={**VALID[case.path](9), **case.wrong})
    document = read_problem(answer, case.status, case.code)
    assert document["detail"] == case.detail
    assert [(sorted(f), f["code"]) for f in document["errors"]] == [
        (["code", "message"], case.code) for _ in case.fields
    ]


async def test_text(own: httpx2.AsyncClient) -> None:
    """SQL as a text may change rows; what it is refused for is a problem too."""
    answer = await own.post("/own", content="INSERT INTO teams (name) VALUES ('a'), ('b')")
    assert answer.json() == 2
    answer = await own.post("/own", content='UPDATE "Order Items" SET "Line No" = 1')
    assert answer.json() == 0
    answer = await own.post("/own", content="INSERT INTO measures (length) VALUES (NULL)")
    read_problem(answer, 422, "not_null")


REFERRING = (
    "INSERT INTO regions (country, name, size) VALUES ('a', 'b', 1)",
    "INSERT INTO towns (id, country, region_name) VALUES (1, 'a', 'b')",
    "INSERT INTO nodes (code) VALUES ('top')",
    "INSERT INTO nodes (code, parent_code) VALUES ('below', 'top')",
    "INSERT INTO plates (id, number, shade) VALUES (1, 'n1', 'x')",
    "INSERT INTO cars (id, plate) VALUES (1, 'n1')",
    "INSERT INTO a_stickers (id, plate_id) VALUES (1, 1)",
)
LEFT = {
    "a composite key": ("UPDATE regions SET name = 'c'", " by towns"),
    "with a condition": ("UPDATE regions SET name = 'c' WHERE country = 'a'", " by towns"),
    "a value that is no key": ("UPDATE plates SET number = 'n2'", " by cars"),
    "by a table that is not served": ("UPDATE plates SET id = 2", ""),
    "its own table": ("UPDATE nodes SET code = 'x' WHERE code = 'top'", " by nodes"),
}
ORPHANED = {
    "a new row": ("INSERT INTO towns (id, country, region_name) VALUES (2, 'a', 'z')", "Region"),
    "a composite key": ("UPDATE towns SET region_name = 'z'", "Region"),
    "its own table": ("UPDATE nodes SET parent_code = 'z' WHERE code = 'below'", "Node"),
    "behind a condition of a value": (
        "UPDATE towns SET id = (SELECT 2 WHERE 1 = 1), region_name = 'z'",
        "Region",
    ),
    "another table that is not served": ("UPDATE cars SET plate = 'z'", ""),
}


@pytest.fixture
async def referring(own: httpx2.AsyncClient) -> None:
    """Rows that others refer to."""
    for statement in REFERRING:
        assert (await own.post("/own", content=statement)).json() == 1


@pytest.mark.usefixtures("referring")
@pytest.mark.parametrize(("statement", "by"), LEFT.values(), ids=LEFT)
async def test_changed_parent(
    world: World, own: httpx2.AsyncClient, statement: str, by: str
) -> None:
    """A value that other rows refer to can't be changed; SQLite does not say which rows."""
    answer = await own.post("/own", content=statement)
    document = read_problem(answer, 409, "still_referenced")
    named = by if world.database.dialect == "postgresql" else ""
    assert document["detail"] == f"The row is still referenced{named}"


@pytest.mark.usefixtures("referring")
@pytest.mark.parametrize(("statement", "parent"), ORPHANED.values(), ids=ORPHANED)
async def test_missing_parent(own: httpx2.AsyncClient, statement: str, parent: str) -> None:
    """A row that refers to one that is not there is not one with referrers."""
    answer = await own.post("/own", content=statement)
    document = read_problem(answer, 400, "parent_not_found")
    unnamed = "A row that this one refers to was not found"
    assert document["detail"] == (f"{parent} not found" if parent else unnamed)


async def test_refused_commit(world: World, own: httpx2.AsyncClient) -> None:
    """A refused COMMIT of an application's own is rolled back, and blocks no later write."""
    assert (await own.post("/teams/", json={})).status_code == 201
    assert (await own.post("/tickets/", json={"team_id": 1})).status_code == 201
    for _ in range(3):
        assert (await own.delete("/own/teams")).status_code in (400, 409)
        assert (await own.get("/teams/1")).status_code == 200
        assert (await own.post("/teams/", json={})).status_code == 201
    async with world.database.session() as session:
        assert await session.get(Ticket, 1) is not None

"""Hooks, and endpoints of an application's own, with rows that are deleted softly."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlmodel import col, delete, select

from modelwire import (
    CallerSessionDep,
    Change,
    Hooks,
    Policy,
    Refused,
    everyone,
    nobody,
)
from tests.conftest import make_app, open_client

from .conftest import ADMIN, ROWS, World
from .tables import GUARDED, RESOURCES, Code, Invoice, Line, me
from .test_deleted import ids

pytestmark = pytest.mark.both_lanes

CALLS: list[tuple[str, str, list[Any]]] = []


def note(change: Change) -> None:
    keys = [row.old.id for row in change.rows if row.old is not None]
    assert all((row.new is None) is (change.operation == "delete") for row in change.rows)
    CALLS.append((change.model.__name__, change.operation, keys))


def refuse_large(change: Change) -> None:
    for row in change.rows:
        if row.old is not None and row.old.total > 100:
            raise Refused("A large invoice stays", row.pointer)


HOOKS = Hooks(before_delete=[note], after_delete=[note], before_update=[note], after_update=[note])


@pytest.fixture
async def hooked(world: World, lane: str) -> AsyncIterator[AsyncClient]:
    """A client of resources with hooks."""
    own = Hooks(before_delete=[refuse_large, note], after_delete=[note], after_update=[note])
    hooks: dict[Any, Hooks] = {Invoice: own, Line: HOOKS}
    resources = tuple(replace(r, hooks=hooks.get(r.model)) for r in RESOURCES)
    await world.fill(ROWS)
    CALLS.clear()
    async with open_client(make_app(world.database, lane, resources, {})) as client:
        yield client


async def test_hooks(hooked: AsyncClient) -> None:
    """They see a delete, of what goes along too, and a change as a row comes back."""
    await hooked.delete("/lines/2")
    CALLS.clear()
    assert (await hooked.delete("/invoices/1")).status_code == 204
    assert CALLS == [
        ("Invoice", "delete", [1]),
        ("Line", "delete", [1]),
        ("Invoice", "delete", [1]),
        ("Line", "delete", [1]),
    ]
    CALLS.clear()
    assert (await hooked.post("/invoices/1/restore")).status_code == 200
    assert CALLS == [
        ("Line", "update", [1]),
        ("Invoice", "update", [1]),
        ("Line", "update", [1]),
    ]


async def test_hooks_refuse(hooked: AsyncClient) -> None:
    """A row whose delete a hook refuses stays as it is."""
    await hooked.patch("/invoices/1", json={"total": 101})
    answer = await hooked.delete("/invoices/1")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await ids(hooked, "/invoices/") == [1, 2]
    headers = {"prefer": "max-affected=5"}
    assert (await hooked.delete("/invoices/?id__gt=0", headers=headers)).status_code == 409


def add_endpoints(app: FastAPI) -> None:
    @app.get("/numbers")
    async def numbers(session: CallerSessionDep) -> list[str]:
        return list(await session.exec(select(Invoice.number).order_by(col(Invoice.id))))

    @app.get("/notes-of/{number}")
    async def texts(number: str, session: CallerSessionDep) -> list[str]:
        query = select(Line.text).join(Invoice).where(Invoice.number == number)
        return list(await session.exec(query))

    @app.post("/mark/{key}")
    async def mark(key: int, session: CallerSessionDep) -> bool:
        invoice = await session.get(Invoice, key)
        if invoice is not None:
            invoice.deleted_at = dt.datetime.now(dt.UTC)
        return invoice is not None

    @app.post("/mark/{key}/total/{total}")
    async def mark_and_set(key: int, total: int, session: CallerSessionDep) -> None:
        invoice = await session.get_one(Invoice, key)
        invoice.deleted_at, invoice.total = dt.datetime.now(dt.UTC), total

    @app.post("/remove-code")
    async def remove(session: CallerSessionDep) -> None:
        await session.delete(await session.get(Code, "a"))

    @app.post("/remove-all")
    async def remove_all(session: CallerSessionDep) -> None:
        await session.exec(delete(Invoice))


async def test_own_endpoints(world: World, lane: str, caplog: pytest.LogCaptureFixture) -> None:
    """Sessions of callers have no deleted rows, delete by the column, and remove nothing."""
    await world.fill(ROWS)
    app = make_app(world.database, lane, GUARDED, {"caller": me})
    add_endpoints(app)
    async with open_client(app) as client:
        assert (await client.get("/numbers")).json() == ["A", "B"]
        assert (await client.post("/mark/1")).json() is True
        assert (await client.get("/numbers")).json() == ["B"]
        assert (await client.get("/notes-of/A")).json() == []
        assert (await client.post("/mark/1")).json() is False
        assert (await world.read("invoices"))[0]["changed_by"] == "ann"
        for path, name in (("/remove-code", "Code"), ("/remove-all", "Invoice")):
            assert (await client.post(path)).status_code == 500
            assert f"Set {name}.deleted_at of the object" in caplog.text
            caplog.clear()
        assert [row["deleted_at"] for row in await world.read("codes")] == [None]
        assert (await client.get("/numbers")).json() == ["B"]
        back = await client.post("/invoices/1/restore", headers=ADMIN)
        assert back.status_code == 200


async def test_own_deletes_ask_the_policy(world: World, lane: str) -> None:
    """Setting the column is a delete to the policy, and no update."""
    await world.fill(ROWS)
    policies = {
        204: Policy(read=everyone, update=nobody, delete=everyone),
        403: Policy(read=everyone, update=everyone, delete=nobody),
    }
    for status, policy in policies.items():
        own = tuple(replace(r, policy=policy) if r.model is Invoice else r for r in GUARDED)
        app = make_app(world.database, lane, own, {"caller": me})
        add_endpoints(app)
        async with open_client(app) as client:
            answer = await client.delete(f"/invoices/{1 if status == 204 else 2}")
            assert answer.status_code == status
            marked = await client.post("/mark/2")
            assert marked.status_code == (200 if status == 204 else 403), marked.text
        await world.fill(ROWS)


async def test_own_deletes_that_change_more(world: World, lane: str) -> None:
    """A row that is changed as it is deleted must satisfy the policy of updates as it is left."""
    await world.fill(ROWS)
    policy = Policy(read=everyone, update=col(Invoice.total) < 50, delete=everyone)
    own = tuple(replace(r, policy=policy) if r.model is Invoice else r for r in GUARDED)
    app = make_app(world.database, lane, own, {"caller": me})
    add_endpoints(app)
    async with open_client(app) as client:
        refused = await client.post("/mark/1/total/50")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert await ids(client, "/invoices/") == [1, 2]
        assert (await client.post("/mark/1/total/49")).status_code == 200
        assert await ids(client, "/invoices/") == [2]

"""Hooks after the commit, and transactions that are tried again."""

import asyncio
import logging
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlmodel import select

from modelwire import Change, Database
from modelwire.errors import Contention
from tests.hooks.tables import Audit, Invoice, Script
from tests.worlds import World


async def test_error_changes_nothing(
    client: httpx2.AsyncClient, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """An error after the commit is logged, and the write is answered."""

    def fail(_change: Change) -> None:
        raise ValueError("boom")

    script.on("Invoice.after_commit", fail)
    with caplog.at_level(logging.ERROR, logger="modelwire"):
        answer = await client.post("/invoices/", json={"code": "x"})
    assert answer.status_code == 201
    assert "after the commit of the create of Invoice" in caplog.text
    assert (await client.get("/invoices/1")).status_code == 200


async def test_sees_what_is_committed(
    client: httpx2.AsyncClient, script: Script, database: Database
) -> None:
    """The commit is over: others see the row, and the session may write something of its own."""
    seen: list[Any] = []

    async def look(change: Change) -> None:
        async with database.session() as other:
            seen.append(await other.get(Invoice, 1))
        change.session.add(Audit(text="later"))
        await change.session.commit()

    script.on("Invoice.after_commit", look)
    assert (await client.post("/invoices/", json={"code": "x"})).status_code == 201
    assert seen[0].code == "x"
    async with database.session() as session:
        assert (await session.get(Audit, 1)) is not None


async def test_slow_one_goes_on(hooked_world: World, database: Database, script: Script) -> None:
    """An answer does not wait for long, and what runs after the commit comes to its end."""
    ended = asyncio.Event()

    async def wait(_change: Change) -> None:
        await asyncio.sleep(1.5)
        ended.set()

    del database
    script.on("Invoice.after_commit", wait)
    answer = await hooked_world.clients["direct"].post("/invoices/", json={})
    assert answer.status_code == 201
    assert not ended.is_set()
    async with asyncio.timeout(3):
        await ended.wait()


@pytest.mark.parametrize("when", ["before_create", "after_create"])
async def test_tried_again(
    hooked_world: World, database: Database, script: Script, when: str
) -> None:
    """Others were in the way: hooks before and after run again, those after the commit once."""
    failures = 2

    def meet(change: Change) -> None:
        nonlocal failures
        change.session.add(Audit(text="once"))
        if failures:
            failures -= 1
            raise Contention

    script.on(f"Invoice.{when}", meet)
    answer = await hooked_world.clients["direct"].post("/invoices/", json={"code": "x"})
    assert answer.status_code == 201, answer.text
    assert script.names.count(f"Invoice.{when}") == 3
    assert script.names.count("Invoice.after_commit") == 1
    assert (await hooked_world.clients["direct"].get("/invoices/")).json()["total"] == 1


async def test_deadlock_is_tried_again(
    hooked_world: World, database: Database, script: Script
) -> None:
    """Two requests whose hooks lock each other's rows are both answered."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite has one writer at a time, so hooks don't meet")
    client = hooked_world.clients["direct"]
    for code in ("a", "b"):
        await client.post("/invoices/", json={"code": code})
    met = asyncio.Barrier(2)
    first = True

    async def lock_other(change: Change) -> None:
        nonlocal first
        (row,) = change.rows
        assert row.old is not None
        if first:
            await met.wait()
            first = False
        other = 3 - row.old.id
        statement = text("UPDATE invoices SET note = 'hook' WHERE id = :id")
        connection = await change.session.connection()
        await connection.execute(statement, {"id": other})

    script.on("Invoice.before_update", lock_other)
    script.calls.clear()
    answers = await asyncio.gather(
        *(client.patch(f"/invoices/{key}", json={"note": "x"}) for key in (1, 2))
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert script.names.count("Invoice.before_update") >= 3
    assert script.names.count("Invoice.after_commit") == 2


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("when", ["before_create", "after_create"])
async def test_transaction_is_not_theirs(
    client: httpx2.AsyncClient,
    script: Script,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    end: str,
    when: str,
) -> None:
    """A hook that ends the transaction is at fault, and nothing is written."""

    async def end_it(change: Change) -> None:
        change.session.add(Audit(text="gone"))
        await change.session.flush()
        await getattr(change.session, end)()

    script.on(f"Invoice.{when}", end_it)
    with caplog.at_level(logging.ERROR, logger="modelwire"):
        answer = await client.post("/invoices/", json={"code": "x"})
    assert answer.status_code == 500
    assert f"A hook has called {end}" in caplog.text
    assert (await client.get("/invoices/")).json()["total"] == 0
    async with database.session() as session:
        assert await session.get(Audit, 1) is None


async def test_statement_of_a_hook_that_is_refused(
    client: httpx2.AsyncClient, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """What a constraint refuses to a hook is the hook's fault, and no client's."""

    async def write_twice(change: Change) -> None:
        for _ in range(2):
            change.session.add(Audit(text="same"))
            await change.session.flush()

    script.on("Invoice.before_create", write_twice)
    with caplog.at_level(logging.ERROR, logger="modelwire"):
        answer = await client.post("/invoices/", json={"code": "x"})
    assert answer.status_code == 500
    assert "raise HookError" in caplog.text
    assert (await client.get("/invoices/")).json()["total"] == 0


async def test_connection_that_is_lost_in_a_hook(
    client: httpx2.AsyncClient, script: Script, database: Database
) -> None:
    """What the server fails in is as unavailable as it is for any statement."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no server")

    async def end(change: Change) -> None:
        connection = await change.session.connection()
        await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    script.on("Invoice.before_create", end)
    answer = await client.post("/invoices/", json={"code": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_savepoint_of_a_hook(
    client: httpx2.AsyncClient, script: Script, database: Database
) -> None:
    """A hook may have savepoints of its own."""

    async def try_both(change: Change) -> None:
        async with change.session.begin_nested():
            change.session.add(Audit(text="kept"))
        part = await change.session.begin_nested()
        change.session.add(Audit(text="undone"))
        await part.rollback()

    script.on("Invoice.before_create", try_both)
    assert (await client.post("/invoices/", json={"code": "x"})).status_code == 201
    async with database.session() as session:
        assert (await session.exec(select(Audit.text))).all() == ["kept"]


async def test_bulk_is_tried_one_by_one(client: httpx2.AsyncClient, script: Script) -> None:
    """A bulk that is refused names the row at fault; what hooks did the first time is undone."""

    def note(change: Change) -> None:
        change.session.add(Audit(text="only one"))

    await client.post("/invoices/", json={"code": "taken"})
    script.calls.clear()
    script.on("Invoice.before_create", note)
    rows = [{"code": "x"}, {"code": "taken"}]
    answer = await client.post("/invoices/bulk/", json=rows)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/1/code"]
    assert script.names == ["Invoice.before_create"] * 2


async def test_not_for_what_was_rolled_back(client: httpx2.AsyncClient, script: Script) -> None:
    """A write refused by a constraint runs no hook after a commit."""
    await client.post("/invoices/", json={"code": "taken"})
    script.calls.clear()
    answer = await client.post("/invoices/", json={"code": "taken"})
    assert answer.status_code == 400
    assert "Invoice.after_commit" not in script.names


async def test_overridden_session_is_theirs(
    hooked_world: World, database: Database, script: Script
) -> None:
    """Hooks work in the session that is put in the way, and see what was done in it."""
    from modelwire.testing import open_client, rolled_back_session  # noqa: PLC0415

    sessions: list[Any] = []
    script.on("Invoice.before_create", lambda change: sessions.append(change.session))
    script.on("Invoice.after_commit", lambda change: sessions.append(change.session))
    async with rolled_back_session(database) as session:
        app = hooked_world.apps["direct"]
        async with open_client(app, session) as client:
            assert (await client.post("/invoices/", json={})).status_code == 201
        assert sessions == [session, session]
    assert (await hooked_world.clients["direct"].get("/invoices/")).json()["total"] == 0

"""Every way of writing runs the hooks of each table that it writes."""

from typing import Any

import httpx2
import pytest
from fastapi import HTTPException
from sqlalchemy import func
from sqlmodel import select

from modelwire import Change, Database, Refused
from tests.conftest import empty_tables
from tests.hooks.tables import Audit, Script
from tests.hooks.ways import WAYS, Way, dump, go, store_rows

EVERY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
HOOKED = pytest.mark.parametrize("way", [w for w in WAYS if w.hooks], ids=lambda way: way.name)


def expected_calls(way: Way) -> list[tuple[str, str, int]]:
    """The calls of a way: before a write, after all of it, and after the commit."""
    if not way.each:
        steps = [way.hooks]
    elif way.method == "DELETE":
        steps = [way.hooks[:-1], way.hooks[-1:]]
    else:
        steps = [(hook,) for hook in way.hooks]
    calls: list[tuple[str, str, int]] = []
    for step in steps:
        for when in ("before", "after"):
            calls += [(f"{model}.{when}_{operation}", operation, n) for model, operation, n in step]
    return calls + [(f"{model}.after_commit", operation, n) for model, operation, n in way.hooks]


@EVERY
async def test_calls(client: httpx2.AsyncClient, script: Script, way: Way) -> None:
    """Each hook is called once with all rows of its table, in the order of the work."""
    await store_rows(client)
    script.calls.clear()
    answer = await go(client, way)
    assert answer.is_success, answer.text
    calls = [(f"{c.model}.{c.hook}", c.operation, len(c.rows)) for c in script.calls]
    assert calls == expected_calls(way)
    for call in script.calls:
        for old, new, _ in call.rows:
            assert (old is None) == (call.operation == "create")
            assert (new is None) == (call.operation == "delete")
            if old is not None and call.model == "Invoice":
                assert old["margin"] == 7


SOME = ("create", "bulk, each", "delete", "link")
"""Ways that stand for all, where these differ in nothing."""


@pytest.mark.parametrize(
    ("way", "error"),
    [
        pytest.param(way, error, id=f"{way.name}-{error}")
        for way in WAYS
        for error in ("refused", "http", "unexpected", "system")
        if way.hooks and (error == "refused" or way.name in SOME)
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_nothing_is_left(
    client: httpx2.AsyncClient, script: Script, database: Database, way: Way, when: str, error: str
) -> None:
    """Whichever hook raises, nothing is written, and what it says is the answer."""
    await store_rows(client)
    errors: dict[str, tuple[Exception, int]] = {
        "refused": (Refused("Not now"), 409),
        "http": (HTTPException(418, "teapot"), 418),
        "unexpected": (ValueError("boom"), 500),
        "system": (ConnectionError("boom"), 500),
    }
    raised, status = errors[error]
    before = await dump(client)
    for model, operation, _ in dict.fromkeys(way.hooks):
        script.acts.clear()
        script.calls.clear()

        def refuse(change: Change) -> None:
            change.session.add(Audit(text=f"{change.model.__name__} {len(script.calls)}"))
            raise raised

        script.on(f"{model}.{when}_{operation}", refuse)
        answer = await go(client, way)
        if not way.each or status == 500:
            assert answer.status_code == status, answer.text
            assert await dump(client) == before
            assert not any(name.endswith("after_commit") for name in script.names)
        else:
            assert answer.status_code == 207
            outcomes = answer.json()["items"]
            assert status in [outcome["status"] for outcome in outcomes]
            done = [c for c in script.calls if c.hook == "after_commit"]
            assert (model, operation) not in [(call.model, call.operation) for call in done]
            script.acts.clear()
            await empty_tables(database)
            await store_rows(client)
        async with database.session() as session:
            assert (await session.exec(select(func.count()).select_from(Audit))).one() == 0


@HOOKED
async def test_work_of_hooks(
    client: httpx2.AsyncClient, script: Script, database: Database, way: Way
) -> None:
    """Writes of hooks in their session are committed with the rest, once."""
    await store_rows(client)

    def note(change: Change) -> None:
        change.session.add(Audit(text=f"{change.model.__name__} {len(script.calls)}"))

    script.calls.clear()
    for model, operation, _ in way.hooks:
        for when in ("before", "after"):
            script.on(f"{model}.{when}_{operation}", note)
    answer = await go(client, way)
    assert answer.is_success, answer.text
    async with database.session() as session:
        texts = (await session.exec(select(Audit.text).order_by(Audit.id))).all()  # type: ignore[arg-type]
    assert len(texts) == len([n for n in script.names if n in script.acts])


@pytest.mark.parametrize(
    "way", [w for w in WAYS if w.hooks and w.method in ("POST", "PATCH")], ids=lambda way: way.name
)
async def test_replay_runs_none(client: httpx2.AsyncClient, script: Script, way: Way) -> None:
    """A replayed request is answered again, and runs no hook."""
    await store_rows(client)
    first = await go(client, way, **{"Idempotency-Key": "k"})
    assert first.is_success, first.text
    script.calls.clear()
    again = await go(client, way, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert script.calls == []


async def test_links(client: httpx2.AsyncClient, script: Script) -> None:
    """Links are told by their relationship, keys and what becomes of them."""
    await store_rows(client)
    requests: list[tuple[str, str, Any, Any]] = [
        ("PUT", "/invoices/2/labels/2", None, ("labels", [2], "add")),
        ("DELETE", "/invoices/2/labels/2", None, ("labels", [2], "remove")),
        ("PATCH", "/invoices/2", {"labels": [1, 2]}, ("labels", [1, 2], "set")),
        ("POST", "/invoices/", {"code": "n", "labels": [1]}, ("labels", [1], "add")),
    ]
    for method, path, body, link in requests:
        script.calls.clear()
        sent = {} if body is None else {"json": body}
        answer = await client.request(method, path, **sent)
        assert answer.is_success, answer.text
        assert [call.links for call in script.calls] == [[link]] * 3


async def test_value_set_with_a_link(client: httpx2.AsyncClient, script: Script) -> None:
    """A hook may set values of the row that is linked."""
    await store_rows(client)

    def note(change: Change) -> None:
        for row in change.rows:
            assert row.new is not None
            assert dict(row.new) == {}
            row.new.note = "linked"

    script.on("Invoice.before_update", note)
    assert (await client.put("/invoices/2/labels/2")).status_code == 204
    assert (await client.get("/invoices/2")).json()["note"] == "linked"
    (after,) = [c for c in script.calls if c.hook == "after_update"][-1:]
    assert after.rows[0][1] is not None
    assert after.rows[0][1]["note"] == "linked"

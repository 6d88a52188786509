"""Upserts of tables with hooks: whether a row is new is known before it is written."""

import asyncio
from typing import Any

import httpx2
import pytest

from modelwire import Change, Database
from tests.hooks.tables import Invoice, Script
from tests.hooks.ways import store_rows
from tests.worlds import World

UPSERT = "/invoices/bulk/?on_conflict=code"


async def test_order_and_values(client: httpx2.AsyncClient, script: Script) -> None:
    """Rows are answered in their order, whichever they turned out to be."""
    await store_rows(client)
    script.calls.clear()
    rows = [{"code": "z"}, {"code": "b", "note": "n"}, {"code": "a", "note": "m"}]
    answer = await client.post(UPSERT, json=rows)
    assert answer.status_code == 200, answer.text
    assert [(r["code"], r["id"], r["note"]) for r in answer.json()] == [
        ("z", 3, None),
        ("b", 2, "n"),
        ("a", 1, "m"),
    ]
    updated = next(c for c in script.calls if c.hook == "before_update")
    assert [(old or {})["code"] for old, _, _ in updated.rows] == ["b", "a"]
    assert [pointer for _, _, pointer in updated.rows] == ["/1", "/2"]


@pytest.mark.parametrize("code", ["q", "b"])
async def test_refused_by_a_check(client: httpx2.AsyncClient, code: str) -> None:
    """The row that a check refuses, new or not, is found among many row by row."""
    await store_rows(client)
    rows = [{"code": c, "note": n} for c, n in (("p", "n"), ("a", "n"), (code, "refused"))]
    answer = await client.post(UPSERT, json=rows)
    assert answer.status_code == 422, answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/2/note"]
    assert (await client.get("/invoices/?code=p")).json()["total"] == 0


async def test_refused_by_a_constraint(client: httpx2.AsyncClient) -> None:
    """A violated constraint is explained for its row, new or not."""
    await store_rows(client)
    for row in ({"code": "q", "customer_id": 9}, {"code": "b", "customer_id": 9}):
        answer = await client.post(UPSERT, json=[{"code": "a", "note": "n"}, row])
        assert answer.status_code == 400, answer.text
        assert [e["pointer"] for e in answer.json()["errors"]] == ["/1/customer_id"]
        assert (await client.get("/invoices/1")).json()["note"] is None


@pytest.mark.parametrize("resolution", ["merge-duplicates", "ignore-duplicates"])
async def test_row_that_comes_in_between(
    hooked_world: World, database: Database, script: Script, resolution: str
) -> None:
    """A row stored concurrently after the look-up is found the second time, and is no new one."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite has one writer at a time: nobody comes in between")
    client = hooked_world.clients["direct"]

    async def store_other(change: Change) -> None:
        del change
        if script.names.count("Invoice.before_create") == 1:
            async with database.session() as other:
                other.add(Invoice(code="x", note="other"))
                await other.commit()

    script.on("Invoice.before_create", store_other)
    answer = await client.post(
        UPSERT,
        json=[{"code": "x", "note": "mine"}, {"code": "y"}],
        headers={"Prefer": f"resolution={resolution}"},
    )
    assert answer.status_code == 200, answer.text
    merges = resolution == "merge-duplicates"
    assert [row["note"] for row in answer.json()] == ["mine" if merges else "other", None]
    done = [(c.operation, len(c.rows)) for c in script.calls if c.hook == "after_commit"]
    assert done == ([("update", 1)] if merges else []) + [("create", 1)]


async def lower(change: Change) -> None:
    """Store codes in lower case, and none where there is only a dash."""
    for row in change.rows:
        assert row.new is not None
        code = row.new["code"]
        if code == "DROPPED":
            del row.new["code"]
        elif code is not None:
            row.new["code"] = None if code == "-" else code.lower()


@pytest.mark.parametrize("resolution", ["merge-duplicates", "ignore-duplicates"])
@pytest.mark.parametrize("query", ["", "&atomic=false"])
@pytest.mark.parametrize(
    ("codes", "refused"),
    [
        (["B"], 0),
        (["q", "B"], 1),
        (["B", "q"], 0),
        (["b", "q", "A"], 2),
        (["Q", "-", "B"], 2),
        (["DROPPED", "B"], 1),
    ],
)
async def test_hook_that_gives_a_row_the_key_of_another(
    client: httpx2.AsyncClient,
    script: Script,
    codes: list[str],
    refused: int,
    query: str,
    resolution: str,
) -> None:
    """A unique value is taken, as in a create: neither is the other row changed, nor is this
    a conflict that could be over when the request is repeated."""
    await store_rows(client)
    script.on("Invoice.before_create", lower)
    taken = f"/invoices/?code={codes[refused].lower()}"
    before = (await client.get(taken)).json()
    answer = await client.post(
        UPSERT + query,
        json=[{"code": code, "note": "n"} for code in codes],
        headers={"Prefer": f"resolution={resolution}"},
    )
    problem = answer.json()
    if query:
        outcomes = problem["items"]
        assert [i for i, each in enumerate(outcomes) if each["status"] >= 400] == [refused]
        problem = outcomes[refused]["problem"]
    assert problem["code"] == "already_exists", problem
    assert [error["pointer"] for error in problem["errors"]] == [f"/{refused}/code"]
    assert (await client.get(taken)).json() == before
    assert query or (await client.get("/invoices/")).json()["total"] == 2


async def test_hook_that_gives_two_rows_the_same_key(
    client: httpx2.AsyncClient, script: Script
) -> None:
    """The row that was sent with the key has it, and the other is refused."""
    script.on("Invoice.before_create", lower)
    for codes in (["Q", "q"], ["q", "Q"]):
        answer = await client.post(UPSERT, json=[{"code": code} for code in codes])
        refused = codes.index("Q")
        assert [e["pointer"] for e in answer.json()["errors"]] == [f"/{refused}/code"]
        assert answer.json()["code"] == "already_exists"
    assert (await client.get("/invoices/")).json()["total"] == 0


async def test_hook_that_gives_rows_other_keys(client: httpx2.AsyncClient, script: Script) -> None:
    """Keys that are free are stored as the hook has set them, whatever the order of the rows."""
    await store_rows(client)
    script.on("Invoice.before_create", lower)
    codes = ["X", "y", "-", "DROPPED", "b", "Z", None]
    answer = await client.post(UPSERT, json=[{"code": code, "note": "n"} for code in codes])
    assert answer.status_code == 200, answer.text
    assert [row["code"] for row in answer.json()] == ["x", "y", None, None, "b", "z", None]
    assert [row["note"] for row in answer.json()] == ["n"] * 7


async def test_many_at_once(hooked_world: World, database: Database, script: Script) -> None:
    """Concurrent upserts of the same rows store each once, and every request succeeds."""
    client = hooked_world.clients["direct"]
    rows = [{"code": f"c{i}", "note": "n"} for i in range(5)]
    answers = await asyncio.gather(
        *(client.post(UPSERT, json=rows if i % 2 else rows[::-1]) for i in range(6))
    )
    assert [answer.status_code for answer in answers] == [200] * 6
    assert (await client.get("/invoices/")).json()["total"] == 5
    committed: list[Any] = [c for c in script.calls if c.hook == "after_commit"]
    created = sum(len(c.rows) for c in committed if c.operation == "create")
    assert (created, sum(len(c.rows) for c in committed)) == (5, 30)
    assert database.pool_state.in_use == 0

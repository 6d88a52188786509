"""Hooks and upserts see what is computed."""

from dataclasses import replace
from typing import Any

from modelwire import Change, Hooks
from tests.conftest import make_app, open_client

from .conftest import World
from .tables import RESOURCES

BODY = {"number": "1", "net": "1", "tax": "1"}


async def test_hooks(world: World, lane: str) -> None:
    """A hook sees what is computed of the rows before and after a change."""
    await world.fill({})
    seen: list[Any] = []

    async def note(change: Change) -> None:
        seen.extend(
            (row.old and row.old["gross"], row.new and row.new["gross"]) for row in change.rows
        )

    hooked = replace(RESOURCES[1], hooks=Hooks(after_create=[note], after_update=[note]))
    app = make_app(world.database, lane, (RESOURCES[0], hooked, RESOURCES[2]), {})
    async with open_client(app) as client:
        row = (await client.post("/invoices/", json=BODY)).json()
        changed = await client.patch(f"/invoices/{row['id']}", json={"net": "5"})
    assert changed.json()["gross"] == "6.00"
    assert [[None if v is None else float(v) for v in pair] for pair in seen] == [
        [None, 2.0],
        [2.0, 6.0],
    ]


async def test_upserts(world: World, lane: str) -> None:
    """Rows that are stored, merged and left alone are answered with it."""
    await world.fill({})
    keyed = replace(RESOURCES[1], writable=["id"])
    app = make_app(world.database, lane, (RESOURCES[0], keyed, RESOURCES[2]), {})
    async with open_client(app) as client:
        assert (await client.post("/invoices/", json={**BODY, "id": 5})).status_code == 201
        line = {"units": 3, "invoice_id": 5}
        assert (await client.post("/lines/", json=line)).is_success
        rows = [{**BODY, "id": 5, "net": "9"}, {**BODY, "id": 6}]
        answer = await client.post("/invoices/bulk/?on_conflict=id", json=rows)
        assert [(r["id"], r["units"], r["gross"]) for r in answer.json()] == [
            (5, 3, "10.00"),
            (6, 0, "2.00"),
        ]

"""Expressions may use what is known of the caller."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import case, func, literal, select
from sqlmodel import col

from modelwire import ConfigurationError, Resource
from tests.conftest import make_app, open_client

from .conftest import World
from .tables import GUARDED, RESOURCES, Invoice, Line, me
from .test_declared import mount_with

OF_CALLER: dict[str, Any] = {
    "is_first": col(Invoice.customer_id).in_(me.customers),
    "share": col(Invoice.id) * me.most,
    "by": literal("by ") + me.id,
    "role": case((me.is_auditor, literal("auditor")), else_=literal("reader")),
    "large": select(func.count(col(Line.id))).where(
        col(Line.invoice_id) == col(Invoice.id), col(Line.units) == me.most
    ),
}

CUSTOMERS = [{"id": i, "first": "A", "last": "B"} for i in (1, 2)]
INVOICES = [
    {"id": i, "number": str(i), "net": 1, "tax": 1, "customer_id": c} for i, c in ((1, 1), (2, 2))
]
LINES = [{"id": i, "units": i, "invoice_id": 1} for i in range(1, 5)]


def guarded() -> tuple[Resource, ...]:
    return (GUARDED[0], replace(GUARDED[1], computed=OF_CALLER), GUARDED[2])


async def test_values_of_the_caller(world: World, lane: str) -> None:
    """Each caller is shown, and filters, sorts and adds up, what is computed for him."""
    await world.fill({"customers": CUSTOMERS, "invoices": INVOICES, "lines": LINES})
    app = make_app(world.database, lane, guarded(), {"caller": me})
    async with open_client(app) as client:
        for name, most in (("ann", 3), ("ben", 4)):
            told = {"id": name, "most": most, "customers": [1, 2], "is_auditor": name == "ben"}
            client.headers["x-reader"] = json.dumps(told)
            role = "auditor" if name == "ben" else "reader"
            rows = [
                {"share": most, "by": f"by {name}", "role": role, "large": 1, "is_first": True},
                {"share": 2 * most, "by": f"by {name}", "role": role, "large": 0, "is_first": True},
            ]
            names = "share,by,role,large,is_first"
            listed = await client.get(f"/invoices/?fields={names}&sort=share")
            assert listed.json()["items"] == rows
            found = await client.get(f"/invoices/?share={most}&role={role}&fields={names}")
            assert found.json()["items"] == rows[:1]
            sums = await client.get("/invoices/aggregate?group=role&measures=share:sum,large:sum")
            assert sums.json()["items"] == [{"role": role, "share:sum": 3 * most, "large:sum": 1}]
            changed = await client.patch("/invoices/1", json={"net": 5})
            assert {n: changed.json()[n] for n in rows[0]} == rows[0]


def test_refused() -> None:
    """Without callers there is none to be asked for."""
    with pytest.raises(ConfigurationError, match="the application has no caller"):
        mount_with(RESOURCES[0], replace(RESOURCES[1], computed=OF_CALLER), RESOURCES[2])

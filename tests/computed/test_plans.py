"""Fields that are not requested are not computed, and don't change how rows are found."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Select, func, select, text
from sqlmodel import col

from modelwire import Policy, Resource
from modelwire.catalog.read import read_catalog
from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.door import rows_of

from .conftest import World
from .tables import RESOURCES, Invoice


async def explain(world: World, sql: Select[Any]) -> str:
    """Return the query plan of a statement."""
    engine = world.database.engine
    written = sql.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
    word = "EXPLAIN QUERY PLAN" if world.dialect == "sqlite" else "EXPLAIN"
    async with engine.connect() as connection:
        if world.dialect == "postgresql":
            await connection.execute(text("SET enable_seqscan = off"))
        found = await connection.execute(text(f"{word} {written}"))
        return "\n".join(str(row[-1]) for row in found)


def served(policy: Policy | None) -> Resource:
    return replace(RESOURCES[1], policy=policy)


POLICIES = {"open": None, "closed": Policy(read=col(Invoice.net) >= 0)}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
async def test_only_what_is_asked(world: World, policy: Policy | None) -> None:
    """No subquery runs for what is not read, and a key is looked up by its index."""
    catalog = read_catalog((RESOURCES[0], served(policy), RESOURCES[2]))
    rows = rows_of(catalog.tables["invoices"], DIALECTS[world.dialect])
    for sql in (
        select(rows.c.id, rows.c.gross).where(rows.c.id == 5),
        select(rows.c.id).order_by(rows.c.id).limit(3),
        select(func.count()).select_from(rows),
    ):
        plan = (await explain(world, sql)).lower()
        assert "subplan" not in plan, plan
        assert "subquery" not in plan, plan
    plan = await explain(world, select(rows.c.units).where(rows.c.id == 5))
    by_key = "PRIMARY KEY" if world.dialect == "sqlite" else "using invoices_pkey"
    assert by_key in plan, plan
    assert "sub" in plan.lower()

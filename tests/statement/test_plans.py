"""A condition behind the door costs no index: both databases see through its subquery."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import ColumnElement, FromClause, func

from modelwire import Database
from modelwire.shape.entries import EntriesShape, ThenShape
from modelwire.shape.parts import Lock
from modelwire.shape.reads import ExistingShape, GatheredShape, SelectShape
from modelwire.statement.compiled import Compiled
from modelwire.statement.lists import ROWS
from modelwire.statement.statements import Statements
from tests.http.rows import store
from tests.zoo import Country

from .door import Door
from .shapes import TABLES, shapes


def is_there(rows: FromClause) -> ColumnElement[bool]:
    """A condition that no index helps with, and of which no planner sees that it always holds."""
    key = next(iter(rows.c))
    return func.coalesce(key, key).is_not(None)


def write_all(database: Database) -> list[Compiled]:
    """Every shape as a database has it; estimates are a plan themselves."""
    statements = Statements(database.engine.dialect)
    is_postgresql = database.dialect == "postgresql"
    found = [s for s in shapes() if is_postgresql or not needs_postgresql(s)]
    written = [statements.of(shape).compiled for shape in found if not reads_log(shape)]
    return [sql for sql in written if not sql.text.startswith("EXPLAIN")]


def reads_log(shape: object) -> bool:
    """Whether rows are those of the log of changes, which these databases don't have."""
    return isinstance(shape, EntriesShape | ThenShape) or getattr(shape, "given", False)


def needs_postgresql(shape: object) -> bool:
    """Whether rows are read with their includes, or for many requests, as only PostgreSQL can."""
    return isinstance(shape, GatheredShape) or (
        isinstance(shape, SelectShape) and bool(shape.joined)
    )


async def explain_on_sqlite(connection: Any, sql: Compiled) -> Sequence[str]:
    """Return how SQLite finds rows, and which subqueries it evaluates first."""
    given = [None] * len(sql.names)
    plan = await connection.execute_fetchall(f"EXPLAIN QUERY PLAN {sql.text}", given)
    # It knows an outer join that is none sooner, and says of no index of its own that it is whole.
    noise = re.compile(r"\b(?:seen|every|link)_|_\d+\b| LEFT-JOIN| PARTIAL")
    steps = [noise.sub("", row[-1]) for row in plan]
    return [re.sub(r"^(SEARCH|SCAN) \w+", r"\1", step) for step in steps if "SUBQUERY" not in step]


async def explain_on_postgresql(connection: Any, sql: Compiled) -> Sequence[str]:
    """By which indexes PostgreSQL finds rows, what it locks, and whether a subquery is in the way
    of that."""
    given = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql.text))))
    await connection.execute(f"PREPARE asked AS {sql.text}")
    try:
        plan = await connection.fetch(f"EXPLAIN (COSTS OFF) EXECUTE asked{given and f'({given})'}")
    finally:
        await connection.execute("DEALLOCATE asked")
    scan = r"(?:Index|Index Only|Subquery|Seq) Scan(?: Backward)?(?: using \w+)?"
    return re.findall(rf"{scan}|Index Cond|LockRows", "\n".join(row[0] for row in plan))


EXPLAIN = {"sqlite": explain_on_sqlite, "postgresql": explain_on_postgresql}


async def test_indexes_are_used_as_without(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_all(database)
    with monkeypatch.context() as patch:
        Door(is_there).install(patch)
        narrowed = write_all(database)
    async with database.session() as session:
        raw = await (await session.connection()).get_raw_connection()
        connection: Any = raw.driver_connection
        if database.dialect == "postgresql":
            # The tables are empty, and a scan would cost nothing.
            await connection.execute("SET LOCAL enable_seqscan = off")
            await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        explain = EXPLAIN[database.dialect]
        for before, after in zip(plain, narrowed, strict=True):
            if before.text.startswith(("SELECT", "WITH")):
                assert before.text != after.text
            found = [sorted(await explain(connection, sql)) for sql in (before, after)]
            assert found[0] == found[1], after.text


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_rows_are_locked(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(database, *(Country(code=code, name="x") for code in "ab"))
    table = TABLES["countries"]
    with monkeypatch.context() as patch:
        Door(lambda rows: rows.c.code != "b").install(patch)
        locking = Statements(database.engine.dialect).of(
            ExistingShape(table, table.key, lock=Lock.REMOVE)
        )
        assert locking.compiled
    free = "SELECT code FROM countries FOR KEY SHARE SKIP LOCKED"
    async with database.writing() as lane, database.session() as other:
        found = await lane.fetch(locking, {ROWS: [("a",), ("b",)]})
        assert [row[1] for row in found] == ["a"]
        rows = await (await other.connection()).exec_driver_sql(free)
        assert rows.scalars().all() == ["b"]

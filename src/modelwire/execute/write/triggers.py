"""Triggers that may change rows after they are written, so that the rows are read again."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Select, and_, column, select
from sqlalchemy import Table as SQLTable
from sqlalchemy import table as table_clause
from sqlalchemy.engine import Dialect

from ...catalog.tables import Table
from ...shape.reads import ExistingShape
from ...statement.lists import ROWS
from ...statement.statements import Statement, Statements
from ..connect.lane import Lane, Row
from ..log.postgresql import TRIGGERS

FRESH_S = 10.0
"""Seconds for which the triggers of tables are assumed known; migrations may run meanwhile."""

_BEFORE_OR_INSTEAD = 2 | 64
"""Bits of `pg_trigger.tgtype` for BEFORE and INSTEAD OF (PostgreSQL's `catalog/pg_trigger.h`)."""


class AfterTriggers:
    """Registry of tables with triggers that run after rows are written.

    A write returns rows as they were before these triggers (PostgreSQL manual, Overview of Trigger
    Behavior; SQLite manual, RETURNING).

    Args:
        dialect: SQLAlchemy's dialect of the engine.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._statement = Statement(_QUERIES[dialect.name], dialect)
        self._names: frozenset[str] = frozenset()
        self._looked: dict[SQLTable, float] = {}

    def find(self, tables: Collection[SQLTable]) -> bool | None:
        """Whether one of some tables has such a trigger; None if that has to be looked up."""
        oldest = time.monotonic() - FRESH_S
        for table in tables:
            if self._looked.get(table, oldest) <= oldest:
                return None
        return bool(self._names) and any(table.name in self._names for table in tables)

    async def look(self, lane: Lane, tables: Collection[SQLTable]) -> bool:
        """Look up the triggers in the database, in one statement for all tables."""
        found = await lane.fetch(self._statement, {})
        self._names = frozenset(name for (name,) in found)
        self._looked |= dict.fromkeys(tables, time.monotonic())
        return any(table.name in self._names for table in tables)


async def reread(
    lane: Lane, statements: Statements, table: Table, rows: Sequence[Row]
) -> Sequence[Row]:
    """Read rows as now stored.

    Args:
        lane: The lane that has written them, in the same transaction.
        statements: The statements of the application.
        table: The resource.
        rows: The rows as written.

    Returns:
        The rows in the same order. A row that is no longer found by its key stays as it was.
    """
    if not rows:
        return rows
    keys = [table.values_of(row, table.key_columns) for row in rows]
    statement = statements.of(ExistingShape(table, table.key))
    stored = {place: row for place, *row in await lane.fetch(statement, {ROWS: keys})}
    return [stored.get(place, row) for place, row in enumerate(rows)]


def _on_postgresql() -> Select[str]:
    trigger = table_clause(
        "pg_trigger",
        *map(column, ("tgrelid", "tgname", "tgtype", "tgenabled", "tgisinternal")),
        schema="pg_catalog",
    )
    relation = table_clause("pg_class", column("oid"), column("relname"), schema="pg_catalog")
    is_after: ColumnElement[bool] = trigger.c.tgtype.op("&")(_BEFORE_OR_INSTEAD) == 0
    name: ColumnElement[str] = relation.c.relname
    return (
        select(name)
        .join_from(relation, trigger, relation.c.oid == trigger.c.tgrelid)
        .where(and_(~trigger.c.tgisinternal, trigger.c.tgenabled != "D", is_after))
        # The triggers of the log of changes do not change rows.
        .where(*(trigger.c.tgname != ours for ours in TRIGGERS))
    )


def _on_sqlite() -> Select[str]:
    # Each such trigger contains the word AFTER; another text with it only costs an unneeded read.
    master = table_clause("sqlite_master", *map(column, ("type", "tbl_name", "sql")))
    name: ColumnElement[str] = master.c.tbl_name
    return select(name).where(master.c.type == "trigger", master.c.sql.contains("after"))


_QUERIES: Mapping[str, Select[str]] = {
    "postgresql": _on_postgresql(),
    "sqlite": _on_sqlite(),
}

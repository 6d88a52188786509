"""The door to rows with a condition on every table, as a policy would set one."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import ColumnElement, FromClause, literal_column, select
from sqlalchemy import Table as SQLTable
from sqlalchemy.engine import Dialect

from modelwire.catalog.relation import Relation
from modelwire.catalog.tables import Table
from modelwire.shape.shapes import Shape
from modelwire.statement import (
    aggregate,
    conditions,
    door,
    entries,
    idempotency,
    keyset,
    secrets,
    write,
)
from modelwire.statement import select as selects
from modelwire.statement.dialect import SQLDialect
from modelwire.statement.statements import Statements
from tests.statement.shapes import TABLES, shapes

BUILDERS: tuple[ModuleType, ...] = (
    aggregate,
    conditions,
    entries,
    keyset,
    selects,
    write,
    idempotency,
    secrets,
)

Condition = Callable[[FromClause], ColumnElement[bool]]

NAMES = "|".join(sorted((table.sql.name for table in TABLES.values()), key=len, reverse=True))
# `modelwire_typed` stands for no rows, but for what type the rows of a table have.
MARKED = r"\.| AS (?:seen|every|link)_\w+| AS modelwire_typed\b"
NAMED = re.compile(rf"(?<![\w.])(?P<name>{NAMES})(?!\w)(?P<next>{MARKED})?")
TARGET = re.compile(rf"(?:INSERT INTO|UPDATE|DELETE FROM) (?P<name>{NAMES})(?!\w)(?! AS)")


def is_allowed(_rows: FromClause) -> ColumnElement[bool]:
    """A condition that shows in the SQL."""
    return literal_column("allowed").is_(literal_column("true"))


class Door:
    """Marks what it gives: rows by an alias within a subquery, targets by a condition.

    Args:
        condition: The condition on each resource.
    """

    def __init__(self, condition: Condition = is_allowed) -> None:
        self.condition = condition
        self.targets: Counter[str] = Counter()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put it in the place of the real one, wherever statements are built."""
        for name in (
            "rows_of",
            "links_of",
            "every_row_of",
            "stored_rows_of",
            "merge_into",
            *WRITES,
        ):
            for module in BUILDERS:
                if hasattr(module, name):
                    monkeypatch.setattr(
                        module, name, getattr(self, name, None) or self._target(name)
                    )

    def rows_of(self, table: Table, dialect: SQLDialect, *, given: bool = False) -> FromClause:
        if given:
            rows = dialect.given_rows(table.sql).subquery(f"seen_{table.sql.name}")
            return select(rows).where(self.condition(rows)).subquery()
        return self._narrow(table.sql, "seen", self.condition)

    def links_of(self, relation: Relation, _dialect: SQLDialect) -> FromClause | None:
        link = relation.link
        return None if link is None else self._narrow(link, "link", self.condition)

    def every_row_of(self, table: FromClause | Table) -> FromClause:
        table = table.sql if isinstance(table, Table) else table
        return self._narrow(table, "every", lambda _: literal_column("1") == literal_column("1"))

    def stored_rows_of(self, table: Table, _dialect: SQLDialect) -> FromClause:
        return self.every_row_of(table)

    def _narrow(self, table: Any, mark: str, condition: Condition) -> FromClause:
        rows = table.alias(f"{mark}_{table.name}")
        return select(rows).where(condition(rows)).subquery()

    def merge_into(self, sql: Any, table: Table, key: Any, changes: Any) -> Any:
        where = self.condition(table.sql)
        return sql.on_conflict_do_update(index_elements=key, set_=changes, where=where)

    def _target(self, name: str) -> Callable[..., Any]:
        begin = getattr(door, name)

        def begin_counted(table: Table | SQLTable, *args: Any) -> Any:
            self.targets[table.name] += 1
            sql = begin(table, *args)
            return sql.where(self.condition(sql.table)) if name in CONDITIONAL else sql

        return begin_counted


CONDITIONAL = ("update_in", "delete_from")
WRITES = (*CONDITIONAL, "update_any_in", "delete_any_from", "insert_into", "insert_any_into")


def find_bypasses(text: str, targets: Counter[str]) -> list[str]:
    """Find the tables that a statement names past the door.

    Args:
        text: The statement, built with the door that marks.
        targets: The targets that the door has given.
    """
    text = re.sub(r"'[^']*'", "''", text)
    written = Counter(match["name"] for match in TARGET.finditer(text))
    named = Counter(match["name"] for match in NAMED.finditer(text) if match["next"] is None)
    # Columns of a target are named by it; those of what is read are not.
    foreign = {m["name"] for m in NAMED.finditer(text) if m["next"] == "."} - set(written)
    return [*(named - written), *(written - targets), *foreign]


def written(monkeypatch: pytest.MonkeyPatch, dialect: Dialect) -> Iterator[tuple[Shape, str, Door]]:
    """Every shape as SQL, as the door that marks has it."""
    statements = Statements(dialect)
    for shape in shapes():
        for lenient in (False, True):
            door = Door()
            door.install(monkeypatch)
            yield shape, statements._render(shape, lenient=lenient).compiled.text, door
            monkeypatch.undo()

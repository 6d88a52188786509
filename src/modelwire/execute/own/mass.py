"""Bulk statements of the application: `update(…)` and `delete(…)` of many rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Delete, Result, Update
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import ORMExecuteState

from ...access.policy import Action
from ...errors import ConfigurationError, Forbidden, ParentNotFound
from ...shape.lookups import LookupShape
from ...statement.caller_door import Served
from ..write.permission import refuse
from .access import LOCKS, Key, refuse_removal
from .caller_session import CallerSession


def change_rows(
    session: CallerSession, state: ORMExecuteState, statement: Update | Delete
) -> Result[Any]:
    """Update or delete the rows of a statement that the caller may update or delete.

    They are found and locked first, so that exactly these rows are changed, and checked afterwards.

    Args:
        session: The session.
        state: The execution of the statement.
        statement: The statement.

    Raises:
        ConfigurationError: The statement's table has no resource.
        Forbidden: The caller may not leave a row as it would become; everything is rolled back, to
            the innermost savepoint if any.
        ParentNotFound: A row would refer to one that the caller may not see; likewise.
    """
    sql = statement.table
    if not isinstance(sql, SQLTable):
        raise ConfigurationError(f"{sql}: the session of a caller changes rows of tables.")
    found = session.access.find(sql)
    if isinstance(statement, Delete):
        refuse_removal(found)
    change = _Change(session, found, "update" if isinstance(statement, Update) else "delete")
    stored = change.find(statement.whereclause)
    keys = [row[: change.width] for row in stored]
    narrowed: Any = statement.where(session.access.door.write_among(found, keys))
    assigned = found.table.policy.on_update if change.action == "update" else {}
    if assigned:
        principal = session.access.principals[found.catalog]
        by_key = found.table.by_key
        values = {by_key[key].column: a.value(principal) for key, a in assigned.items()}
        narrowed = narrowed.values(values)
    with session.running(session.access.changing), session.no_autoflush:
        result = state.invoke_statement(narrowed)
    if change.action == "update":
        try:
            change.check(stored)
        except (Forbidden, ParentNotFound):
            # As after a failed flush, the transaction around a savepoint goes on.
            (session.get_nested_transaction() or session).rollback()
            raise
    return result


class _Change:
    """Change of many rows of a resource."""

    def __init__(self, session: CallerSession, found: Served, action: Action) -> None:
        self._session = session
        self._access = session.access
        self._found = found
        self.action = action
        table = found.table
        self._references = self._access.guarded_references(found) if action == "update" else ()
        referring = dict.fromkeys(c for r in self._references for c in r.columns)
        self._columns: tuple[Column[Any], ...] = (*table.key_columns, *referring)
        self.width = len(table.key_columns)

    def find(self, where: ColumnElement[bool] | None) -> Sequence[Key]:
        """Find and lock the rows of the statement that may be changed."""
        door, lock = self._access.door, LOCKS[self.action]
        sql = door.select_to_change(self._found, self._columns, where, lock, self.action)
        rows = self._session.execute(sql, execution_options={"autoflush": False})
        return list(dict.fromkeys(tuple(row) for row in rows))

    def check(self, before: Sequence[Key]) -> None:
        """Check the rows as changed.

        Raises:
            Forbidden: A row may not be left so, or has another key.
            ParentNotFound: A row refers to one that may not be seen.
        """
        session, found, table = self._session, self._found, self._found.table
        keys = [row[: self.width] for row in before]
        shape = LookupShape(table.sql, self._columns, table.key_columns)
        rows = self._access.run(session, found, shape, keys) if keys else []
        after = {tuple(row[: self.width]): tuple(row) for row in rows}
        if after.keys() != set(keys):
            raise refuse(table, "update")
        for reference in self._references:
            places = [self._columns.index(c) for c in reference.columns]
            old = {row[: self.width]: tuple(row[p] for p in places) for row in before}
            new = {key: tuple(row[p] for p in places) for key, row in after.items()}
            for values in dict.fromkeys(v for key, v in new.items() if v != old[key]):
                if None not in values:
                    self._access.check_parent(session, found, reference, values)
        self._access.check_written(session, found, keys, "update")

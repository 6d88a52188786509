"""Plans of what says of rows that they are deleted, or no longer, and lets them stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import DateTime

from ...catalog.field import Field
from ...catalog.kinds import storage_type
from ...catalog.tables import Table
from ...compat.sqlmodel import UTCDateTime
from ...errors import NotFound
from ...shape.reads import ExistingShape
from ..keys import Key, key_values, select_locked
from .draft import Row
from .update import UpdatePlan


class MarkPlan(UpdatePlan, frozen=True, kw_only=True):
    """Setting since when rows are deleted, or that they are not.

    Args:
        after: The resource with what may be seen, and done, of rows as they are then.
    """

    after: Table

    @property
    def reads_first(self) -> bool:
        """Whether the rows are read, and locked, before they are changed."""
        return True

    @property
    def may_leave_policy(self) -> bool:
        """Whether a caller might not be allowed to change a row as it becomes, or to see it."""
        return self.after.policy.restricts("update")

    @property
    def changed_table(self) -> Table:
        """The resource with what may be done to the rows as they become."""
        return self.after

    @property
    def locking_shape(self) -> ExistingShape:
        """Reads and locks the rows as they are."""
        return select_locked(self.table, (mark_of(self.table),))


class RestorePlan(MarkPlan, frozen=True, kw_only=True):
    """Bringing a deleted row back, with what went along with it."""


def plan_restore(table: Table, key: str) -> RestorePlan:
    """Plan bringing a deleted row back.

    Args:
        table: The resource.
        key: The key as it stands in the path.

    Raises:
        InvalidRequest: The key is not valid.
    """
    row = Row((mark_of(table),), (None,))
    keys = (tuple(key_values(table, key)),)
    return RestorePlan(table.recalled["only"], keys, (row,), after=table)


def plan_return(table: Table, key: str, since: object) -> RestorePlan:
    """Plan taking a delete back.

    Args:
        table: The resource.
        key: The key as it stands in the path.
        since: The moment of the delete, as the column has it; the row must have it still.

    Raises:
        InvalidRequest: The key is not valid.
        NotFound: Nobody may bring a row back.
    """
    if not table.recalled:
        raise NotFound(f"{table.title} not found")
    return replace(plan_restore(table, key), expected=Row((mark_of(table),), (since,)))


def plan_mark(table: Table, keys: Sequence[Key], at: dt.datetime | None) -> MarkPlan:
    """Plan marking rows, whoever may see them.

    Args:
        table: The resource.
        keys: The keys of the rows.
        at: Since when they are deleted, in UTC; None if they are not.
    """
    field = mark_of(table)
    row = Row((field,), (None if at is None else _to_column(field, at),))
    rows = table.with_all_rows
    return MarkPlan(rows, tuple(keys), (row,) * len(keys), many=True, after=rows)


def mark_of(table: Table) -> Field:
    """The field that says since when a row is deleted."""
    if table.deleted_at is None:
        raise AssertionError(f"{table.name}: no delete of it is soft")
    return table.deleted_at


def _to_column(field: Field, at: dt.datetime) -> object:
    """A moment as the column has it: without an offset where it keeps none."""
    stored = storage_type(field.sql_type)
    has_offset = isinstance(field.sql_type, UTCDateTime) or (
        isinstance(stored, DateTime) and stored.timezone
    )
    value = at if has_offset else at.replace(tzinfo=None)
    return value if field.to_column is None else field.to_column(value)

"""Plans that mark rows as deleted, or restore them."""

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
from .new_rows import NewRow
from .update import UpdatePlan


class MarkPlan(UpdatePlan, frozen=True, kw_only=True):
    """Setting of the deletion time of rows, or its removal.

    Args:
        after: The resource with the policy that applies to the rows afterwards.
    """

    after: Table

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement does everything; the rows are read and locked first."""
        return False

    @property
    def may_leave_policy(self) -> bool:
        """Whether the caller might not be allowed to change a row, or to see it, as it is
        afterwards."""
        return self.after.policy.restricts("update")

    @property
    def changed_table(self) -> Table:
        """The resource with the policy that applies to the rows afterwards."""
        return self.after

    @property
    def locking_shape(self) -> ExistingShape:
        """The shape that reads and locks the rows."""
        return select_locked(self.table, (mark_of(self.table),))


class RestorePlan(MarkPlan, frozen=True, kw_only=True):
    """Restoration of a soft-deleted row, with the rows that were deleted with it."""


def plan_restore(table: Table, key: str) -> RestorePlan:
    """Plan the restoration of a soft-deleted row.

    Args:
        table: The resource.
        key: The key in the path.

    Raises:
        InvalidRequest: The key is not valid.
    """
    row = NewRow((mark_of(table),), (None,))
    keys = (tuple(key_values(table, key)),)
    return RestorePlan(table.recalled["only"], keys, (row,), after=table)


def plan_return(table: Table, key: str, since: object) -> RestorePlan:
    """Plan the reversal of a soft delete.

    Args:
        table: The resource.
        key: The key in the path.
        since: The time of the delete, as the column has it; the row must still have it.

    Raises:
        InvalidRequest: The key is not valid.
        NotFound: No caller may restore rows.
    """
    if not table.recalled:
        raise NotFound(f"{table.title} not found")
    return replace(plan_restore(table, key), expected=NewRow((mark_of(table),), (since,)))


def plan_mark(table: Table, keys: Sequence[Key], at: dt.datetime | None) -> MarkPlan:
    """Plan the marking of rows, regardless of policies.

    Args:
        table: The resource.
        keys: The keys of the rows.
        at: The time of deletion, in UTC; None if they are not deleted.
    """
    field = mark_of(table)
    row = NewRow((field,), (None if at is None else _to_column(field, at),))
    rows = table.with_all_rows
    return MarkPlan(rows, tuple(keys), (row,) * len(keys), many=True, after=rows)


def mark_of(table: Table) -> Field:
    """Return the field with the time of deletion."""
    if table.deleted_at is None:
        raise AssertionError(f"{table.name}: no delete of it is soft")
    return table.deleted_at


def _to_column(field: Field, at: dt.datetime) -> object:
    """Convert a time to a value of the column, which may have no offset."""
    stored = storage_type(field.sql_type)
    has_offset = isinstance(field.sql_type, UTCDateTime) or (
        isinstance(stored, DateTime) and stored.timezone
    )
    value = at if has_offset else at.replace(tzinfo=None)
    return value if field.to_column is None else field.to_column(value)

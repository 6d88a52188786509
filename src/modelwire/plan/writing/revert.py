"""Plans that revert a change of a row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ...access.principal import Principal
from ...catalog.defaults import is_set_anew
from ...catalog.field import Field
from ...catalog.tables import Table
from ...errors import Forbidden, Refused
from ..keys import Key
from .create_plan import CreatePlan
from .new_rows import NewRow, assign_to
from .update import UpdatePlan

Stored = Sequence[Any]
"""The values of a row, in the order of `Table.stored`."""


def plan_restore(
    table: Table, key: Key, old: Stored, new: Stored, changed: Collection[str]
) -> UpdatePlan:
    """Plan the restoration of the values that a row had before a change.

    Args:
        table: The resource.
        key: The key of the row.
        old: The row before the change.
        new: The row after it.
        changed: The names of the columns that differ.

    Raises:
        Forbidden: A field can't be set by clients, or by this one.
    """
    kept = _names_kept(table, table.policy.on_update)
    fields = [f for f in table.stored if f.column.name in changed and f.key not in kept]
    settable = {*table.settable.values()}
    if not all(field.writable and field.key in settable for field in fields):
        raise Forbidden("The change has set fields that you may not set")
    before, after = _row(table, fields, old), _row(table, fields, new)
    return UpdatePlan(table, (key,), (before,), expected=after)


def plan_recreate(table: Table, old: Stored, principal: Principal) -> CreatePlan:
    """Plan the re-creation of a deleted row, with its old key.

    Args:
        table: The resource.
        old: The row before it was deleted.
        principal: The caller.

    Raises:
        Forbidden: A policy does not let the caller set one of its fields.
        Refused: The key can't be set, as the database generates it, or the server sets another one.
    """
    if any(_is_made(field) for field in table.key):
        raise Refused("The database gives this row another key; create it anew")
    left_out = {*table.policy.on_create, *(f.key for f in table.stored if _is_made(f))}
    values = zip(table.stored, old, strict=True)
    left_out |= {field.key for field, value in values if _is_newer(field, value)}
    fields = [field for field in table.stored if field.key not in left_out]
    _check_key(table, old, principal)
    row = _row(table, fields, old)
    if any(_is_closed(table, field, value) for field, value in row.items()):
        raise Forbidden("The row has values that you may not set")
    return CreatePlan(table, (row,))


def _check_key(table: Table, old: Stored, principal: Principal) -> None:
    """Check that a re-created row would have its old key, as far as the server sets the key.

    Raises:
        Refused: It would have another key.
    """
    given = table.policy.on_create
    assigned = [field for field in table.key if field.key in given]
    made = assign_to(NewRow((), ()), table, {f.key: given[f.key] for f in assigned}, principal)
    if made.values != _row(table, assigned, old).values:
        raise Refused("The server gives this row another key; create it anew")


def _is_newer(field: Field, value: Any) -> bool:
    """Whether a column was probably added after the row was stored, and has a default in the
    database."""
    column = field.column
    return value is None and not column.nullable and column.server_default is not None


def _is_closed(table: Table, field: Field, value: Any) -> bool:
    """Whether the caller may not set a value, and a new row would not have it by default."""
    if value is None or table.policy.rules_of(field.name).write is not False:
        return False
    return field.default is None or field.default() != value


def _names_kept(table: Table, assigned: Collection[str]) -> Collection[str]:
    """Return the Python names of the fields that every change sets anew, whoever makes it."""
    return {*assigned, *(f.key for f in table.stored if f is table.version or _is_set_anew(f))}


def _is_set_anew(field: Field) -> bool:
    return _is_made(field) or is_set_anew(field.column)


def _is_made(field: Field) -> bool:
    """Whether the database generates the values of a field, and accepts no others."""
    column = field.column
    is_always = bool(column.identity and column.identity.always)
    return field.computed is not None or column.computed is not None or is_always


def _row(table: Table, fields: Sequence[Field], stored: Stored) -> NewRow:
    values = dict(zip(table.stored, stored, strict=True))
    return NewRow(tuple(fields), tuple(values[field] for field in fields))

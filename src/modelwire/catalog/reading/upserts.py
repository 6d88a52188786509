"""Unique keys for upserts, and the condition for a resource to accept upserts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Constraint, Index, UniqueConstraint
from sqlalchemy import Table as SQLTable

from ..field import Field
from ..guards import Guarded
from ..kinds import COMPARABLE
from ..relations import can_be_deferred, declared_on, unique_columns


def find_upsert_keys(
    sql: SQLTable, fields: Sequence[Field], settable: Collection[str]
) -> tuple[tuple[Field, ...], ...]:
    """Find the unique keys by which upserts may identify rows.

    Args:
        sql: The table.
        fields: Its fields.
        settable: The Python names of the fields that new rows may have.

    Returns:
        The fields of each key, all of which clients may see and set. Deferrable constraints can't
        be conflict targets; those for which NULLs are equal are excluded, too. A table called
        `excluded` has none: in a conflict clause, that name stands for the new row.
    """
    if sql.name.lower() == "excluded":
        return ()
    usable = {
        field.column: field
        for field in fields
        if field.readable and field.key in settable and field.kind in COMPARABLE
    }
    found = {unique_columns(c) for c in declared_on(sql) if not _is_no_target(c)}
    keys = [
        tuple(field for column, field in usable.items() if column in columns)
        for columns in found
        if columns and columns <= usable.keys()
    ]
    return tuple(sorted(keys, key=lambda key: [fields.index(field) for field in key]))


def takes_upserts(guarded: Guarded) -> bool:
    """Whether any caller who may create many rows of a resource may also update any row.

    An upsert does both. So updates must be served, and must have no guard that creating many rows
    does not have.
    """
    changes = guarded.before("update")
    return guarded.serves("update") and not any(
        guarded.lacks(guard, ["bulk_create"]) for guard in changes
    )


def _is_no_target(constraint: Constraint | Index) -> bool:
    if isinstance(constraint, (UniqueConstraint, Index)):
        options = constraint.dialect_options["postgresql"]
        if options.get("nulls_not_distinct"):
            return True
    return can_be_deferred(constraint)

"""Which keys an upsert may go by, and whether a resource takes upserts at all."""

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
    """Find the unique keys by which clients may say which row a new one stands for.

    Args:
        sql: The table.
        fields: Its fields.
        settable: The names in Python of those that a new row may give.

    Returns:
        The fields of each key, all of which clients may see and set. Deferrable constraints can't
        be gone by, and those to which two NULLs are the same are left out as well. A table called
        `excluded` has none: in what becomes of a conflict, that is the row which was to be stored.
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
    """Whether whoever may create many rows of a resource may change any row as well.

    An upsert does both. So changes must be allowed, and must need no dependency that creating many
    rows does without.
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

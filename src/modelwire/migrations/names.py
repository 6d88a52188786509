"""Names for constraints that their models leave without one.

PostgreSQL names such a constraint, SQLite doesn't, and a constraint without a name can't be
dropped. So steps give it the name that PostgreSQL would (PostgreSQL manual, CREATE TABLE,
CONSTRAINT).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alembic.operations import ops
from sqlalchemy import Constraint, ForeignKeyConstraint, MetaData, Table, UniqueConstraint

NAMES = {
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
}
"""The same as SQLAlchemy's naming convention, which finds constraints that SQLite has not named."""

_MAX_NAME = 63
"""Length in characters to which PostgreSQL truncates a name (PostgreSQL manual, 4.1.1)."""

_SUFFIXES = {
    ForeignKeyConstraint: "fkey",
    UniqueConstraint: "key",
    ops.CreateForeignKeyOp: "fkey",
    ops.CreateUniqueConstraintOp: "key",
}


def copy_with_names(metadata: MetaData) -> MetaData:
    """Copy tables, with names for the constraints of the copy."""
    copy = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        _name_constraints(table.to_metadata(copy))
    return copy


def _name_constraints(table: Table) -> None:
    taken = {constraint.name for constraint in table.constraints}
    for constraint in sorted(table.constraints, key=_columns_of):
        name = _write_name(constraint, table.name, _columns_of(constraint))
        if constraint.name is None and name not in taken:
            constraint.name = name
            taken.add(name)


def _columns_of(constraint: Constraint) -> list[str]:
    if isinstance(constraint, (ForeignKeyConstraint, UniqueConstraint)):
        return [column.name for column in constraint.columns]
    return []


def _write_name(kind: object, table: str, columns: Sequence[str]) -> str | None:
    suffix = _SUFFIXES.get(type(kind))
    name = "_".join([table, *columns, suffix or ""])
    return name if suffix and len(name) <= _MAX_NAME else None


def name_operations(operations: Iterable[ops.MigrateOperation]) -> None:
    """Name the constraints that operations add or drop."""
    for operation in operations:
        if isinstance(operation, ops.DropConstraintOp):
            operation.constraint_name = operation.constraint_name or _name_of(operation.reverse())
        elif isinstance(operation, (ops.CreateForeignKeyOp, ops.CreateUniqueConstraintOp)):
            operation.constraint_name = operation.constraint_name or _name_of(operation)


def _name_of(added: ops.MigrateOperation) -> str | None:
    if isinstance(added, ops.CreateForeignKeyOp):
        return _write_name(added, added.source_table, added.local_cols)
    if isinstance(added, ops.CreateUniqueConstraintOp):
        return _write_name(added, added.table_name, [str(c) for c in added.columns])
    return None

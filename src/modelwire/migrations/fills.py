"""Values of existing rows in new columns that may not be NULL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from alembic.operations import ops
from sqlalchemy import Column, DefaultClause, TextClause, text
from sqlalchemy.engine import Dialect

from ..catalog.defaults import constant_of


def fill_columns(changes: ops.UpgradeOps, dialect: Dialect) -> Sequence[str]:
    """Give existing rows the default of each new column that may not be NULL.

    The database has it as the column's default only while the column is added; after that, the
    models set the values of new rows.

    Args:
        changes: The operations, which are changed.
        dialect: The dialect of the database.

    Returns:
        The columns without a default, such as `books.pages`.
    """
    unfilled: list[str] = []
    operations: list[ops.MigrateOperation] = []
    for change in changes.ops:
        operations.append(change)
        if isinstance(change, ops.ModifyTableOps):
            later = _fill_in(change, dialect, unfilled)
            if later:
                operations.append(
                    ops.ModifyTableOps(change.table_name, later, schema=change.schema)
                )
    changes.ops[:] = operations
    return unfilled


def _fill_in(
    table: ops.ModifyTableOps, dialect: Dialect, unfilled: list[str]
) -> list[ops.MigrateOperation]:
    later: list[ops.MigrateOperation] = []
    for operation in table.ops:
        if not isinstance(operation, ops.AddColumnOp) or not _needs_value(operation.column):
            continue
        column = operation.column
        given = _default_of(column, dialect)
        if given is None:
            unfilled.append(f"{table.table_name}.{column.name}")
            continue
        operation.column = Column(
            column.name, column.type, nullable=False, server_default=given, comment=column.comment
        )
        later.append(
            ops.AlterColumnOp(
                table.table_name,
                column.name,
                schema=table.schema,
                existing_type=column.type,
                existing_nullable=False,
                existing_server_default=DefaultClause(given),
                modify_server_default=None,
            )
        )
    return later


def _needs_value(column: Column[Any]) -> bool:
    made = (column.server_default, column.computed, column.identity)
    return not column.nullable and all(way is None for way in made)


def _default_of(column: Column[Any], dialect: Dialect) -> str | TextClause | None:
    """Return the default as a literal that both databases read alike."""
    default = constant_of(column)
    if default is None:
        return None
    bind = column.type.dialect_impl(dialect).bind_processor(dialect)
    value = default if bind is None else bind(default)
    if isinstance(default, bool):
        return text(str(default).lower())
    return str(value) if isinstance(value, (int, float, Decimal, str)) else None

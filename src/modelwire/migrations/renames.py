"""Columns that may have been renamed: one is gone and one is new, of the same type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from alembic.operations import ops
from sqlalchemy import Column
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from .operations import RenameColumn


class Candidate(NamedTuple):
    """Column that is gone, with the new columns of its type.

    Args:
        table: Their table, with its schema where that is not the default one.
        old: The column that is gone.
        new: The new columns.
    """

    table: str
    old: str
    new: Sequence[str]

    @property
    def path(self) -> str:
        """Path of the column that is gone."""
        return f"{self.table}.{self.old}"


def find_candidates(changes: ops.UpgradeOps, dialect: Dialect) -> Sequence[Candidate]:
    """Find the columns that may have been renamed."""
    return [
        Candidate(_path_of(table), gone.column_name, names)
        for table in _tables_in(changes)
        for gone in _gone_from(table)
        if (names := [new.column.name for new in _new_in(table) if _are_alike(gone, new, dialect)])
    ]


def find_gone(changes: ops.UpgradeOps) -> Mapping[str, str]:
    """Find the tables and columns that are gone: by path, `table` or `column`."""
    columns = {
        f"{_path_of(table)}.{gone.column_name}": "column"
        for table in _tables_in(changes)
        for gone in _gone_from(table)
    }
    tables = [op for op in changes.ops if isinstance(op, ops.DropTableOp)]
    return {**columns, **{str(table.table_name): "table" for table in tables}}


def rename(changes: ops.UpgradeOps, renamed: Mapping[tuple[str, str], str]) -> None:
    """Replace dropped columns, and those added in their place, by renames.

    Args:
        changes: The operations, which are changed.
        renamed: The new name of each table's column.
    """
    for table in _tables_in(changes):
        names = {old: new for (path, old), new in renamed.items() if path == _path_of(table)}
        if names:
            _rename_in(changes, table, names)


def _rename_in(
    changes: ops.UpgradeOps, table: ops.ModifyTableOps, names: Mapping[str, str]
) -> None:
    gone = {op.column_name: op for op in _gone_from(table)}
    new = {op.column.name: op for op in _new_in(table)}
    settled = [*(gone[old] for old in names), *(new[name] for name in names.values())]
    rest = _without_moved([op for op in table.ops if op not in settled], names)
    # Operations with the old name in them come first; on the way back the name is restored by then.
    before = [op for op in rest if isinstance(op, (ops.DropIndexOp, ops.DropConstraintOp))]
    after = [op for op in rest if op not in before]
    for old, name in names.items():
        after += _follow_nullable(gone[old].to_column(), table, new[name].column)
    at = changes.ops.index(table)
    changes.ops[at : at + 1] = [
        *_modify(table, before),
        *(RenameColumn(table.table_name, o, n, table.schema) for o, n in names.items()),
        *_modify(table, after),
    ]


def _modify(
    table: ops.ModifyTableOps, operations: Sequence[ops.MigrateOperation]
) -> list[ops.ModifyTableOps]:
    if not operations:
        return []
    return [ops.ModifyTableOps(table.table_name, list(operations), schema=table.schema)]


def _follow_nullable(
    old: Column[Any], table: ops.ModifyTableOps, new: Column[Any]
) -> list[ops.MigrateOperation]:
    if old.nullable == new.nullable:
        return []
    return [
        ops.AlterColumnOp(
            table.table_name,
            new.name,
            schema=table.schema,
            existing_type=new.type,
            existing_nullable=old.nullable,
            modify_nullable=new.nullable,
        )
    ]


def _without_moved(
    operations: Sequence[ops.MigrateOperation], names: Mapping[str, str]
) -> list[ops.MigrateOperation]:
    """Leave out constraints that are dropped and added again: they move with their columns."""
    dropped = {_signature(op.reverse(), names): op for op in operations if _drops(op)}
    added = {_signature(op, {}): op for op in operations if not _drops(op)}
    moved = [key for key in dropped if key is not None and key in added]
    passed = [by[key] for key in moved for by in (dropped, added)]
    return [op for op in operations if op not in passed]


def _drops(operation: ops.MigrateOperation) -> bool:
    return isinstance(operation, ops.DropConstraintOp)


def _signature(
    operation: ops.MigrateOperation, names: Mapping[str, str]
) -> tuple[object, ...] | None:
    """Return what identifies a constraint, apart from its name."""
    if isinstance(operation, ops.CreateUniqueConstraintOp):
        return ("unique", tuple(names.get(str(c), str(c)) for c in operation.columns))
    if isinstance(operation, ops.CreateForeignKeyOp):
        local = tuple(names.get(c, c) for c in operation.local_cols)
        way = tuple(operation.kw.get(k) for k in ("ondelete", "onupdate"))
        return ("reference", local, operation.referent_table, tuple(operation.remote_cols), way)
    return None


def _tables_in(changes: ops.UpgradeOps) -> list[ops.ModifyTableOps]:
    return [op for op in changes.ops if isinstance(op, ops.ModifyTableOps)]


def _path_of(table: ops.ModifyTableOps) -> str:
    return f"{table.schema}.{table.table_name}" if table.schema else str(table.table_name)


def _gone_from(table: ops.ModifyTableOps) -> Iterator[ops.DropColumnOp]:
    return (op for op in table.ops if isinstance(op, ops.DropColumnOp))


def _new_in(table: ops.ModifyTableOps) -> Iterator[ops.AddColumnOp]:
    return (op for op in table.ops if isinstance(op, ops.AddColumnOp))


def _are_alike(gone: ops.DropColumnOp, new: ops.AddColumnOp, dialect: Dialect) -> bool:
    return _write(gone.to_column().type, dialect) == _write(new.column.type, dialect)


def _write(sql_type: TypeEngine[object], dialect: Dialect) -> str:
    return sql_type.compile(dialect=dialect)

"""Differences between models and database, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from alembic.operations import ops
from sqlalchemy.engine import Dialect

from .enums import flatten
from .operations import AlterEnum, CreateEnum, DropEnum


class Difference(NamedTuple):
    """Difference between a model and its table.

    Args:
        table: The table, or the type.
        column: The column; empty where the difference is one of the whole table.
        text: The difference in words.
    """

    table: str
    column: str
    text: str

    def __str__(self) -> str:
        return f"{self.table}{'.' if self.column else ''}{self.column}: {self.text}"


def find_differences(changes: ops.UpgradeOps, dialect: Dialect) -> Sequence[Difference]:
    """Describe the differences that operations on the database's tables would remove."""
    return [
        Difference(_table_of(change), column, text)
        for change in flatten(changes.ops)
        for column, text in _describe(change, dialect)
    ]


def _table_of(change: Any) -> str:
    if isinstance(change, (CreateEnum, AlterEnum)):
        return str(change.name)
    name = change.source_table if isinstance(change, ops.CreateForeignKeyOp) else change.table_name
    schema = getattr(change, "schema", None) or getattr(change, "source_schema", None)
    return f"{schema}.{name}" if schema else str(name)


def _describe(change: Any, dialect: Dialect) -> Iterator[tuple[str, str]]:
    if isinstance(change, ops.AlterColumnOp):
        yield from ((change.column_name, text) for text in _compare(change, dialect))
    elif isinstance(change, AlterEnum):
        there, here = _list(change.old), _list(change.new)
        yield "", f"the enum has {there} in the database, and {here} in the models"
    else:
        of, text = next((k, v) for k, v in _TEXTS.items() if isinstance(change, k))
        name = getattr(change, "index_name", None) or getattr(change, "constraint_name", None)
        column = change.column.name if of is ops.AddColumnOp else None
        column = change.column_name if of is ops.DropColumnOp else column
        yield column or "", text.format(name=name)


_TEXTS: Mapping[type[ops.MigrateOperation], str] = {
    ops.CreateTableOp: "the database has no such table",
    ops.DropTableOp: "the models have no such table",
    ops.AddColumnOp: "the database has no such column",
    ops.DropColumnOp: "the model has no such column",
    ops.CreateIndexOp: "the database has no index {name}",
    ops.DropIndexOp: "the model has no index {name}",
    ops.AddConstraintOp: "the database has no constraint {name}",
    ops.DropConstraintOp: "the model has no constraint {name}",
    DropEnum: "no model has this enum",
    CreateEnum: "the database has no such enum",
    ops.MigrateOperation: "is not the same in the model",
}
"""Texts of operations that need no details; the first matching class counts."""


def _compare(change: ops.AlterColumnOp, dialect: Dialect) -> Iterator[str]:
    if change.modify_type is not None:
        types: Sequence[Any] = (change.existing_type, change.modify_type)
        there, here = (sql_type.compile(dialect=dialect) for sql_type in types)
        yield f"is {there} in the database, and {here} in the model"
    if change.modify_nullable is not None:
        may, may_not = "may be NULL", "may not"
        there, here = (may, may_not) if change.existing_nullable else ("may not be NULL", "may")
        yield f"{there} in the database, and {here} in the model"
    if change.modify_server_default is not False:
        there, here = map(
            _write_default, (change.existing_server_default, change.modify_server_default)
        )
        yield f"has {there} in the database, and {here} in the model"
    if change.modify_comment is not False:
        yield "has another comment in the model"


def _write_default(default: Any) -> str:
    if default in (None, False):
        return "no default"
    return f"the default {getattr(default, 'arg', default)}"


def _list(labels: Sequence[str]) -> str:
    return ", ".join(labels) or "no label"

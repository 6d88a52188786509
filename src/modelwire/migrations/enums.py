"""Enums of the models, and the operations that steps need for them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alembic.operations import ops
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Enum, MetaData, inspect
from sqlalchemy.types import TypeEngine

from ..catalog.views import tables_in
from .operations import AlterEnum, CreateEnum, DropEnum

Key = tuple[str | None, str]
"""Schema and name of a type."""


@dataclass(slots=True)
class Labelled:
    """Type whose values are labels.

    Args:
        labels: Its labels, in order.
        columns: The tables and columns of this type.
    """

    labels: Sequence[str]
    columns: list[tuple[str, str]] = field(default_factory=list)


def as_enum(sql_type: TypeEngine[object]) -> Enum | None:
    """Return the enum that a column's type is on PostgreSQL; None if it is no native one."""
    is_own = isinstance(sql_type, Enum) and sql_type.native_enum and sql_type.name
    return sql_type if isinstance(sql_type, Enum) and is_own else None


def find_enums(metadata: MetaData) -> Mapping[Key, Labelled]:
    """Find the enums of tables."""
    found: dict[Key, Labelled] = {}
    for table in tables_in(metadata):
        for column in table.columns:
            if (enum := as_enum(column.type)) is not None and enum.name is not None:
                known = found.setdefault((enum.schema, enum.name), Labelled(enum.enums))
                known.columns.append((table.fullname, column.name))
    return found


def read_enums(connection: Connection, script: ScriptDirectory) -> Mapping[Key, Sequence[str]]:
    """Read the labels of the enums that the database has.

    Args:
        connection: The database; PostgreSQL lists its enums.
        script: The steps, all of which are applied; for SQLite, which has no enums to list.
    """
    if connection.dialect.name == "postgresql":
        enums = inspect(connection).get_enums(schema="*")  # type: ignore[attr-defined]
        return {
            (None if e["visible"] else e["schema"], e["name"]): list(e["labels"]) for e in enums
        }
    found: dict[Key, Sequence[str]] = {}
    for step in reversed(list(script.walk_revisions())):
        _follow(Path(step.path), found)
    return found


def _follow(step: Path, known: dict[Key, Sequence[str]]) -> None:
    """Apply the operations of a step to the known labels."""
    for call in _calls_in_upgrade(step):
        words = [ast.literal_eval(argument) for argument in call.args]
        schema = next((k.value for k in call.keywords if k.arg == "schema"), None)
        key = (ast.literal_eval(schema) if schema else None, words[0])
        match call.func:
            case ast.Attribute(attr="create_enum"):
                known[key] = words[1:]
            case ast.Attribute(attr="alter_enum"):
                known[key] = words[2]
            case _:
                known.pop(key, None)


def _calls_in_upgrade(step: Path) -> Iterator[ast.Call]:
    names = {"create_enum", "alter_enum", "drop_enum"}
    for node in ast.parse(step.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade":
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
            for call in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
                if isinstance(call.func, ast.Attribute) and call.func.attr in names:
                    yield call


def add_enum_steps(
    operations: list[ops.MigrateOperation],
    wanted: Mapping[Key, Labelled],
    known: Mapping[Key, Sequence[str]],
) -> None:
    """Add the operations on enums before and after those on tables.

    Args:
        operations: The operations that turn the tables of the database into those of the models.
        wanted: The enums of the models.
        known: The labels of the enums of the database.
    """
    new = [k for k in dict.fromkeys(_enums_of(_added(operations))) if k not in known]
    gone = [k for k in dict.fromkeys(_enums_of(_dropped(operations))) if k not in wanted]
    changed = [k for k in wanted if k in known and list(known[k]) != list(wanted[k].labels)]
    operations[:0] = [
        *(CreateEnum(name, *wanted[s, name].labels, schema=s) for s, name in new),
        *(_alter((s, name), wanted[s, name], known[s, name]) for s, name in changed),
    ]
    operations += [
        DropEnum(name, *known[s, name], schema=s) for s, name in gone if (s, name) in known
    ]


def _alter(key: Key, wanted: Labelled, known: Sequence[str]) -> AlterEnum:
    schema, name = key
    return AlterEnum(name, known, wanted.labels, wanted.columns, schema)


def _enums_of(columns: Iterable[Column[object]]) -> Iterator[Key]:
    for column in columns:
        if (enum := as_enum(column.type)) is not None and enum.name is not None:
            yield enum.schema, enum.name


def _added(operations: Sequence[ops.MigrateOperation]) -> Iterator[Column[object]]:
    for operation in flatten(operations):
        if isinstance(operation, ops.CreateTableOp):
            yield from (item for item in operation.columns if isinstance(item, Column))
        elif isinstance(operation, ops.AddColumnOp):
            yield operation.column
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            yield Column(operation.column_name, operation.modify_type)


def _dropped(operations: Sequence[ops.MigrateOperation]) -> Iterator[Column[object]]:
    for operation in flatten(operations):
        if isinstance(operation, ops.DropTableOp):
            yield from operation.to_table().columns
        elif isinstance(operation, ops.DropColumnOp):
            yield operation.to_column()
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            yield Column(operation.column_name, operation.existing_type)


def flatten(operations: Iterable[ops.MigrateOperation]) -> Iterator[ops.MigrateOperation]:
    """Yield operations, with those of each table one by one."""
    for operation in operations:
        if isinstance(operation, ops.OpContainer):
            yield from flatten(operation.ops)
        else:
            yield operation

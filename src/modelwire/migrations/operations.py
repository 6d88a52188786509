"""Operations of steps beyond Alembic's: renaming a column, and changing enums of PostgreSQL.

SQLite has no enums: it stores their labels as text, and these operations do nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations, ops
from sqlalchemy import inspect, text
from sqlalchemy.dialects.postgresql import ENUM

from ..compat.alembic import render_batch


@Operations.register_operation("rename_column")
class RenameColumn(MigrateOperation):
    """`op.rename_column('books', 'name', 'title')`; references to the column follow.

    Args:
        table: The table.
        old: Its present name.
        new: Its new name.
        schema: The schema of the table; the default one, if None.
    """

    def __init__(self, table: str, old: str, new: str, schema: str | None = None) -> None:
        self.table = table
        self.old = old
        self.new = new
        self.schema = schema

    @classmethod
    def rename_column(
        cls, operations: Operations, table: str, old: str, new: str, schema: str | None = None
    ) -> None:
        """Rename a column."""
        operations.invoke(cls(table, old, new, schema))

    def reverse(self) -> RenameColumn:
        """Return the reverse operation."""
        return RenameColumn(self.table, self.new, self.old, self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the description of the operation, in the form of Alembic's own."""
        return ("rename_column", self.schema, self.table, self.old, self.new)


@Operations.register_operation("create_enum")
class CreateEnum(MigrateOperation):
    """`op.create_enum('size', 'small', 'large')`: create the type, if it is missing.

    Args:
        name: The name of the type.
        labels: Its labels, in order.
        schema: The schema of the type; the default one, if None.
    """

    def __init__(self, name: str, *labels: str, schema: str | None = None) -> None:
        self.name = name
        self.labels = labels
        self.schema = schema

    @classmethod
    def create_enum(
        cls, operations: Operations, name: str, *labels: str, schema: str | None = None
    ) -> None:
        """Create the type of an enum."""
        operations.invoke(cls(name, *labels, schema=schema))

    def reverse(self) -> DropEnum:
        """Return the reverse operation."""
        return DropEnum(self.name, *self.labels, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the description of the operation, in the form of Alembic's own."""
        return ("create_enum", self.name, self.labels)


@Operations.register_operation("drop_enum")
class DropEnum(CreateEnum):
    """`op.drop_enum('size', 'small', 'large')`: drop the type; its labels are for the way back."""

    @classmethod
    def drop_enum(
        cls, operations: Operations, name: str, *labels: str, schema: str | None = None
    ) -> None:
        """Drop the type of an enum."""
        operations.invoke(cls(name, *labels, schema=schema))

    def reverse(self) -> CreateEnum:  # type: ignore[override]
        """Return the reverse operation."""
        return CreateEnum(self.name, *self.labels, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the description of the operation, in the form of Alembic's own."""
        return ("drop_enum", self.name, self.labels)


@Operations.register_operation("alter_enum")
class AlterEnum(MigrateOperation):
    """`op.alter_enum('size', ['small'], ['small', 'large'], [('articles', 'size')])`.

    Labels that are only added are added to the type. Otherwise a new type replaces it, which the
    database refuses if a row has a label that is gone.

    Args:
        name: The name of the type.
        old: Its labels, in order.
        new: Its new labels, in order.
        columns: The tables and columns of this type.
        schema: The schema of the type; the default one, if None.
    """

    def __init__(
        self,
        name: str,
        old: Sequence[str],
        new: Sequence[str],
        columns: Sequence[tuple[str, str]],
        schema: str | None = None,
    ) -> None:
        self.name = name
        self.old = list(old)
        self.new = list(new)
        self.columns = list(columns)
        self.schema = schema

    @classmethod
    def alter_enum(
        cls,
        operations: Operations,
        name: str,
        old: Sequence[str],
        new: Sequence[str],
        columns: Sequence[tuple[str, str]],
        schema: str | None = None,
    ) -> None:
        """Change the labels of an enum."""
        operations.invoke(cls(name, old, new, columns, schema))

    def reverse(self) -> AlterEnum:
        """Return the reverse operation."""
        return AlterEnum(self.name, self.new, self.old, self.columns, self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the description of the operation, in the form of Alembic's own."""
        return ("alter_enum", self.name, self.old, self.new)


def _has_enums(operations: Operations) -> bool:
    return operations.get_context().dialect.name == "postgresql"


def _quote(operations: Operations, name: str, schema: str | None = None) -> str:
    preparer = operations.get_context().dialect.identifier_preparer
    quoted = preparer.quote(name)
    return f"{preparer.quote_schema(schema)}.{quoted}" if schema else quoted


def _execute(operations: Operations, sql: str) -> None:
    operations.execute(text(sql.replace(":", r"\:")))


def _quote_text(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"


@Operations.implementation_for(RenameColumn)
def _rename_column(operations: Operations, step: RenameColumn) -> None:
    # Not in a batch: SQLite would copy the table, without what refers to the column.
    operations.alter_column(step.table, step.old, new_column_name=step.new, schema=step.schema)


@Operations.implementation_for(CreateEnum)
def _create_enum(operations: Operations, step: CreateEnum) -> None:
    if _has_enums(operations):
        ENUM(*step.labels, name=step.name, schema=step.schema).create(operations.get_bind())


@Operations.implementation_for(DropEnum)
def _drop_enum(operations: Operations, step: DropEnum) -> None:
    if _has_enums(operations):
        _execute(operations, f"DROP TYPE IF EXISTS {_quote(operations, step.name, step.schema)}")


@Operations.implementation_for(AlterEnum)
def _alter_enum(operations: Operations, step: AlterEnum) -> None:
    if not _has_enums(operations):
        return
    if [label for label in step.new if label in step.old] == step.old:
        _add_labels(operations, step)
    else:
        _replace_enum(operations, step)


def _add_labels(operations: Operations, step: AlterEnum) -> None:
    """Add labels at their places; none is removed (PostgreSQL manual, ALTER TYPE)."""
    name = _quote(operations, step.name, step.schema)
    for before, label in zip([None, *step.new], step.new, strict=False):
        if label not in step.old:
            place = f"AFTER {_quote_text(before)}" if before else _before_first(step)
            _execute(operations, f"ALTER TYPE {name} ADD VALUE {_quote_text(label)} {place}")


def _before_first(step: AlterEnum) -> str:
    return f"BEFORE {_quote_text(step.old[0])}" if step.old else ""


def _replace_enum(operations: Operations, step: AlterEnum) -> None:
    name = _quote(operations, step.name, step.schema)
    gone = _quote(operations, f"{step.name}_gone")
    _execute(operations, f"ALTER TYPE {name} RENAME TO {gone}")
    ENUM(*step.new, name=step.name, schema=step.schema).create(operations.get_bind())
    for table, column in step.columns:
        _retype(operations, table, column, name)
    within = f"{_quote(operations, step.schema)}." if step.schema else ""
    _execute(operations, f"DROP TYPE {within}{gone}")


def _quote_path(operations: Operations, table: str) -> str:
    return ".".join(_quote(operations, part) for part in table.split("."))


def _retype(operations: Operations, table: str, column: str, name: str) -> None:
    """Change a column to the new type, and its default, which is still of the old one."""
    schema, _, plain = table.rpartition(".")
    known = inspect(operations.get_bind()).get_columns(plain, schema or None)
    default = next(c["default"] for c in known if c["name"] == column)
    quoted = _quote(operations, column)
    change = f"ALTER TABLE {_quote_path(operations, table)} ALTER COLUMN {quoted}"
    if default is not None:
        _execute(operations, f"{change} DROP DEFAULT")
    _execute(operations, f"{change} TYPE {name} USING {quoted}::text::{name}")
    if default is not None:
        _execute(operations, f"{change} SET DEFAULT {default.partition('::')[0]}::{name}")


def _write(name: str, *arguments: object, schema: str | None) -> str:
    shown = [repr(argument) for argument in arguments]
    if schema is not None:
        shown.append(f"schema={schema!r}")
    return f"op.{name}({', '.join(shown)})"


@renderers.dispatch_for(ops.ModifyTableOps, replace=True)
def _render_table(context: AutogenContext, step: ops.ModifyTableOps) -> list[str]:
    """Render a batch in which unnamed constraints of the table can be dropped, by a convention."""
    lines = render_batch(context, step)
    if lines and any(isinstance(change, ops.DropConstraintOp) for change in step.ops):
        context.imports.add("from modelwire.migrations import NAMES")
        lines[0] = lines[0].replace(") as batch_op", ", naming_convention=NAMES) as batch_op")
    return lines


@renderers.dispatch_for(RenameColumn)
def _render_rename(_context: object, step: RenameColumn) -> str:
    return _write("rename_column", step.table, step.old, step.new, schema=step.schema)


@renderers.dispatch_for(CreateEnum)
def _render_create(_context: object, step: CreateEnum) -> str:
    return _write("create_enum", step.name, *step.labels, schema=step.schema)


@renderers.dispatch_for(DropEnum)
def _render_drop(_context: object, step: DropEnum) -> str:
    return _write("drop_enum", step.name, *step.labels, schema=step.schema)


@renderers.dispatch_for(AlterEnum)
def _render_alter(_context: object, step: AlterEnum) -> str:
    return _write("alter_enum", step.name, step.old, step.new, step.columns, schema=step.schema)

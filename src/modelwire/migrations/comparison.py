"""Comparison of models and database, and rendering of column types in steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Enum, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.types import ARRAY, String, TypeDecorator, TypeEngine

from ..catalog.names import is_own_table
from ..catalog.views import is_view
from ..compat.sqlmodel import AutoString
from .enums import add_enum_steps, as_enum, find_enums, flatten, read_enums
from .names import copy_with_names, name_operations


def write_options(
    metadata: MetaData,
    ignored: Collection[str],
    decide: Callable[[ops.UpgradeOps, Dialect], bool] | None,
    *,
    takes_as_empty: bool,
) -> Mapping[str, Any]:
    """Build the options that Alembic is configured with; views are not compared.

    Args:
        metadata: The tables of the models.
        ignored: Tables of the database that are not compared.
        decide: Decides whether a step is made of the differences; it is, if None.
        takes_as_empty: Whether to assume a database without tables.
    """
    schemas = {table.schema for table in metadata.tables.values()}

    def is_compared(name: str | None, kind: str, _parents: object) -> bool:
        if kind == "schema":
            return name in schemas or name is None
        if kind != "table" or name is None:
            return True
        return not (takes_as_empty or is_own_table(name) or name in ignored)

    def finish(context: MigrationContext, _revision: object, scripts: list[Any]) -> None:
        for script in list(scripts):
            changes = script.upgrade_ops
            _finish_changes(context, changes, metadata, takes_as_empty=takes_as_empty)
            if decide is not None and not decide(changes, context.dialect):
                scripts.remove(script)
            script.downgrade_ops = changes.reverse()

    return {
        "target_metadata": metadata,
        "include_name": is_compared,
        "include_object": lambda item, _, kind, *__: kind != "table" or not is_view(item),
        "include_schemas": schemas != {None} and bool(schemas),
        "render_item": render_item,
        "render_as_batch": True,
        "compare_type": is_other_type,
        "compare_server_default": True,
        "process_revision_directives": finish,
        "transactional_ddl": True,
        "transaction_per_migration": True,
    }


def _finish_changes(
    context: MigrationContext, changes: ops.UpgradeOps, metadata: MetaData, *, takes_as_empty: bool
) -> None:
    if context.connection is None or context.script is None:
        return
    named = copy_with_names(metadata)
    changes.ops[:] = [_with_names(change, named) for change in changes.ops]
    name_operations(flatten(changes.ops))
    known = {} if takes_as_empty else read_enums(context.connection, context.script)
    add_enum_steps(changes.ops, find_enums(metadata), known)


def _with_names(change: ops.MigrateOperation, named: MetaData) -> ops.MigrateOperation:
    if not isinstance(change, ops.CreateTableOp):
        return change
    key = f"{change.schema}.{change.table_name}" if change.schema else change.table_name
    return ops.CreateTableOp.from_table(named.tables[key]) if key in named.tables else change


def is_other_type(
    context: MigrationContext,
    _there: object,
    _wanted: object,
    there: TypeEngine[Any],
    wanted: TypeEngine[Any],
) -> bool | None:
    """Return whether two types differ, where Alembic can't compare them; None where it can.

    Enums are compared by their labels: SQLite stores them as text, whose declared length it
    ignores.
    """
    if isinstance(wanted, Enum) and context.dialect.name == "sqlite":
        return False if isinstance(there, String) else None
    return None


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Render types of SQLModel and of applications as the types that they store.

    A step must not depend on code that may change later. Types that Alembic can render give False.
    """
    if kind != "type":
        return False
    if isinstance(item, TypeDecorator) and _is_stored_as_said(item):
        return render_type(item.impl_instance, context)
    return _render_known(item, context) or False


def _is_stored_as_said(item: TypeDecorator[Any]) -> bool:
    """Whether a type is stored as the type that its class names, on every database."""
    if type(item).__module__.startswith("sqlalchemy."):
        return False  # Alembic renders it by its name
    own = type(item).load_dialect_impl is not TypeDecorator.load_dialect_impl
    return isinstance(item, AutoString) or not own


def render_type(item: TypeEngine[Any], context: AutogenContext) -> str:
    """Render a type of SQLAlchemy's."""
    return _render_known(item, context) or f"sa.{item!r}"


def _render_known(item: TypeEngine[Any], context: AutogenContext) -> str:
    """Render a type that Alembic can't render completely; an empty text for others."""
    if (enum := as_enum(item)) is not None and not enum.create_constraint:
        context.imports.add("from sqlalchemy.dialects import postgresql")
        words = [*map(repr, enum.enums), f"name={enum.name!r}", "create_type=False"]
        if enum.schema is not None:
            words.insert(-1, f"schema={enum.schema!r}")
        return f"postgresql.ENUM({', '.join(words)})"
    package, *_ = module = type(item).__module__.split(".")
    if module[:2] == ["sqlalchemy", "dialects"] and not isinstance(item, ARRAY):
        context.imports.add(f"from sqlalchemy.dialects import {module[2]}")
        return ""
    if package != "sqlalchemy":
        context.imports.add(f"import {'.'.join(module)}")
    return ""

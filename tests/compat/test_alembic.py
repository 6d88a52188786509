"""Undocumented parts of Alembic that modelwire uses."""

from __future__ import annotations

import inspect

from alembic.ddl.impl import DefaultImpl
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import ApplyBatchImpl
from alembic.operations.ops import ModifyTableOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, create_engine

from modelwire.compat.alembic import COPY, PostgreSQLDefaults, SQLiteCopies, render_batch

from .canary import missing_from, parameters_of


def test_databases_have_their_parts() -> None:
    assert missing_from(SQLiteImpl, ("drop_table", "rename_table")) == []
    assert parameters_of(DefaultImpl.drop_table)[1:] == ["table", "kw"]
    renamed = ["old_table_name", "new_table_name", "schema"]
    assert parameters_of(DefaultImpl.rename_table)[1:] == renamed
    assert parameters_of(PostgresqlImpl.compare_server_default)[1:] == [
        "inspector_column",
        "metadata_column",
        "rendered_metadata_default",
        "rendered_inspector_default",
    ]


def test_own_classes_take_their_place() -> None:
    assert DefaultImpl.get_by_dialect(create_engine("sqlite://").dialect) is SQLiteCopies
    postgresql = create_engine("postgresql+asyncpg://").dialect
    assert DefaultImpl.get_by_dialect(postgresql) is PostgreSQLDefaults


def test_copies_are_called_what_they_are_known_by() -> None:
    source = inspect.getsource(ApplyBatchImpl)
    assert COPY in source
    assert "op_impl.drop_table(self.table)" in source
    assert "op_impl.rename_table(" in source


def test_batches_begin_with_their_table() -> None:
    from alembic.autogenerate.api import AutogenContext  # noqa: PLC0415 - for this test alone
    from alembic.operations.ops import AddColumnOp  # noqa: PLC0415

    context = MigrationContext.configure(dialect_name="sqlite", opts={"render_as_batch": True})
    opts = {
        "render_as_batch": True,
        "alembic_module_prefix": "op.",
        "sqlalchemy_module_prefix": "sa.",
        "render_item": None,
        "user_module_prefix": None,
    }
    Table("books", MetaData(), column := Column("pages", Integer))
    batch = ModifyTableOps("books", [AddColumnOp("books", column)])
    first, *_ = render_batch(AutogenContext(context, opts=opts), batch)
    assert first == "with op.batch_alter_table('books', schema=None) as batch_op:"

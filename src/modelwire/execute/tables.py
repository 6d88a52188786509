"""Creation of missing tables, and detection of columns that only a table or only its model has."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, MetaData, Table, bindparam, column, func, inspect, select
from sqlalchemy import table as table_clause
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import DBAPIError, SAWarning, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..catalog.views import tables_in
from ..compat.sqlalchemy import settle_keys
from ..statement.dialects.known import DIALECTS
from ..statement.indexes import value_indexes
from ..statement.own_tables import OWN, build_creation
from ..statement.statements import Statement
from .connect.begin import begin_writing
from .sqlite.tables import check_for_sqlite, warn_of_idle_keys

logger = logging.getLogger("modelwire")

CREATE_LOCK = 0x6D6F64656C77  # "modelw"
"""Advisory lock of PostgreSQL under which processes create tables."""

LOCK_CREATION = select(func.pg_advisory_xact_lock(bindparam("number", CREATE_LOCK)))


def creation_of(own: Table, dialect: Dialect) -> Sequence[Statement]:
    """Return the statements that create one of modelwire's own tables, one process at a time.

    Args:
        own: The table.
        dialect: SQLAlchemy's dialect of the engine that runs them.
    """
    lock = [LOCK_CREATION] if DIALECTS[dialect.name].locks_creation else []
    return [Statement(step, dialect) for step in (*lock, *build_creation(own, dialect))]


async def create_tables(
    engine: AsyncEngine, metadata: MetaData, only: Sequence[Table] | None = None
) -> None:
    """Create missing tables. Existing tables are not changed, and views are not created.

    On SQLite, each table also gets indexes by which its columns are compared as values.

    Args:
        engine: The engine.
        metadata: The tables.
        only: The tables to create; all, if None.

    Raises:
        ConfigurationError: SQLite does not support a table as declared.
    """
    settle_keys(metadata.tables.values())
    await _change_schema(engine, _create_missing, metadata, only)


async def complete_tables(engine: AsyncEngine, metadata: MetaData) -> None:
    """Create what goes with migrated tables, and is not a part of the models.

    That is modelwire's own tables and, on SQLite, the indexes by which columns are compared as
    values.

    Args:
        engine: The engine.
        metadata: The tables of the models; missing ones are not created.
    """
    await create_tables(engine, OWN)
    if engine.dialect.name == "sqlite":
        await _change_schema(engine, _create_all_value_indexes, metadata)


async def _change_schema(engine: AsyncEngine, change: Callable[..., None], *given: Any) -> None:
    """Run a function that creates what is missing, in a transaction.

    It runs once more if the connection was lost, or was so old that its file may not be the one
    that is there now.
    """

    async def run() -> None:
        async with engine.begin() as connection:
            if DIALECTS[engine.dialect.name].locks_creation:
                await connection.execute(LOCK_CREATION)
            await begin_writing(connection)
            await connection.run_sync(change, *given)

    try:
        await run()
    except DBAPIError as exc:
        if not exc.connection_invalidated:
            raise
        await run()


def _create_all_value_indexes(connection: Connection, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        _create_value_indexes(connection, table)


def _create_missing(
    connection: Connection, metadata: MetaData, only: Sequence[Table] | None
) -> None:
    tables = tables_in(metadata) if only is None else only
    if connection.dialect.name != "sqlite":
        metadata.create_all(connection, tables)
        return
    check_for_sqlite(connection, tables)
    metadata.create_all(connection, tables)
    warn_of_idle_keys(connection, tables)
    for table in tables:
        _create_value_indexes(connection, table)


def _create_value_indexes(connection: Connection, table: Table) -> None:
    """Create the indexes by which the columns of a table are compared as values."""
    wanted = value_indexes(table, connection.dialect)
    inspector = inspect(connection)
    if not wanted or table.name not in inspector.get_table_names(table.schema):
        return  # a view has no indexes
    columns = {c["name"] for c in inspector.get_columns(table.name, table.schema)}
    master = table_clause("sqlite_master", column("name"), column("tbl_name"), schema=table.schema)
    there = set(connection.scalars(select(master.c.name).where(master.c.tbl_name == table.name)))
    for index in wanted:
        # SQLite would take the quoted name of a missing column for a text.
        if index.name not in there and index.columns <= columns:
            try:
                connection.exec_driver_sql(index.text)
            except SQLAlchemyError as exc:
                if connection.invalidated:
                    raise
                logger.warning(_NOT_INDEXED, table.fullname, exc.__cause__, index.text)


_NOT_INDEXED = (
    "Lists of %s that are sorted or filtered by times or decimals read the whole table, since "
    "an index can't be created: %s. Create it by: %s"
)


async def find_missing_tables(engine: AsyncEngine, tables: Collection[Table]) -> Sequence[str]:
    """Find missing tables, which may also be views.

    Args:
        engine: The engine.
        tables: The tables.

    Returns:
        The names of those that are missing.
    """

    def find(connection: Connection) -> list[str]:
        inspector = inspect(connection)
        return [t.fullname for t in tables if not inspector.has_table(t.name, schema=t.schema)]

    async with engine.connect() as connection:
        return await connection.run_sync(find)


class ColumnMismatch(NamedTuple):
    """Columns by which an existing table differs from its model, so that requests would fail.

    Args:
        missing: Columns that only the model has.
        unfilled: Columns that only the table has, and that every new row needs: they can't be null,
            and have no default.
    """

    missing: Sequence[str]
    unfilled: Sequence[str]


async def find_mismatched_columns(
    engine: AsyncEngine, metadata: MetaData
) -> Mapping[str, ColumnMismatch]:
    """Find the columns by which existing tables differ from their models.

    Args:
        engine: The engine.
        metadata: The tables of the models.

    Returns:
        The columns, by the name of their table; missing tables are left out.
    """
    async with engine.connect() as connection:
        return await connection.run_sync(_compare_columns, metadata)


def _compare_columns(connection: Connection, metadata: MetaData) -> dict[str, ColumnMismatch]:
    inspector = inspect(connection)
    tables = {(table.schema, table.name): table for table in metadata.sorted_tables}
    mismatched: dict[str, ColumnMismatch] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # types that SQLAlchemy does not know
        for schema in dict.fromkeys(schema for schema, _ in tables):
            names = [name for of, name in tables if of == schema]
            found = inspector.get_multi_columns(schema=schema, filter_names=names)
            for key, columns in found.items():
                mismatch = _compare(tables[key], columns)
                if any(mismatch):
                    mismatched[tables[key].fullname] = mismatch
    return mismatched


def _compare(table: Table, stored: Sequence[ReflectedColumn]) -> ColumnMismatch:
    declared, there = {c.name for c in table.columns}, {column["name"] for column in stored}
    return ColumnMismatch(
        [c.name for c in table.columns if c.name not in there],
        [c["name"] for c in stored if c["name"] not in declared and _must_be_given(c)],
    )


def _must_be_given(column: ReflectedColumn) -> bool:
    """Whether each new row needs a value of a column; SQLite fills keys that are integers."""
    is_filled = any(map(column.get, ("default", "computed", "identity", "primary_key")))
    return not (column["nullable"] or is_filled)

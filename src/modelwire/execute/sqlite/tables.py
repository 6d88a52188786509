"""Differences of tables on SQLite: autoincrementing keys, and schemas."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    BIGINT,
    SMALLINT,
    UUID,
    BigInteger,
    Column,
    Connection,
    SmallInteger,
    Table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Sequence
from sqlalchemy.sql.functions import next_value
from sqlalchemy.types import TypeEngine

from ...errors import ConfigurationError

logger = logging.getLogger("modelwire")


@compiles(BigInteger, "sqlite")
@compiles(BIGINT, "sqlite")
@compiles(SmallInteger, "sqlite")
@compiles(SMALLINT, "sqlite")
def _write_integer(element: TypeEngine[Any], _compiler: Any, **options: Any) -> str:
    """Return the type of an integer column.

    An autoincrementing key on SQLite can only be INTEGER, which is as wide as BIGINT (manual,
    CREATE TABLE, ROWIDs and the INTEGER PRIMARY KEY).
    """
    column = options.get("type_expression")
    if isinstance(column, Column) and _counts_up(column):
        return "INTEGER"
    return "BIGINT" if isinstance(element, BigInteger) else "SMALLINT"


@compiles(UUID, "sqlite")
def _write_text(_element: TypeEngine[Any], _compiler: Any, **_options: Any) -> str:
    """Return a text type for UUIDs.

    With a type that it doesn't know, SQLite turns UUIDs of digits into numbers (manual, Datatypes
    In SQLite, 3.1).
    """
    return "CHAR(32)"


def check_for_sqlite(connection: Connection, tables: Collection[Table]) -> None:
    """Check that SQLite supports some tables as declared.

    Args:
        connection: A connection, with its attached databases.
        tables: The tables.

    Raises:
        ConfigurationError: It doesn't support a table or a column; says which, and what to write.
    """
    schemas = {name for _, name, _ in connection.exec_driver_sql("PRAGMA database_list")}
    for table in tables:
        if table.schema is not None and table.schema not in schemas:
            raise ConfigurationError(
                f"The table {table.fullname} is in a schema, {table.schema}, which SQLite doesn't "
                "have. Leave `schema` out of its __table_args__, or attach a database of that name."
            )
        for column in _not_counted(table):
            raise ConfigurationError(
                f"{table.fullname}.{column.name} can't count up on SQLite. Only a key of one "
                "column can, by primary_key=True alone; leave Identity, Sequence and "
                "autoincrement=True out, and give other columns a default."
            )


def warn_of_idle_keys(connection: Connection, tables: Collection[Table]) -> None:
    """Warn of existing tables whose keys should autoincrement, but do not.

    Args:
        connection: A connection.
        tables: The tables.
    """
    for table in tables:
        key = table.autoincrement_column
        if key is None:
            continue
        values = (table.name, table.schema or "main", key.name)
        for (declared,) in connection.exec_driver_sql(_TYPE_OF_KEY, values):
            if declared.upper() != "INTEGER":
                logger.warning(_IDLE, table.fullname, key.name, declared)


_TYPE_OF_KEY = "SELECT type FROM pragma_table_info(?, ?) WHERE name = ? AND pk > 0"

_IDLE = (
    "New rows of %s need a key that nothing gives them: %s is of the type %s, and SQLite counts up "
    "INTEGER only. Tables that exist are not changed; make the column INTEGER by a migration"
)


def _not_counted(table: Table) -> Iterator[Column[Any]]:
    """Yield the columns that should autoincrement, but can't."""
    for column in table.columns:
        declared: Any = getattr(column.server_default, "arg", None)
        if isinstance(declared, next_value) or (_is_to_count(column) and not _counts_up(column)):
            yield column


def _is_to_count(column: Column[Any]) -> bool:
    by_sequence = isinstance(column.default, Sequence)
    return column.identity is not None or by_sequence or column.autoincrement is True


def _counts_up(column: Column[Any]) -> bool:
    """Whether a column is the whole primary key, which SQLite autoincrements."""
    table = getattr(column, "table", None)
    if table is None or len(table.primary_key.columns) != 1:
        return False
    return table.autoincrement_column is column

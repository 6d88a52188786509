"""The table of changes: the change log of all tables that keep one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Identity,
    Index,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

NOTIFIED = "modelwire_changes"
"""The PostgreSQL channel for notifications of new changes; they have no payload."""

COLUMNS_CHANGED = "modelwire: the table has other columns than before"
"""The error raised by SQLite triggers if a migration has changed the table since their creation."""


class TransactionId(UserDefinedType[int]):
    """PostgreSQL transaction id (PostgreSQL manual, Transaction IDs); SQLite has none."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        return "xid8"


class Octets(String):
    """Text that is compared byte by byte, which is cheapest for an index."""


@compiles(Octets, "postgresql")
def _write_octets(sql_type: Octets, compiler: Any, **_options: Any) -> str:
    return f'{compiler.visit_VARCHAR(sql_type)} COLLATE "C"'


CHANGES = Table(
    "modelwire_changes",
    MetaData(),
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("transaction", TransactionId),
    Column("table", Octets, nullable=False),
    Column("key", Octets, nullable=False),
    Column("operation", String(6), nullable=False),
    Column("old", JSON),
    Column("new", JSON),
    Column("by", Text),
    Column("request", Text),
    sqlite_autoincrement=True,
)
"""One entry for each row that a write changes, in the same transaction. A change of the key has two
entries: a delete with the old key, and a create with the new key.

number: An increasing number, in the order of the writes; transactions may commit in another order.
at: The time by the database's clock, in UTC.
transaction: The PostgreSQL transaction id; NULL on SQLite, which has one writer.
table: The table's name, with its schema if the model gives one.
key: The primary key as a JSON array, in the key's order, as `json_build_array` writes it.
operation: `create`, `update` or `delete`.
old, new: The whole row before and after the change, as a JSON object by column names; NULL if there
    is none. On PostgreSQL it is the output of `row_to_json`, on SQLite that of the triggers in
    `execute/log/sqlite.py`. Both can be read back without loss.
by: The key of the caller as JSON, an array if it has several parts; NULL if the caller is unknown.
request: The request's id; NULL if there is none.
"""

Index("ix_modelwire_changes_row", CHANGES.c.key, CHANGES.c.table, CHANGES.c.number)
Index("ix_modelwire_changes_table", CHANGES.c.table, CHANGES.c.number)


BY, REQUEST, TELLS = "modelwire.by", "modelwire.request", "modelwire.tells"
"""The PostgreSQL transaction settings for the caller, the request id, and whether the process
itself sends the notification after the commit: then the value is `1`."""


_STAMPED = ((BY, "stamp_by"), (REQUEST, "stamp_request"), (TELLS, "stamp_tells"))

STAMPS = len(_STAMPED)
"""The number of columns that set them."""


def stamps() -> Sequence[ColumnElement[str]]:
    """Return columns that set these settings, for use in a statement that returns rows; their
    values are the parameters `stamp_by`, `stamp_request` and `stamp_tells`."""
    return [
        func.set_config(
            literal_column(f"'{setting}'"), bindparam(name, type_=Text()), literal_column("true")
        )
        for setting, name in _STAMPED
    ]


def name_function(table: str, dialect: Dialect) -> str:
    """Return the quoted name of the trigger function that logs the changes of a table.

    Args:
        table: The table's name, with its schema if any.
        dialect: SQLAlchemy's dialect of the database.
    """
    return dialect.identifier_preparer.quote(f"modelwire_log_{table}"[:63])

"""The table of changes: what has become of the rows of tables that have a log."""

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
"""The channel of PostgreSQL on which it is told that there are new changes, with no payload."""

COLUMNS_CHANGED = "modelwire: the table has other columns than before"
"""What triggers on SQLite say where a migration has been applied since they were made."""


class TransactionId(UserDefinedType[int]):
    """The number of a transaction (PostgreSQL manual, Transaction IDs); SQLite has none."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        return "xid8"


class Octets(String):
    """A text that is compared byte by byte, which costs an index the least."""


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
"""An entry for each row that a write has changed, in the same transaction. What changes a key is
two: the row under the old key is deleted, and one under the new key is created.

number: Counts up, in the order in which rows were written; transactions commit in another one.
at: The instant by the database's clock, in UTC.
transaction: PostgreSQL's number of the transaction; NULL on SQLite, which has one writer.
table: The table's name, with its schema where the model gives one.
key: The primary key as a JSON array, in the key's order, as `json_build_array` writes it.
operation: `create`, `update` or `delete`.
old, new: The whole row as it was and is stored, as a JSON object by the names of the columns; NULL
    where there is none. On PostgreSQL it is what `row_to_json` makes, on SQLite what
    `execute/log/sqlite.py` says. Both can be read again without loss.
by: The key of the caller as JSON, an array where it has several parts; NULL where none is known.
request: The request's id; NULL where there is none.
"""

Index("ix_modelwire_changes_row", CHANGES.c.key, CHANGES.c.table, CHANGES.c.number)
Index("ix_modelwire_changes_table", CHANGES.c.table, CHANGES.c.number)


BY, REQUEST, TELLS = "modelwire.by", "modelwire.request", "modelwire.tells"
"""The settings of a transaction on PostgreSQL that say on whose behalf it writes, and whether its
process tells of the changes once they are committed: then it is `1`."""


STAMPS = 3
"""How many columns set these."""


def stamps() -> Sequence[ColumnElement[str]]:
    """Write columns that set these, of a statement that returns rows; their values are the
    parameters `stamp_by`, `stamp_request` and `stamp_tells`."""
    given = ((BY, "stamp_by"), (REQUEST, "stamp_request"), (TELLS, "stamp_tells"))
    return [
        func.set_config(
            literal_column(f"'{setting}'"), bindparam(name, type_=Text()), literal_column("true")
        )
        for setting, name in given
    ]


def name_function(table: str, dialect: Dialect) -> str:
    """The name of what notes the changes of a table, as it stands in SQL.

    Args:
        table: The table's name, with its schema if any.
        dialect: SQLAlchemy's dialect of the database.
    """
    return dialect.identifier_preparer.quote(f"modelwire_log_{table}"[:63])

"""Triggers that log changes on SQLite: temporary ones of each connection, and their functions.

They are not a part of the database, so other programs can still write to it, and migrations that
copy tables lose nothing. Rows that foreign keys delete or change are logged as well (SQLite manual,
CREATE TRIGGER).

Rows are logged with the columns of the table, whatever the model declares: processes of an older
and a newer version may write side by side. Triggers name columns, so they check whether these have
changed, which costs some microseconds for each row; if so, the transaction is rolled back and
retried with new triggers.

A row is a JSON object by the names of its columns. Stored values are kept exactly: integers and
texts as they are, reals in the shortest digits that denote the same number, with a point or an
exponent, and blobs as `{"blob": "<hexadecimal digits>"}`.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from ...statement.changes import CHANGES, COLUMNS_CHANGED
from ...statement.given_rows import cell
from ...statement.own_tables import build_creation
from ..sqlite.connection import VERSION

BY, REQUEST, NOW = "modelwire_by", "modelwire_request", "modelwire_now"
LOOK_ANEW = "modelwire_look_anew"

Origin = tuple[str | None, str | None]

_DIALECT = sqlite.dialect()
_QUOTE = _DIALECT.identifier_preparer.quote


def add_functions(
    connection: sqlite3.Connection, origin: Callable[[], Origin], look_anew: Callable[[], None]
) -> None:
    """Add the functions of the triggers to a connection.

    Args:
        connection: The connection.
        origin: Returns the origin of its writes.
        look_anew: Called when a table has other columns than its triggers.
    """
    for name, arguments, function in functions(origin, look_anew):
        connection.create_function(name, arguments, function)


def functions(
    origin: Callable[[], Origin], look_anew: Callable[[], None]
) -> Sequence[tuple[str, int, Callable[..., Any]]]:
    """Return the functions of the triggers, each with its name and number of arguments.

    Args:
        origin: Returns the origin of a connection's writes.
        look_anew: Called when a table has other columns than its triggers.
    """
    return (
        (BY, 0, lambda: origin()[0]),
        (REQUEST, 0, lambda: origin()[1]),
        (NOW, 0, write_now),
        (LOOK_ANEW, 0, look_anew),
    )


def write_now() -> str:
    """Return the current instant."""
    return write_instant(dt.datetime.now(dt.UTC))


def write_instant(instant: dt.datetime) -> str:
    """Write an instant in UTC as SQLAlchemy does on SQLite."""
    return instant.isoformat(" ", "microseconds")[:26]


class Installed(NamedTuple):
    """State of a connection's triggers.

    Args:
        is_whole: Whether all tables exist.
        version: The schema version that the triggers were written for.
    """

    is_whole: bool
    version: int


Steps = Generator[str, Sequence[Any], Installed]
"""Generator of statements, to which the rows of each are sent."""


def install(connection: sqlite3.Connection, tables: Collection[Table]) -> Installed:
    """Install the triggers of those tables that exist."""
    steps = write_steps(tables)
    text = next(steps)
    while True:
        try:
            text = steps.send(connection.execute(text).fetchall())
        except StopIteration as done:
            installed: Installed = done.value
            return installed


def write_steps(tables: Collection[Table]) -> Steps:
    """Yield the statements that install the triggers of those tables that exist.

    Args:
        tables: The tables.
    """
    there = {name for (name,) in (yield "SELECT name FROM main.sqlite_master")}
    found = [table for table in tables if table.schema is not None or table.name in there]
    if found and CHANGES.name not in there:
        for step in build_creation(CHANGES, _DIALECT):
            yield str(step)
    ((version,),) = yield VERSION
    installed: dict[str, str] = dict(
        (yield "SELECT name, sql FROM temp.sqlite_master WHERE type = 'trigger'")
    )
    for table in found:
        columns = [name for (name,) in (yield f"SELECT name FROM {_columns_of(table)}")]
        for name, rest in _write_triggers(table, columns, version):
            if installed.get(name) != f"CREATE TRIGGER {rest}":
                yield f"DROP TRIGGER IF EXISTS temp.{_QUOTE(name)}"
                yield f"CREATE TEMP TRIGGER {rest}"
    return Installed(len(found) == len(tables), version)


def _write_triggers(
    table: Table, columns: Sequence[str], version: int
) -> Iterator[tuple[str, str]]:
    """Yield the name and the definition of each trigger of a table.

    Args:
        table: The table.
        columns: The names of its columns.
        version: The schema version that has these columns.
    """
    old, new = _key(table, "OLD"), _key(table, "NEW")
    before, after = _image(columns, "OLD"), _image(columns, "NEW")
    look = _look(table, columns, version)
    deleted = _entry(table, old, "delete", before, "NULL")
    created = _entry(table, new, "create", "NULL", after)
    name = _text(table.fullname)
    changed = (
        f"INSERT INTO {CHANGES.name} ({_COLUMNS}) "
        f"SELECT {NOW}(), {name}, {new}, 'update', o, n, {BY}(), {REQUEST}() "
        f"FROM (SELECT {before} AS o, {after} AS n) WHERE o <> n; "
    )
    place = f"{_QUOTE(table.schema or 'main')}.{_QUOTE(table.name)}"
    for kind, event, when, body in (
        ("create", "INSERT", "", created),
        ("delete", "DELETE", "", deleted),
        ("move", "UPDATE", f"WHEN {old} <> {new}", deleted + created),
        ("update", "UPDATE", f"WHEN {old} = {new}", changed),
    ):
        trigger = f"modelwire_{kind}_{table.fullname}"
        yield (
            trigger,
            f"{_QUOTE(trigger)} AFTER {event} ON {place} {when} BEGIN {look}{body}END",
        )


def _look(table: Table, columns: Sequence[str], version: int) -> str:
    """Write the check that aborts a transaction if a table has other columns than its triggers.

    The schema version is quick to read. Only if that has changed, the columns are counted. If a
    column was renamed, the trigger does not compile, and the connection checks its triggers by
    itself.
    """
    others = f"(SELECT count(*) FROM {_columns_of(table)}) <> {len(columns)}"
    if table.schema is None:
        others = f"(SELECT schema_version FROM pragma_schema_version) <> {version} AND {others}"
    return (
        f"SELECT {LOOK_ANEW}(), RAISE(ABORT, {_text(COLUMNS_CHANGED)}) "
        f"WHERE CASE WHEN {others} THEN 1 ELSE 0 END; "
    )


def _columns_of(table: Table) -> str:
    return f"pragma_table_xinfo({_text(table.name)}, {_text(table.schema or 'main')})"


PRUNE = f"""
DELETE FROM {CHANGES.name} WHERE number IN (
  SELECT number FROM (
    SELECT number, at FROM {CHANGES.name} WHERE "table" = ? ORDER BY number LIMIT ?
  ) WHERE at < ? AND number < (SELECT max(number) FROM {CHANGES.name} WHERE "table" = ?)
) RETURNING number
"""
"""Statement that removes the oldest entries; the last one stays, to show what was removed."""

_COLUMNS = 'at, "table", key, operation, old, new, by, request'


def _entry(table: Table, key: str, operation: str, old: str, new: str) -> str:
    return (
        f"INSERT INTO {CHANGES.name} ({_COLUMNS}) "
        f"VALUES ({NOW}(), {_text(table.fullname)}, {key}, '{operation}', {old}, {new}, "
        f"{BY}(), {REQUEST}()); "
    )


def _key(table: Table, row: str) -> str:
    cells = " || ',' || ".join(cell(f"{row}.{_QUOTE(c.name)}") for c in table.primary_key)
    return f"'[' || {cells} || ']'"


def _image(columns: Sequence[str], row: str) -> str:
    cells = [_text(_name(name)) + " || " + cell(f"{row}.{_QUOTE(name)}") for name in columns]
    return "'{' || " + " || ',' || ".join(cells) + " || '}'"


def _name(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '":'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

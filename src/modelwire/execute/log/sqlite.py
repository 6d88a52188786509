"""What notes changes on SQLite: temporary triggers of each connection, and functions they call.

They are no part of the database, so other programs can still write to it, and migrations that copy
tables lose nothing. Rows that go or change along by foreign keys are noted as well (SQLite manual,
CREATE TRIGGER).

A row is a JSON object by the names of its columns. What SQLite stores is kept as it is: integers
and texts as such, reals in the shortest digits that are the same number, with a point or an
exponent, and blobs as `{"blob": "<hexadecimal digits>"}`.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from ...statement.changes import CHANGES
from ...statement.given_rows import CELL, REAL, cell, read_cell, write_real
from ...statement.own import build_creation

BY, REQUEST, NOW = "modelwire_by", "modelwire_request", "modelwire_now"

Origin = tuple[str | None, str | None]

_DIALECT = sqlite.dialect()
_QUOTE = _DIALECT.identifier_preparer.quote


def add_functions(connection: sqlite3.Connection, origin: Callable[[], Origin]) -> None:
    """Add what triggers call to a connection.

    Args:
        connection: The connection.
        origin: Tells on whose behalf it writes.
    """
    for name, arguments, function in functions(origin):
        connection.create_function(name, arguments, function)


def functions(origin: Callable[[], Origin]) -> Sequence[tuple[str, int, Callable[..., Any]]]:
    """What triggers call, by name and number of arguments, and what reads what they have noted.

    Args:
        origin: Tells on whose behalf a connection writes.
    """
    return (
        (BY, 0, lambda: origin()[0]),
        (REQUEST, 0, lambda: origin()[1]),
        (NOW, 0, write_now),
        (REAL, 1, write_real),
        (CELL, 2, read_cell),
    )


def write_now() -> str:
    """This instant."""
    return write_instant(dt.datetime.now(dt.UTC))


def write_instant(instant: dt.datetime) -> str:
    """An instant in UTC as SQLAlchemy writes it on SQLite."""
    return instant.isoformat(" ", "microseconds")[:26]


def install(connection: sqlite3.Connection, tables: Collection[Table]) -> bool:
    """Have a connection note the changes of tables, as far as these are there.

    Returns:
        Whether all are.
    """
    there = {name for (name,) in connection.execute(NAMES)}
    found = [table for table in tables if _is_there(table, there)]
    for step in write_steps(found, there):
        connection.execute(step)
    return len(found) == len(tables)


def write_steps(tables: Collection[Table], there: Collection[str]) -> Iterator[str]:
    """Write what has a connection note the changes of tables, as far as these are there.

    Args:
        tables: The tables.
        there: The names of all tables that are there.
    """
    found = [table for table in tables if _is_there(table, there)]
    if found and CHANGES.name not in there:
        yield from map(str, build_creation(CHANGES, _DIALECT))
    for table in found:
        yield from write_install(table)


def _is_there(table: Table, there: Collection[str]) -> bool:
    return table.schema is not None or table.name in there


NAMES = "SELECT name FROM main.sqlite_master"
"""Gives the names of all tables that are there."""


def write_install(table: Table) -> Iterator[str]:
    """Write the triggers of a table, where they are missing."""
    old, new = _key(table, "OLD"), _key(table, "NEW")
    deleted = _entry(table, old, "delete", _image(table, "OLD"), "NULL")
    created = _entry(table, new, "create", "NULL", _image(table, "NEW"))
    yield _trigger(table, "create", "INSERT", "", created)
    yield _trigger(table, "delete", "DELETE", "", deleted)
    name = _text(table.fullname)
    yield _trigger(table, "move", "UPDATE", f"WHEN {old} <> {new}", deleted + created)
    changed = (
        f"INSERT INTO {CHANGES.name} ({_COLUMNS}) "
        f"SELECT {NOW}(), {name}, {new}, 'update', o, n, {BY}(), {REQUEST}() "
        f"FROM (SELECT {_image(table, 'OLD')} AS o, {_image(table, 'NEW')} AS n) WHERE o <> n; "
    )
    yield _trigger(table, "update", "UPDATE", f"WHEN {old} = {new}", changed)


PRUNE = f"""
DELETE FROM {CHANGES.name} WHERE number IN (
  SELECT number FROM (
    SELECT number, at FROM {CHANGES.name} WHERE "table" = ?1 ORDER BY number LIMIT ?2
  ) WHERE at < ?3 AND number < (SELECT max(number) FROM {CHANGES.name} WHERE "table" = ?1)
) RETURNING number
"""
"""Removes the oldest entries of a table. The last one stays, by which it is known what is gone."""

_COLUMNS = 'at, "table", key, operation, old, new, by, request'


def _entry(table: Table, key: str, operation: str, old: str, new: str) -> str:
    return (
        f"INSERT INTO {CHANGES.name} ({_COLUMNS}) "
        f"VALUES ({NOW}(), {_text(table.fullname)}, {key}, '{operation}', {old}, {new}, "
        f"{BY}(), {REQUEST}()); "
    )


def _trigger(table: Table, name: str, event: str, when: str, body: str) -> str:
    trigger = _QUOTE(f"modelwire_{name}_{table.fullname}")
    place = f"{_QUOTE(table.schema or 'main')}.{_QUOTE(table.name)}"
    return (
        f"CREATE TEMP TRIGGER IF NOT EXISTS {trigger} AFTER {event} ON {place} {when} "
        f"BEGIN {body}END"
    )


def _key(table: Table, row: str) -> str:
    cells = " || ',' || ".join(cell(f"{row}.{_QUOTE(c.name)}") for c in table.primary_key)
    return f"'[' || {cells} || ']'"


def _image(table: Table, row: str) -> str:
    cells = [_text(_name(c.name)) + " || " + cell(f"{row}.{_QUOTE(c.name)}") for c in table.columns]
    return "'{' || " + " || ',' || ".join(cells) + " || '}'"


def _name(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '":'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

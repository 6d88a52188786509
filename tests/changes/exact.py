"""Compares the log of changes with the tables: each entry begins where the one before it ended, and
the last one ended in what is stored."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import Table

from modelwire import Database
from modelwire.statement.changes import CHANGES
from modelwire.statement.given_rows import read_cell


class Entry(NamedTuple):
    """One entry of the log, with rows as texts."""

    number: int
    table: str
    key: str
    operation: str
    old: str | None
    new: str | None
    by: str | None
    request: str | None


_ENTRIES = """
SELECT number, "table", key, operation, CAST(old AS TEXT), CAST(new AS TEXT), by, request
FROM modelwire_changes ORDER BY number
"""


async def run_sql(database: Database, sql: str) -> list[Any]:
    """Run SQL on a connection that is none of the database's own."""
    url = database.settings.database_url.get_secret_value()
    if database.dialect == "postgresql":
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)) as connection:
        rows = connection.execute(sql).fetchall()
        connection.commit()
        return rows


async def read_log(database: Database) -> list[Entry]:
    """The whole log."""
    return [Entry(*row) for row in await run_sql(database, _ENTRIES)]


async def clear_log(database: Database) -> None:
    """Empty the log."""
    await database.open_log()
    await run_sql(database, f"DELETE FROM {CHANGES.name}")


def replay(entries: Sequence[Entry], table: Table) -> dict[str, str]:
    """The rows of a table as its log makes them, by their keys."""
    rows: dict[str, str] = {}
    for entry in entries:
        if entry.table != table.fullname:
            continue
        assert rows.get(entry.key) == entry.old, entry
        assert entry.old != entry.new, entry
        expected = {(True, False): "create", (False, True): "delete", (False, False): "update"}
        assert entry.operation == expected[entry.old is None, entry.new is None]
        if entry.new is None:
            del rows[entry.key]
        else:
            rows[entry.key] = entry.new
    return rows


async def check_exact(database: Database, tables: Sequence[Table]) -> list[Entry]:
    """Check that replaying the log gives every table; returns the log."""
    entries = await read_log(database)
    for table in tables:
        rows = replay(entries, table)
        if database.dialect == "postgresql":
            await _check_postgresql(database, table, rows)
        else:
            await _check_sqlite(database, table, rows)
    return entries


async def _check_postgresql(database: Database, table: Table, rows: dict[str, str]) -> None:
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    stored = await run_sql(
        database,
        f'SELECT json_build_array({key})::text, row_to_json(t)::text FROM "{table.name}" AS t',
    )
    assert dict(stored) == rows
    images = "[" + ",".join(rows.values()) + "]"
    quoted = images.replace("'", "''")
    # Rows that are made of the log anew are the same, bit by bit.
    differing = await run_sql(
        database,
        f'SELECT count(*) FROM json_populate_recordset(NULL::public."{table.name}", '
        f"'{quoted}') AS p "
        f'WHERE NOT EXISTS (SELECT 1 FROM "{table.name}" AS t WHERE t *= p)',
    )
    assert differing == [(0,)]


async def _check_sqlite(database: Database, table: Table, rows: dict[str, str]) -> None:
    names = [column.name for column in table.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    stored = await run_sql(database, f'SELECT {columns} FROM "{table.name}"')
    replayed = [tuple(read_cell(image, name) for name in names) for image in rows.values()]
    assert sorted(map(repr, stored)) == sorted(map(repr, replayed))
    positions = [names.index(column.name) for column in table.primary_key]
    keys = [[row[p] for p in positions] for row in stored]
    assert sorted(map(repr, keys)) == sorted(repr(json.loads(key)) for key in rows)

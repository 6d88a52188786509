"""Counters of generated keys, which continue behind the keys that were copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Integer, func, literal, select, text
from sqlalchemy import Sequence as SQLSequence
from sqlalchemy.ext.asyncio import AsyncConnection

from ..execute.connect.begin import begin_writing
from .side import Side, saying_why
from .tables import CopiedTable


async def set_counters(source: Side, target: Side, tables: Sequence[CopiedTable]) -> None:
    """Have the counters of the target continue where those of the source are, or behind all keys.

    A counter that is further already stays: numbers that it has given are not given again.

    Raises:
        CopyFailed: The target refuses.
    """
    with saying_why(source):
        async with source.engine.connect() as connection:
            reached = {table.name: await _read_counters(connection, table) for table in tables}
    with saying_why(target):
        async with target.engine.begin() as connection:
            await begin_writing(connection)
            for table in tables:
                await _set_of(connection, table, reached[table.name])


def _numbered(table: CopiedTable) -> Sequence[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, Integer)]


async def _read_counters(connection: AsyncConnection, table: CopiedTable) -> dict[str, int]:
    """Return the value that the counter of each column has reached, where it has one."""
    if connection.dialect.name == "sqlite":
        if not await _counts(connection):
            return {}
        sql = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        found = (await connection.execute(sql, {"name": table.sql.name})).scalar()
        return {c.name: found for c in table.sql.primary_key if isinstance(found, int)}
    reached = {}
    for column in _numbered(table):
        name = await _find_sequence(connection, table, column)
        if name is not None:
            sql = text("SELECT pg_sequence_last_value(CAST(CAST(:name AS text) AS regclass))")
            found = (await connection.execute(sql, {"name": name})).scalar()
            if found is not None:
                reached[column.name] = found
    return reached


async def _counts(connection: AsyncConnection) -> bool:
    """Whether a table of a SQLite database has AUTOINCREMENT."""
    sql = text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
    return (await connection.execute(sql)).scalar() is not None


async def _find_sequence(
    connection: AsyncConnection, table: CopiedTable, column: Column[Any]
) -> str | None:
    """Return the sequence that numbers a column, as its name is written in SQL."""
    preparer = connection.dialect.identifier_preparer
    if isinstance(column.default, SQLSequence):
        return str(preparer.format_sequence(column.default))
    sql = select(func.pg_get_serial_sequence(preparer.format_table(table.sql), column.name))
    name: str | None = (await connection.execute(sql)).scalar()
    return name


async def _set_of(connection: AsyncConnection, table: CopiedTable, reached: dict[str, int]) -> None:
    if connection.dialect.name == "sqlite":
        for value in reached.values() if await _counts(connection) else ():
            sql = text("UPDATE sqlite_sequence SET seq = max(seq, :value) WHERE name = :name")
            await connection.execute(sql, {"value": value, "name": table.sql.name})
        return
    given = await _read_counters(connection, table)
    for column in _numbered(table):
        name = await _find_sequence(connection, table, column)
        if name is None:
            continue
        greatest = select(func.max(table.target.sql.c[column.name])).scalar_subquery()
        last = func.greatest(greatest, literal(reached.get(column.name), Integer()))
        there = (await connection.execute(select(last))).scalar()
        if there is not None and there > max(given.get(column.name, 0), 0):
            sql = text("SELECT setval(CAST(CAST(:name AS text) AS regclass), :there)")
            await connection.execute(sql, {"name": name, "there": there})

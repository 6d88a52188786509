"""`python -m benchmarks.second_row`: the cost of a log on PostgreSQL, and its lower bound.

Backends of one server take turns at storing rows, one at a time and a thousand at once; the CPU of
each is measured, to the nanosecond. One writes to a table with a log, as modelwire installs it. The
others write by hand, in one statement, the row and the same entry of the log, with fewer and fewer
indexes: a log that has an entry for each row takes no less than they do.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as made
from itertools import starmap
from typing import Any

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement
from sqlmodel import Field, SQLModel

from modelwire.execute.log.logged_table import Noted
from modelwire.execute.log.postgresql import write_install, write_log
from modelwire.statement.changes import CHANGES, stamps

from .databases import create_database, open_postgresql_server
from .processes import read_run_time_us

ONE, MANY = 100, 3
"""Rows, and thousands of rows, that are stored in a turn."""


class Base(SQLModel):
    metadata = MetaData()


class Item(Base, table=True):
    """Row as the servers of the benchmarks have it."""

    __tablename__ = "items"

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(index=True)
    name: str = Field(max_length=50)
    note: str | None = None
    count: int = 0
    created_at: dt.datetime


ITEMS = Base.metadata.tables["items"]
_NAMES = ("organisation_id", "name", "note", "count", "created_at")
_TYPES = ("integer", "varchar", "varchar", "integer", "timestamptz")
_COLUMNS = ", ".join(_NAMES)
_REQUEST = "f1d2d2f924e986ac86fdf7b36c94bcdf"
_ENTRY = f"""
INSERT INTO {CHANGES.name} (at, transaction, "table", key, operation, new, request)
SELECT clock_timestamp(), pg_current_xact_id(), 'items', json_build_array(w.id)::text, 'create',
  row_to_json(w), '{_REQUEST}' FROM w
"""  # noqa: S608

_STAMPED = {"stamp_by": "''", "stamp_request": f"'{_REQUEST}'", "stamp_tells": "'1'"}
"""Values of the parameters of stamps, in SQL."""


@dataclass(frozen=True)
class Way:
    """Way of storing rows.

    Args:
        name: Its name.
        triggers: Whether modelwire's triggers keep the log.
        indexes: The number of indexes of a log that is written by hand; None without one.
    """

    name: str
    triggers: bool = False
    indexes: int | None = None

    def statement(self, values: str) -> str:
        """Return the statement that stores rows."""
        sql = f"INSERT INTO items ({_COLUMNS}) {values} RETURNING *"
        if self.indexes is not None:
            return f"WITH w AS ({sql}), l AS ({_ENTRY}) SELECT * FROM w"  # noqa: S608
        dialect = postgresql.dialect()
        said = [str(s.compile(dialect=dialect)) for s in stamps()] if self.triggers else []
        texts = [text % _STAMPED for text in said]
        return ", ".join([sql, *texts])

    def steps(self) -> Sequence[str]:
        """Return the statements that create the tables."""
        dialect = postgresql.dialect()
        wanted: list[DDLElement] = [CreateTable(ITEMS), *map(CreateIndex, ITEMS.indexes)]
        steps = [str(step.compile(dialect=dialect)) for step in wanted]
        if self.triggers:
            steps += [*write_log(), *write_install(Noted(ITEMS, True, None), "public")]
        elif self.indexes is not None:
            left_out = ("ix_modelwire_changes_table", "ix_modelwire_changes_row")[
                : 3 - self.indexes
            ]
            steps += [step for step in write_log() if not any(name in step for name in left_out)]
            if not self.indexes:
                steps.append(f"ALTER TABLE {CHANGES.name} DROP CONSTRAINT {CHANGES.name}_pkey")
        return steps


WAYS = (
    Way("no log"),
    Way("modelwire's triggers", triggers=True),
    *(Way(f"by hand, indexes: {count}", indexes=count) for count in (3, 2, 1, 0)),
)


@dataclass
class Writer:
    """Backend that stores rows in one way."""

    connection: Any
    pid: int
    one: Any
    many: Any
    used_us: tuple[list[float], list[float]] = made(default_factory=lambda: ([], []))

    async def take_turn(self) -> None:
        """Store rows, and record the CPU per row."""
        now = dt.datetime.now(dt.UTC)
        rows: list[tuple[Any, ...]] = [(1, f"item {n}", None, 0, now) for n in range(1000)]
        before = read_run_time_us(self.pid)
        for row in rows[:ONE]:
            await self.one.fetch(*row)
        between = read_run_time_us(self.pid)
        for _ in range(MANY):
            await self.many.fetch(*map(list, zip(*rows, strict=True)))
        after = read_run_time_us(self.pid)
        self.used_us[0].append((between - before) / ONE)
        self.used_us[1].append((after - between) / MANY / len(rows))


async def _open(server: str, number: int, way: Way) -> Writer:
    url = await create_database(server, f"modelwire_second_row_{number}")
    connection = await asyncpg.connect(url)
    for step in way.steps():
        await connection.execute(step)
    values = ", ".join(f"${n}::{kind}" for n, kind in enumerate(_TYPES, 1))
    lists = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_TYPES, 1))
    one = await connection.prepare(way.statement(f"VALUES ({values})"))
    many = await connection.prepare(way.statement(f"SELECT * FROM unnest({lists})"))  # noqa: S608
    return Writer(connection, await connection.fetchval("SELECT pg_backend_pid()"), one, many)


async def _compare(server: str, rounds: int) -> None:
    writers = await asyncio.gather(*starmap(_opening(server), enumerate(WAYS)))
    for _ in range(rounds):
        for writer in random.sample(writers, len(writers)):
            await writer.take_turn()
    least = [_fifth(used) for used in writers[0].used_us]
    sys.stdout.write(f"{'':24}µs a row times   µs a row of 1,000 times\n")
    for way, writer in zip(WAYS, writers, strict=True):
        one, many = map(_fifth, writer.used_us)
        sys.stdout.write(
            f"{way.name:24}{one:8.1f}{one / least[0]:6.2f}{many:20.2f}{many / least[1]:6.2f}\n"
        )
        await writer.connection.close()


def _opening(server: str) -> Any:
    return lambda number, way: _open(server, number, way)


def _fifth(values: Sequence[float]) -> float:
    """Return the lower quintile of values: other activity of the machine only adds to them."""
    return sorted(values)[len(values) // 5]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with open_postgresql_server() as server:
        asyncio.run(_compare(server, options.rounds))


if __name__ == "__main__":
    main()

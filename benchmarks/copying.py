"""Cost of `modelwire copy`, beside a plain copy of the same rows by the drivers alone.

    python -m benchmarks.copying --rows 200000 --postgres postgresql://…

Each run is a process of its own, whose CPU and peak memory the system measures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
from sqlmodel import Field, SQLModel

from modelwire import Database
from modelwire.copying.progress import Silent
from modelwire.copying.run import copy_database
from modelwire.copying.side import open_side

_PIECE = 1000
_CONTEXT = multiprocessing.get_context("spawn")


class Sale(SQLModel, table=True):
    """A row of ten columns."""

    __tablename__ = "benchmark_sales"

    id: int | None = Field(default=None, primary_key=True)
    customer: str
    article: str
    amount: int
    price: Decimal = Field(max_digits=10, decimal_places=2)
    weight: float
    is_paid: bool
    note: str | None = None
    first: int
    second: int


_COLUMNS = [column.name for column in Sale.__table__.columns]  # type: ignore[attr-defined]


def _make_row(number: int) -> tuple[Any, ...]:
    texts = f"customer {number % 977}", f"article {number % 4093}"
    price, weight = (number % 10**6) / 100, number / 7
    return (number, *texts, number % 50, price, weight, number % 2, None, number, -number)


async def _fill(path: Path, rows: int) -> None:
    database = Database(f"sqlite:///{path}")
    await database.init_db()
    await database.close_db()
    with sqlite3.connect(path) as connection:
        marks = ", ".join("?" * len(_COLUMNS))
        connection.executemany(
            f"INSERT INTO benchmark_sales VALUES ({marks})",  # noqa: S608 - marks alone
            map(_make_row, range(1, rows + 1)),
        )


async def _copy(path: Path, postgres: str) -> None:
    source, target = open_side(f"sqlite:///{path}", "FROM"), open_side(postgres, "TO")
    result = await copy_database(source, target, SQLModel.metadata, Silent(), resume=False)
    assert result.is_verified  # noqa: S101 - the copy must be correct


async def _copy_plainly(path: Path, postgres: str) -> None:
    """Copy by COPY, with the one conversion that the driver needs."""
    await _create(postgres)
    target = await asyncpg.connect(postgres)
    found = sqlite3.connect(path).execute("SELECT * FROM benchmark_sales ORDER BY id")
    while rows := found.fetchmany(_PIECE):
        given = [(*r[:4], Decimal(str(r[4])), r[5], bool(r[6]), *r[7:]) for r in rows]
        await target.copy_records_to_table("benchmark_sales", records=given, columns=_COLUMNS)
    await target.close()


async def _copy_by_insert(path: Path, postgres: str) -> None:
    """Copy by INSERT, each piece in a transaction."""
    await _create(postgres)
    target = await asyncpg.connect(postgres)
    marks = ", ".join(f"${place}" for place in range(1, len(_COLUMNS) + 1))
    found = sqlite3.connect(path).execute("SELECT * FROM benchmark_sales ORDER BY id")
    while rows := found.fetchmany(_PIECE):
        given = [(*r[:4], Decimal(str(r[4])), r[5], bool(r[6]), *r[7:]) for r in rows]
        await target.executemany(f"INSERT INTO benchmark_sales VALUES ({marks})", given)  # noqa: S608
    await target.close()


async def _create(postgres: str) -> None:
    database = Database(postgres)
    await database.init_db()
    await database.close_db()


WAYS: dict[str, Callable[[Path, str], Any]] = {
    "modelwire copy, compared in the end": _copy,
    "executemany, not compared": _copy_by_insert,
    "COPY, not compared": _copy_plainly,
}


def _measure(name: str, path: Path, postgres: str, answer: Any) -> None:
    imported = resource.getrusage(resource.RUSAGE_SELF)
    started_s = time.monotonic()
    asyncio.run(WAYS[name](path, postgres))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime - imported.ru_utime - imported.ru_stime
    answer.put((cpu_s, time.monotonic() - started_s, used.ru_maxrss / 1024))


async def _empty(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    await connection.execute("DROP TABLE IF EXISTS benchmark_sales, modelwire_copies")
    await connection.close()


def measure(rows: int, postgres: str) -> Sequence[dict[str, Any]]:
    """Measure every way once, one after another.

    Args:
        rows: The number of rows to copy.
        postgres: The URL of a database whose table `benchmark_sales` may be dropped.

    Returns:
        For each way: seconds of CPU for a million rows, seconds, and the peak of memory in MiB.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.db"
        asyncio.run(_fill(path, rows))
        for name in WAYS:
            asyncio.run(_empty(postgres))
            answer = _CONTEXT.Queue()
            process = _CONTEXT.Process(target=_measure, args=(name, path, postgres, answer))
            process.start()
            cpu_s, wall_s, memory_mib = answer.get(timeout=600)
            process.join()
            per_million = cpu_s * 1e6 / rows
            found.append(
                {
                    "way": name,
                    "rows": rows,
                    "cpu_s_per_million": round(per_million, 1),
                    "wall_s": round(wall_s, 1),
                    "memory_mib": round(memory_mib),
                }
            )
    asyncio.run(_empty(postgres))
    return found


def main() -> None:
    """Measure, and print the results as lines of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--postgres", required=True)
    arguments = parser.parse_args()
    for rows in arguments.rows:
        for line in measure(rows, arguments.postgres):
            print(json.dumps(line))  # noqa: T201


if __name__ == "__main__":
    main()

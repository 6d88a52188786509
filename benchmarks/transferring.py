"""Cost of `modelwire import` and `export`, beside the same requests without them.

    python -m benchmarks.transferring --rows 100000 1000000

Each run is a process of its own, whose CPU and peak memory the system measures. "The same requests"
are bulk requests with prepared bodies, and a stream that is discarded, sent in the same way. The
command fails if an import takes more than 1.5 times the CPU of its requests.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow
import pyarrow.parquet
from fastapi import FastAPI
from sqlalchemy import text

from modelwire import Database, Resource, mount
from modelwire.cli.inside import opening
from modelwire.cli.transfer.export import Wanted, export
from modelwire.cli.transfer.imports import Order, import_rows

from .copying import Sale
from .databases import open_postgresql_server

FORMATS = ("jsonl", "csv", "parquet")

LIMIT = 1.5
"""Maximum CPU of an import, in multiples of that of the same bulk requests."""

_TABLE = "benchmark_sales"
_BODY_ROWS = 1000
_CONTEXT = multiprocessing.get_context("spawn")

Rows = Iterator[Sequence[dict[str, Any]]]
"""Rows, in pieces for one request each."""


_Way = Callable[[FastAPI, Path], Coroutine[Any, Any, int]]
"""Transfer of rows between an application and the files of a folder; returns their number."""


class Cost(NamedTuple):
    """Cost of one way.

    Args:
        way: The way.
        rows: The number of rows.
        cpu_s: Seconds of CPU of its process, after loading.
        wall_s: Seconds of its duration.
        memory_mib: The peak of its memory, in MiB.
    """

    way: str
    rows: int
    cpu_s: float
    wall_s: float
    memory_mib: float


def measure(rows: int, url: str, formats: Sequence[str] = FORMATS) -> Sequence[Cost]:
    """Measure every way once, one after another, each in a process of its own.

    Args:
        rows: The number of rows that are stored and read.
        url: The database, whose table `benchmark_sales` is created anew.
        formats: The formats of files.

    Returns:
        The costs: the requests of an import first, and then imports; the stream of an export, and
        then exports.
    """
    with tempfile.TemporaryDirectory() as folder:
        _write_files(Path(folder), rows)
        stored = ["requests", *(f"import {format_}" for format_ in formats)]
        read = ["stream", *(f"export {format_}" for format_ in formats)]
        return [
            *(_run(way, rows, url, folder, is_new=True) for way in stored),
            *(_run(way, rows, url, folder, is_new=False) for way in read),
        ]


def _write_files(folder: Path, rows: int) -> None:
    """Write the rows in each format, and the bodies of requests, one a line."""
    _write_lines(folder / "bodies", map(msgspec.json.encode, _make_rows(rows)))
    encode = msgspec.json.Encoder().encode_lines
    _write_lines(folder / "rows.jsonl", (encode(piece)[:-1] for piece in _make_rows(rows)))
    first = next(_make_rows(1))
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(first[0]))
        writer.writeheader()
        for piece in _make_rows(rows):
            writer.writerows(piece)
    schema = pyarrow.Table.from_pylist(list(first)).schema
    with pyarrow.parquet.ParquetWriter(folder / "rows.parquet", schema) as target:
        for piece in _make_rows(rows):
            target.write_table(pyarrow.Table.from_pylist(list(piece), schema))


def _write_lines(path: Path, lines: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        for line in lines:
            file.write(line + b"\n")


def _make_rows(rows: int) -> Rows:
    for start in range(0, rows, _BODY_ROWS):
        yield [_make_row(number) for number in range(start, min(start + _BODY_ROWS, rows))]


def _make_row(number: int) -> dict[str, Any]:
    return {
        "customer": f"customer {number % 977}",
        "article": f"article {number % 4093}",
        "amount": number % 50,
        "price": f"{(number % 10**6) / 100:.2f}",
        "weight": number / 7,
        "is_paid": bool(number % 2),
        "first": number,
        "second": -number,
    }


def _run(way: str, rows: int, url: str, folder: str, *, is_new: bool) -> Cost:
    if is_new:
        asyncio.run(_empty(url))
    with ProcessPoolExecutor(1, _CONTEXT) as process:
        return process.submit(_measure, way, rows, url, Path(folder)).result()


async def _empty(url: str) -> None:
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.execute(text(f"DROP TABLE IF EXISTS {_TABLE}"))
    await database.close_db()


def _measure(way: str, rows: int, url: str, folder: Path) -> Cost:
    database = Database(url)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, Resource(Sale))
    loaded, started_s = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    done = asyncio.run(_choose(way)(app, folder))
    used = resource.getrusage(resource.RUSAGE_SELF)
    if done != rows:
        raise RuntimeError(f"{way}: {done} rows went it instead of {rows}")
    cpu_s = used.ru_utime + used.ru_stime - loaded.ru_utime - loaded.ru_stime
    return Cost(way, rows, cpu_s, time.monotonic() - started_s, used.ru_maxrss / 1024)


def _choose(way: str) -> _Way:
    kind, _, format_ = way.partition(" ")
    ways: dict[str, _Way] = {
        "requests": _request,
        "stream": _stream,
        "import": partial(_import, format_),
        "export": partial(_export, format_),
    }
    return ways[kind]


async def _request(app: FastAPI, folder: Path) -> int:
    headers = [(b"prefer", b"return=minimal")]
    done = 0
    async with opening(app) as inside:
        with (folder / "bodies").open("rb") as bodies:
            for body in bodies:
                path = f"/{_TABLE}/bulk"
                reply = await inside.ask("POST", path, headers=headers, body=body[:-1])
                done += _BODY_ROWS if reply.is_success else 0
    return done


async def _import(format_: str, app: FastAPI, folder: Path) -> int:
    done = await import_rows(app, Order(_TABLE, folder / f"rows.{format_}"), ())
    return done.stored


async def _stream(app: FastAPI, _: Path) -> int:
    lines = 0

    def count(part: bytes) -> None:
        nonlocal lines
        lines += part.count(b"\n")

    accepted = [(b"accept", b"application/x-ndjson")]
    async with opening(app) as inside:
        await inside.ask("GET", f"/{_TABLE}/stream", headers=accepted, take=count)
    return lines


async def _export(format_: str, app: FastAPI, folder: Path) -> int:
    wanted = Wanted([_TABLE], to=str(folder / f"exported.{format_}"))
    (done,) = await export(app, wanted, ())
    return done.rows or 0


def list_excesses(costs: Sequence[Cost]) -> Sequence[str]:
    """List the imports that cost too much beside their requests."""
    allowed_s = next(cost.cpu_s for cost in costs if cost.way == "requests") * LIMIT
    imports = (cost for cost in costs if cost.way.startswith("import"))
    return [cost.way for cost in imports if cost.cpu_s > allowed_s]


def main() -> int:
    """Measure, and print the results as lines of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--formats", nargs="+", default=FORMATS, choices=FORMATS)
    parser.add_argument("--url", help="a database; one of SQLite and one of PostgreSQL otherwise")
    arguments = parser.parse_args()
    excesses: list[str] = []
    with _databases(arguments.url) as urls:
        for url, rows in product(urls, arguments.rows):
            costs = measure(rows, url, arguments.formats)
            for cost in costs:
                line = {"database": url.partition(":")[0], **cost._asdict()}
                print(json.dumps(line), flush=True)  # noqa: T201
            excesses += list_excesses(costs)
    return bool(excesses)


@contextmanager
def _databases(url: str | None) -> Iterator[Sequence[str]]:
    if url is not None:
        yield [url]
        return
    with tempfile.TemporaryDirectory() as folder, open_postgresql_server() as postgres:
        yield [f"sqlite:///{folder}/sales.db", postgres]


if __name__ == "__main__":
    sys.exit(main())

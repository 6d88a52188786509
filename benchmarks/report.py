"""What was measured as cells, a table and JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from .clients import CONTENDERS
from .runner import Options, Results, Sample
from .servers import SETTINGS
from .works import WORKS

_PACKAGES = (
    "modelwire", "fastapi", "starlette", "pydantic", "sqlmodel", "SQLAlchemy", "asyncpg",
    "aiosqlite", "msgspec", "uvicorn", "uvloop", "httptools", "fastcrud", "litestar",
    "advanced-alchemy",
)  # fmt: skip

_HEAD = (
    "work", "contender", "server µs", "database µs", "to limit", "less than by hand", "req/s",
    "p50 ms", "p99 ms", "peak MB", "over idle MB",
)  # fmt: skip


_LEAST = frozenset({"server_cpu_us", "database_cpu_us"})
"""What is the least of the rounds, and not their median."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One work of one contender on one database, over all rounds.

    Args:
        sample: The least CPU of the rounds, since whatever else the machine does can only add to
            it, and the medians of all else.
        to_limit: How many times the limit's CPU its server takes; None without the limit.
        by_hand: How many times its server's CPU the server by hand takes; None without that.
    """

    sample: Sample
    to_limit: float | None
    by_hand: float | None


def build_cells(samples: Iterable[Sample]) -> list[Cell]:
    """Sum rounds up, and compare them; sorted by database, size, work and contender."""
    groups: dict[tuple[str, int, str, str], list[Sample]] = {}
    for sample in samples:
        place = (sample.database, sample.users, sample.work, sample.contender)
        groups.setdefault(place, []).append(sample)
    sums = {place: _sum_up(group) for place, group in groups.items()}

    def cost(sample: Sample, contender: str) -> float | None:
        other = sums.get((sample.database, sample.users, sample.work, contender))
        return other.server_cpu_us if other else None

    cells = [
        Cell(
            sample,
            _divide(sample.server_cpu_us, cost(sample, "limit")),
            _divide(cost(sample, "by_hand"), sample.server_cpu_us),
        )
        for sample in sums.values()
    ]
    return sorted(cells, key=_place_of)


def _sum_up(group: Sequence[Sample]) -> Sample:
    first = asdict(group[0])
    for name, value in first.items():
        if isinstance(value, (int, float)) and name != "users":
            take = min if name in _LEAST else median
            first[name] = take(getattr(sample, name) for sample in group)
    return Sample(**first)


def _divide(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def _place_of(cell: Cell) -> tuple[str, int, int, int]:
    works = [work.name for work in WORKS]
    contenders = [contender.name for contender in CONTENDERS]
    sample = cell.sample
    return (
        sample.database,
        sample.users,
        works.index(sample.work),
        contenders.index(sample.contender),
    )


def write_table(cells: Sequence[Cell], results: Results) -> str:
    """Write cells as text, one table for each database and size, and what is left out."""
    parts: list[str] = []
    for place in dict.fromkeys((c.sample.database, c.sample.users) for c in cells):
        here = [c for c in cells if (c.sample.database, c.sample.users) == place]
        parts.append(f"\n{place[0]}, {place[1]:,} users\n")
        parts.append(_align([_HEAD, *map(_write_row, here)]))
    if results.omissions:
        parts.append("\nLeft out:\n")
    parts += [
        f"  {o.database}, {o.users:,} users: {o.contender}, {o.work}: {o.reason}"
        for o in results.omissions
    ]
    return "\n".join(parts)


def _write_row(cell: Cell) -> tuple[str, ...]:
    sample = cell.sample
    return (
        sample.work,
        sample.contender,
        _write(sample.server_cpu_us, 0),
        _write(sample.database_cpu_us, 0),
        _write(cell.to_limit, 2),
        _write(cell.by_hand, 1),
        _write(sample.requests_per_s, 1 if sample.requests_per_s < 100 else 0),
        _write(sample.p50_ms, 2),
        _write(sample.p99_ms, 2),
        _write(sample.memory_mb, 0),
        _write(sample.memory_mb - sample.idle_memory_mb, 0),
    )


def _write(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _align(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        left = [text.ljust(width) for text, width in zip(row[:2], widths[:2], strict=True)]
        right = [text.rjust(width) for text, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join([*left, *right]))
    return "\n".join(lines)


def describe_run(options: Options, databases: Iterable[str]) -> dict[str, Any]:
    """What was measured with what: date, machine, versions, settings."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "databases": sorted(set(databases)),
        "versions": {name: found for name in _PACKAGES if (found := _find_version(name))},
        "server": "uvicorn " + " ".join(SETTINGS),
        "options": asdict(options),
    }


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write_json(run: dict[str, Any], cells: Sequence[Cell], results: Results) -> str:
    """Write a run as JSON: what it was, its cells, what was left out, and every sample."""
    document = {
        **run,
        "cells": [
            {**asdict(cell.sample), "to_limit": cell.to_limit, "by_hand": cell.by_hand}
            for cell in cells
        ],
        "left_out": [asdict(omission) for omission in results.omissions],
        "samples": [asdict(sample) for sample in results.samples],
    }
    return json.dumps(document, indent=1) + "\n"

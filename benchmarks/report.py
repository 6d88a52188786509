"""Report of a run: cells as a table and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .runner import Options, Results
from .samples import Cell
from .servers import SETTINGS

_PACKAGES = (
    "modelwire", "fastapi", "starlette", "pydantic", "sqlmodel", "SQLAlchemy", "asyncpg",
    "aiosqlite", "msgspec", "uvicorn", "uvloop", "httptools", "fastcrud", "litestar",
    "advanced-alchemy",
)  # fmt: skip

_HEAD = (
    "work", "contender", "server µs", "database µs", "to limit", "less than by hand", "req/s",
    "p50 ms", "p99 ms", "peak MB", "over idle MB",
)  # fmt: skip


def write_table(cells: Sequence[Cell], results: Results) -> str:
    """Write cells as text, a table for each database and size, and the omissions."""
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
    """Describe a run: date, machine, versions, settings."""
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
    """Write a run as JSON: its description, its cells, its omissions, and every sample."""
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

"""Targets of modelwire, and whether a run reaches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .clients import CONTENDERS
from .works import DATABASES, WORKS, name_place

Cell = Mapping[str, Any]
Cells = Mapping[tuple[str, int, str], Cell]

_SMALL = 10_000
_RATIOS: Mapping[str, Mapping[str, tuple[float | None, float | None]]] = {
    "postgresql": {
        "health": (1.6, None),
        "get": (0.85, 5),
        "page_100": (1.1, 6),
        "uncounted": (1.5, 6),
        "team": (0.9, 7.5),
        "create": (1.5, 6),
        "bulk_100": (1.5, 35),
        "stream": (1.5, 20),
    },
    "sqlite": {"get": (None, 7), "page_100": (None, 7)},
}
"""Maximum in multiples of the limit's CPU, and minimum gain over by hand, by database and work."""

_OTHERS = (
    ("get", "limit_gathered", 2.2),
    ("get", "fastify", 1.0),
    ("page_100", "fastify", 0.6),
    ("bulk_100", "fastify", 1.0),
)
"""Works on PostgreSQL, other contenders, and the maximum in multiples of their CPU."""

_OF_DATABASE = {"get": 0.5, "team": 0.7}
"""Maximum CPU of PostgreSQL, in multiples of that for the limit."""

_STREAM_MB = 20
_CROWDED = {work.name for work in WORKS if work.connections == 32}
_TITLES = {work.name: work.title for work in WORKS}
_NAMES = {contender.name: contender.title for contender in CONTENDERS} | {"limit": "the limit"}
_TAIL = 5
_TAIL_256 = 3
_DEEP = 1.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one target.

    Args:
        aim: The target.
        reached: The result.
        is_met: Whether the target is met.
    """

    aim: str
    reached: str
    is_met: bool


def check_targets(cells: Sequence[Cell]) -> list[Outcome]:
    """Compare a run with the targets.

    Args:
        cells: The cells of the run, as in its JSON.

    Returns:
        The outcome of each target that the run covers.
    """
    own = {_key(c): c for c in cells if c["contender"] == "modelwire"}
    by_hand = {_key(c): c for c in cells if c["contender"] == "by_hand"}
    return [
        *_check_ratios(own),
        *_check_others(cells),
        *_check_memory(own),
        *_check_totals(own, by_hand),
        *_check_tails(own),
        *_check_crowd(own),
        *_check_depth(own),
    ]


def _key(cell: Cell) -> tuple[str, int, str]:
    return cell["database"], cell["users"], cell["work"]


def _check_ratios(own: Cells) -> Iterator[Outcome]:
    for database, works in _RATIOS.items():
        for work, (most, least) in works.items():
            cell = own.get((database, _SMALL, work))
            if cell is None:
                continue
            name = f"{DATABASES[database]}, {_TITLES[work]}"
            if most is not None and cell["to_limit"] is not None:
                ratio = cell["to_limit"]
                yield Outcome(
                    f"{name}: at most {most:g} × the limit", f"{ratio:.2f} ×", ratio <= most
                )
            if least is not None and cell["by_hand"] is not None:
                ratio = cell["by_hand"]
                aim = f"{name}: at least {least:g} × less than by hand"
                yield Outcome(aim, f"{ratio:.1f} ×", ratio >= least)


def _check_others(cells: Sequence[Cell]) -> Iterator[Outcome]:
    known = {
        (c["work"], c["contender"]): c
        for c in cells
        if (c["database"], c["users"]) == ("postgresql", _SMALL)
    }
    aims = [
        *((work, other, most, "server_cpu_us") for work, other, most in _OTHERS),
        *((work, "limit", most, "database_cpu_us") for work, most in _OF_DATABASE.items()),
    ]
    for work, other, most, figure in aims:
        own, theirs = known.get((work, "modelwire")), known.get((work, other))
        if own is None or theirs is None or not theirs[figure]:
            continue
        ratio = own[figure] / theirs[figure]
        whose = f"the database's CPU for {_NAMES[other]}" if other == "limit" else _NAMES[other]
        aim = f"{DATABASES['postgresql']}, {_TITLES[work]}: at most {most:g} × {whose}"
        yield Outcome(aim, f"{ratio:.2f} ×", ratio <= most)


def _check_memory(own: Cells) -> Iterator[Outcome]:
    for (database, _, work), cell in own.items():
        if work == "stream":
            over = cell["memory_mb"] - cell["idle_memory_mb"]
            aim = f"{DATABASES[database]}, stream: at most {_STREAM_MB} MB over idle"
            yield Outcome(aim, f"{over:.0f} MB", over <= _STREAM_MB)


def _check_totals(own: Cells, by_hand: Cells) -> Iterator[Outcome]:
    ratios = {
        key: _total(cell) / _total(by_hand[key]) for key, cell in own.items() if key in by_hand
    }
    if ratios:
        worst = max(ratios, key=lambda key: ratios[key])
        aim = "CPU with the database's own: never above by hand's"
        reached = f"{ratios[worst]:.2f} × at most ({_TITLES[worst[2]]}, {name_place(worst[:2])})"
        yield Outcome(aim, reached, ratios[worst] <= 1)


def _check_tails(own: Cells) -> Iterator[Outcome]:
    tails = {key: c["p99_ms"] / c["p50_ms"] for key, c in own.items() if key[2] in _CROWDED}
    if tails:
        worst = max(tails, key=lambda key: tails[key])
        long = sum(tail > _TAIL for tail in tails.values())
        reached = (
            f"{long} of {len(tails)} works are above; the worst is {_TITLES[worst[2]]} "
            f"({name_place(worst[:2])}): {tails[worst]:.1f} ×"
        )
        yield Outcome(f"p99 at most {_TAIL} × p50, with 32 connections", reached, not long)


def _check_crowd(own: Cells) -> Iterator[Outcome]:
    for (database, _, work), cell in own.items():
        if work == "get_256":
            tail = cell["p99_ms"] / cell["p50_ms"]
            aim = f"{DATABASES[database]}, p99 at most {_TAIL_256} × p50, with 256 connections"
            yield Outcome(aim, f"{tail:.1f} ×", tail <= _TAIL_256)


def _check_depth(own: Cells) -> Iterator[Outcome]:
    for (database, users, work), deep in own.items():
        first = own.get((database, users, "cursor_first"))
        if work == "cursor_deep" and users > _SMALL and first is not None:
            ratio = _total(deep) / _total(first)
            aim = f"{name_place((database, users))}, by cursor: half way costs what the start does"
            yield Outcome(f"{aim}, within 20 %", f"{ratio:.2f} ×", ratio <= _DEEP)


def _total(cell: Cell) -> float:
    total: float = cell["server_cpu_us"] + (cell["database_cpu_us"] or 0)
    return total

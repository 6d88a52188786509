"""Samples, round by round, and their summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from .clients import CONTENDERS
from .works import WORKS


@dataclass(frozen=True, slots=True)
class Sample:
    """Cost of one work for one contender, once. CPU is per request.

    Args:
        database: The kind of database.
        users: Rows of its table of users.
        contender: The contender.
        work: The work.
        server_cpu_us: Microseconds of the server's CPU, user and system.
        database_cpu_us: Microseconds of the database's CPU; None where it has no processes.
        requests: The number of requests that were answered.
        requests_per_s: Requests per second.
        p50_ms: The median time in milliseconds.
        p99_ms: The 99th percentile of times in milliseconds.
        memory_mb: The peak of the server's resident memory.
        idle_memory_mb: The server's resident memory before its first work.
    """

    database: str
    users: int
    contender: str
    work: str
    server_cpu_us: float
    database_cpu_us: float | None
    requests: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    idle_memory_mb: float


@dataclass(frozen=True, slots=True)
class Omission:
    """Work that isn't measured, with the reason."""

    database: str
    users: int
    contender: str
    work: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One work of one contender on one database, over all rounds.

    Args:
        sample: The medians of the rounds.
        to_limit: The CPU of its server in multiples of the limit's: the median over the rounds,
            since other activity of the machine changes from one to the next; None without the
            limit.
        by_hand: The CPU of the server by hand in multiples of its server's, likewise; None without
            that.
    """

    sample: Sample
    to_limit: float | None
    by_hand: float | None


def build_cells(samples: Iterable[Sample]) -> list[Cell]:
    """Summarise rounds, and compare them; sorted by database, size, work and contender."""
    groups: dict[tuple[str, int, str, str], list[Sample]] = {}
    for sample in samples:
        place = (sample.database, sample.users, sample.work, sample.contender)
        groups.setdefault(place, []).append(sample)
    cells = []
    for place, group in groups.items():
        limits, others = (groups.get((*place[:-1], name), ()) for name in ("limit", "by_hand"))
        cells.append(Cell(_sum_up(group), _compare(group, limits), _compare(others, group)))
    return sorted(cells, key=_place_of)


def _sum_up(group: Sequence[Sample]) -> Sample:
    first = asdict(group[0])
    for name, value in first.items():
        if isinstance(value, (int, float)) and name != "users":
            first[name] = median(getattr(sample, name) for sample in group)
    return Sample(**first)


def _compare(group: Sequence[Sample], others: Sequence[Sample]) -> float | None:
    """Return the median of the ratios of two groups of samples, round by round."""
    # Rounds may have been added for some contenders only.
    pairs = zip(group, others, strict=False)
    ratios = [a.server_cpu_us / b.server_cpu_us for a, b in pairs if b.server_cpu_us]
    return median(ratios) if ratios else None


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

"""What was measured, round by round, and what that comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from .clients import CONTENDERS
from .works import WORKS


@dataclass(frozen=True, slots=True)
class Sample:
    """What one work cost one contender, once. CPU is per request.

    Args:
        database: The kind of database.
        users: Rows of its table of users.
        contender: Who did it.
        work: What was done.
        server_cpu_us: Microseconds of the server's CPU, user and system.
        database_cpu_us: Microseconds of the database's CPU; None where it has no processes.
        requests: Requests that were answered.
        requests_per_s: Requests per second.
        p50_ms: Milliseconds that half of them took at most.
        p99_ms: Milliseconds that 99 of 100 took at most.
        memory_mb: Resident memory of the server at its highest.
        idle_memory_mb: Resident memory of the server before its first work.
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
    """A work that isn't measured, and why."""

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
        to_limit: How many times the limit's CPU its server takes: the median of what it is in each
            round, since what else the machine does changes from one to the next; None without the
            limit.
        by_hand: How many times its server's CPU the server by hand takes, alike; None without that.
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
    """The median of how many times the CPU of others some samples took, round by round."""
    # Rounds may have been added for some contenders, and not for others.
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

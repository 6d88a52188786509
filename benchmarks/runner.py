"""Measurement of contenders one after another, over rounds, each checked before it is timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .checks import WrongAnswer, check_work
from .clients import Call, Contender
from .cursors import fill_call
from .data import make_body
from .databases import Database
from .load import Load, run_in_turn, run_wrk
from .processes import read_cpu_us, read_memory_mb, reset_peak
from .samples import Omission, Sample
from .servers import Server, ServerError, open_server
from .works import Work

DOOMED_PER_S = 15_000
"""Rows to delete for each second of deleting."""

SETTLE_S = 0.05
"""Seconds after a load in which a server finishes what it had begun."""


@dataclass(frozen=True, slots=True)
class Options:
    """Duration and repetition of measurements.

    Args:
        rounds: The number of turns of each contender.
        duration_s: Seconds of each work in a turn.
        warm_up_s: Seconds before it that are not measured.
    """

    rounds: int = 3
    duration_s: int = 2
    warm_up_s: int = 1


@dataclass(slots=True)
class Results:
    """Samples and omissions of a run."""

    samples: list[Sample] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)

    def omit(self, database: Database, contender: Contender, work: Work, reason: str) -> None:
        omission = Omission(database.kind, database.users, contender.name, work.name, reason)
        if omission not in self.omissions:
            self.omissions.append(omission)

    def is_omitted(self, database: Database, contender: Contender, work: Work) -> bool:
        cell = (database.kind, database.users, contender.name, work.name)
        return any((o.database, o.users, o.contender, o.work) == cell for o in self.omissions)


class Failure(Exception):
    """Load that can't be counted; the message gives the reason."""


def measure(
    database: Database,
    contenders: Sequence[Contender],
    works: Sequence[Work],
    options: Options,
    results: Results,
) -> None:
    """Measure works on one database.

    Args:
        database: The seeded database.
        contenders: The contenders.
        works: The works.
        options: Duration and repetition.
        results: Receives the samples.
    """
    groups = [[work for work in works if not work.alone], *([w] for w in works if w.alone)]
    for number in range(options.rounds):
        for contender in contenders:
            _say(f"{database.kind}, {database.users:,} users, round {number + 1}: {contender.name}")
            for group in groups:
                _take_turn(database, contender, group, options, results)


def _take_turn(
    database: Database,
    contender: Contender,
    works: Iterable[Work],
    options: Options,
    results: Results,
) -> None:
    able = [work for work in works if _can_do(database, contender, work, results)]
    if not able:
        return
    # A server that ended may have stored rows in the middle of a load.
    database.restore()
    try:
        with open_server(contender.name, database.url, contender.command) as server:
            idle_mb = read_memory_mb(server.pid)
            _open_connections(server, database, contender, able)
            for work in able:
                try:
                    sample = _measure_work(server, database, contender, work, options, idle_mb)
                    results.samples.append(sample)
                except (WrongAnswer, Failure, OSError) as exc:
                    results.omit(database, contender, work, str(exc) or type(exc).__name__)
                finally:
                    if work.expected is None:
                        database.restore()
    except ServerError as exc:
        for work in able:
            results.omit(database, contender, work, f"the server does not start: {exc}")


def _open_connections(
    server: Server, database: Database, contender: Contender, works: Sequence[Work]
) -> None:
    """Have a server open its permanent connections, which is no part of any work."""
    if any(work.connections > 1 for work in works):
        run_wrk(
            server.port,
            contender.calls["get"],
            first=1,
            span=database.users,
            connections=32,
            duration_s=1,
        )


def _can_do(database: Database, contender: Contender, work: Work, results: Results) -> bool:
    if database.kind not in contender.databases or results.is_omitted(database, contender, work):
        return False
    if contender.is_installed and work.name in contender.calls:
        return True
    missing = contender.missing.get(work.name, "not written")
    reason = missing if contender.is_installed else f"{contender.package} is not installed"
    results.omit(database, contender, work, reason)
    return False


def _measure_work(
    server: Server,
    database: Database,
    contender: Contender,
    work: Work,
    options: Options,
    idle_mb: float,
) -> Sample:
    call = fill_call(server.port, contender.calls[work.name], database)
    seconds = options.warm_up_s + options.duration_s
    if work.name == "delete":
        database.restore(doomed=DOOMED_PER_S * seconds)
    check_work(server.port, contender, call, work, database)
    first = work.first + (work.name == "delete")
    warm = _load(server, database, call, work, options.warm_up_s, first)
    reset_peak(server.pid)
    # The values of `{n}` must be new: wrk may have sent some that it didn't count.
    first += 2 * warm.requests + 1000 if work.name == "delete" else 0
    before, database_before = read_cpu_us(server.pid), database.read_cpu_us()
    load = _load(server, database, call, work, options.duration_s, first)
    time.sleep(SETTLE_S)
    after, database_after = read_cpu_us(server.pid), database.read_cpu_us()
    if load.failed or not load.requests:
        raise Failure(f"{load.failed} of {load.requests} requests failed under load")
    used = None
    if database_before is not None and database_after is not None:
        used = (database_after - database_before) / load.requests
    return Sample(
        database=database.kind,
        users=database.users,
        contender=contender.name,
        work=work.name,
        server_cpu_us=(after - before) / load.requests,
        database_cpu_us=used,
        requests=load.requests,
        requests_per_s=load.requests / load.duration_s,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        memory_mb=read_memory_mb(server.pid, peak=True),
        idle_memory_mb=idle_mb,
    )


def _load(
    server: Server, database: Database, call: Call, work: Work, duration_s: int, first: int
) -> Load:
    if not duration_s:
        return Load(0, 0, 0, 0, 0)
    token = f"{time.monotonic_ns():x}"
    is_create = work.name == "create"
    if work.connections == 1 and work.span(database.users) == 1:
        return run_in_turn(
            server.port, call, body=_bodies(token, call, work), duration_s=duration_s
        )
    body = make_body(token, "{n}") if is_create else call.body
    return run_wrk(
        server.port,
        Call(call.method, call.path, body),
        first=first,
        span=work.span(database.users),
        connections=work.connections,
        duration_s=duration_s,
    )


def _bodies(token: str, call: Call, work: Work) -> Callable[[int], str | None]:
    if work.rows > 1:
        return lambda n: make_body(token, n, work.rows)
    return lambda _: call.body


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

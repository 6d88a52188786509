"""Which statements are known to be short, by how long they took before."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from modelwire.execute.sqlite import short_statements
from modelwire.execute.sqlite.short_statements import (
    HELD_S,
    PATIENCE,
    ROW_S,
    SHORT_S,
    Run,
    ShortWork,
    limit_of,
)

COUNT = (
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) "
    "SELECT count(*) FROM c"
)
SHORT, LONG = Run([], SHORT_S), Run([], SHORT_S * 2)


class Clock:
    """Time that passes with each look at it, and CPU time that passes likewise, or not at all.

    Args:
        step_s: The seconds between two looks.
        spends: Whether they are spent on this thread.
    """

    def __init__(self, step_s: float, *, spends: bool = True) -> None:
        self.step_s, self.spends = step_s, spends
        self.now_s = self.spent_s = 0.0

    def perf_counter(self) -> float:
        self.now_s += self.step_s
        return self.now_s

    def thread_time(self) -> float:
        if self.spends:
            self.spent_s = self.now_s
        return self.spent_s


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as found:
        yield found


def set_clock(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    for name in ("perf_counter", "thread_time"):
        monkeypatch.setattr(short_statements, name, getattr(clock, name))


def test_limits() -> None:
    """Each row is allowed some time, as long as the event loop is not held for too long."""
    assert limit_of(0) == SHORT_S
    assert limit_of(100) == pytest.approx(SHORT_S + 100 * ROW_S)
    assert limit_of(10**9) == HELD_S / PATIENCE


def test_one_long_run_is_no_proof() -> None:
    """A second one in a row is, and a short one between them makes the first one forgotten."""
    work = ShortWork()
    work.note("a", LONG)
    assert "a" not in work
    for run in (SHORT, LONG, SHORT, LONG):
        work.note("a", run)
        assert "a" in work
    work.note("a", LONG)
    assert "a" not in work
    work.note("a", LONG)
    assert "a" not in work
    work.note("rows", Run([()] * 1000, limit_of(1000)))
    assert "rows" in work


def test_few_statements_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten; one that runs again does not count twice."""
    monkeypatch.setattr(short_statements, "_KNOWN", 3)
    work = ShortWork()
    for text in "abcbad":
        work.note(text, SHORT)
    assert list(work) == ["b", "c", "d"]


def test_short_work_is_carried_out(
    monkeypatch: pytest.MonkeyPatch, connection: sqlite3.Connection
) -> None:
    """Its rows are returned with the CPU time that they took."""
    set_clock(monkeypatch, Clock(SHORT_S / 4))
    work = ShortWork()
    run = work.run(connection, "a", lambda: connection.execute("SELECT 1 UNION SELECT 2"))
    assert run == Run([(1,), (2,)], 0.0)
    assert "a" in work


@pytest.mark.parametrize(
    ("step_s", "spends", "is_interrupted"),
    [
        (SHORT_S * PATIENCE * 2, True, True),
        # Other processes have been running, which says nothing about the work itself...
        (SHORT_S * PATIENCE * 2, False, False),
        # ... but the event loop is held up for too long.
        (HELD_S * 2, False, True),
    ],
)
def test_work_that_takes_long_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
    connection: sqlite3.Connection,
    step_s: float,
    spends: bool,
    is_interrupted: bool,
) -> None:
    """It counts as a long run then; the connection can be used as before."""
    monkeypatch.setattr(short_statements, "_STEPS", 20_000)
    set_clock(monkeypatch, Clock(step_s, spends=spends))
    work = ShortWork()
    work.note("a", SHORT)
    run = work.run(connection, "a", lambda: connection.execute(COUNT))
    assert (run is None) is is_interrupted
    assert work["a"] is is_interrupted
    monkeypatch.undo()
    assert connection.execute(COUNT).fetchall() == [(5000,)]


def test_errors_are_those_of_the_work(connection: sqlite3.Connection) -> None:
    def fail() -> Any:
        return connection.execute("SELECT 1 FROM nowhere")

    work = ShortWork()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        work.run(connection, "a", fail)

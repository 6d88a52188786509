"""When the log of changes is checked and shortened, by the log itself."""

import logging
import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.engine import make_url

from modelwire.access.principal import ANYONE, Principal
from modelwire.execute.log import log as log_module
from modelwire.execute.log import postgresql
from modelwire.execute.log.log import (
    FRESH_S,
    PRUNE_INTERVAL_S,
    PRUNED,
    PostgreSQLLog,
    SQLiteLog,
)
from modelwire.execute.log.logged_table import Noted
from modelwire.settings import Settings

SETTINGS = Settings(database_url="sqlite://")  # type: ignore[arg-type]
URL = make_url("sqlite://")


class Clock:
    """Stands still, but for what it is told."""

    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(log_module, "time", found)
    return found


def note(name: str, keep_days: int | None = None, *, live: bool = False) -> Noted:
    table = Table(name, MetaData(), Column("id", Integer, primary_key=True))
    return Noted(table, live, keep_days)


class Pruned(SQLiteLog):
    """A log that says which of its tables are shortened.

    Args:
        left: The number of old entries of each table.
    """

    def __init__(self, **left: int) -> None:
        super().__init__(URL, SETTINGS)
        self.left = left
        self.pruned: list[tuple[str, int]] = []
        self.error: Exception | None = None

    async def prune(self, _raw: object, table: str, days: int) -> int:
        self.pruned.append((table, days))
        if self.error is not None:
            raise self.error
        removed = min(self.left.get(table, 0), PRUNED)
        self.left[table] = self.left.get(table, 0) - removed
        return removed

    async def next(self) -> list[tuple[str, int]]:
        self.pruned.clear()
        await self.prune_next(None)
        return self.pruned.copy()


async def test_one_table_at_a_time_is_shortened(clock: Clock) -> None:
    """Each in its turn and then at intervals; one with more old entries comes after the others."""
    log = Pruned(a=PRUNED + 1, b=1)
    for noted in (note("a", 3), note("b", 4), note("kept")):
        log.add(noted)
    turns = [await log.next() for _ in range(5)]
    assert turns == [[("a", 3)], [("b", 4)], [("a", 3)], [], []]
    clock.now_s += PRUNE_INTERVAL_S - 0.1
    assert await log.next() == []
    clock.now_s += 0.1
    assert [await log.next() for _ in range(3)] == [[("a", 3)], [("b", 4)], []]


async def test_a_table_without_a_limit_is_left_alone(clock: Clock) -> None:
    """Nothing is ever due, not even for a table that had a limit before."""
    log = Pruned()
    assert (await log.next(), log.is_on) == ([], False)
    log.add(note("a", 3))
    log.add(note("a"))
    assert log.is_on
    assert await log.next() == []


async def test_a_failure_is_logged(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again after the usual interval; the write goes on."""
    log = Pruned()
    log.add(note("a", 3))
    log.error = sqlite3.OperationalError("disk I/O error")
    with caplog.at_level(logging.WARNING, "modelwire"):
        assert await log.next() == [("a", 3)]
        assert await log.next() == []
    assert [record.getMessage() for record in caplog.records] == [
        "Old changes of a can't be removed: OperationalError: disk I/O error"
    ]
    clock.now_s += PRUNE_INTERVAL_S
    assert await log.next() == [("a", 3)]


def test_a_table_stays_live() -> None:
    """One resource that is followed is enough, whichever of a table's comes first."""
    for live in ((True, False), (False, True)):
        log = Pruned()
        for each in live:
            log.add(note("a", live=each))
        assert log.tables["a"].live
    log.add(note("b"))
    assert not log.tables["b"].live


def test_waiters_are_told_of_commits() -> None:
    told: list[int] = []
    log = Pruned()
    log.tell_committed()
    log.ring = lambda: told.append(1)
    log.tell_committed()
    assert told == [1]


class Raw:
    """A connection of SQLite, which is prepared.

    Args:
        in_transaction: Whether a transaction has begun.
    """

    def __init__(self, *, in_transaction: bool = False) -> None:
        self.in_transaction = in_transaction
        self.noting = self.version = self.prepared = 0
        self.schema = 7
        self.is_whole = True
        self.origin: object = None

    async def run(self, _install: object, _raw: object) -> Any:
        self.prepared += 1
        return SimpleNamespace(version=self.schema, is_whole=self.is_whole)

    async def execute_fetchall(self, _sql: str) -> list[tuple[int]]:
        return [(self.schema,)]

    def look_anew(self) -> None:
        self.noting = 0


async def prepare(log: SQLiteLog, raw: Any, *, session: bool = False) -> int:
    """Prepare a connection for a write; returns how often its triggers were installed so far."""
    await (log.prepare_session(raw) if session else log.prepare(raw))
    prepared: int = raw.prepared
    return prepared


async def test_a_connection_is_prepared_once(clock: Clock) -> None:
    """And again when tables were created or dropped, or the schema may have changed."""
    log, raw = Pruned(), Raw()
    log.add(note("a"))
    assert [await prepare(log, raw) for _ in range(2)] == [1, 1]
    assert raw.version == 7
    log.forget()
    assert [await prepare(log, raw) for _ in range(2)] == [2, 2]
    assert [await prepare(log, raw, session=True) for _ in range(2)] == [2, 2]
    raw.schema = 8
    assert [await prepare(log, raw) for _ in range(2)] == [2, 2]
    assert [await prepare(log, raw, session=True) for _ in range(2)] == [3, 3]
    assert raw.version == 8


@pytest.mark.parametrize(("is_whole", "in_transaction"), [(False, False), (True, True)])
async def test_a_connection_that_may_lose_its_triggers(
    clock: Clock, is_whole: bool, in_transaction: bool
) -> None:
    """Triggers that may be rolled back, or lack a table, are checked each time."""
    log, raw = Pruned(a=1), Raw(in_transaction=in_transaction)
    log.add(note("a", 3))
    raw.is_whole = is_whole
    assert [await prepare(log, raw) for _ in range(2)] == [1, 2]
    # Old entries are removed outside of transactions, so that their removal is not rolled back.
    assert log.pruned == ([] if in_transaction else [("a", 3)])


async def test_the_origin_is_noted(clock: Clock) -> None:
    log = Pruned()
    raw: Any = Raw()
    log.note_origin(raw)
    anyone = raw.origin
    await log.prepare(raw, Principal(None, {}, (1,)))
    assert raw.origin != anyone
    assert log.write_stamp(ANYONE) == ""
    assert log.find_stamp(ANYONE) is None  # type: ignore[func-returns-value]


class Looked(PostgreSQLLog):
    """A log on PostgreSQL, with tables that exist and triggers that are missing.

    Args:
        there: The number of its tables that exist.
        lacking: The number of those that lack triggers.
        seen: The number of those that another connection sees.
    """

    def __init__(self, there: int, lacking: int = 0, seen: int | None = None) -> None:
        super().__init__(URL, SETTINGS)
        self.there, self.lacking = there, lacking
        self.seen = there if seen is None else seen
        self.events: list[str] = []

    async def _look(self, _raw: object) -> Any:
        self.events.append("looked")
        return self.there, [None] * self.lacking

    async def install(self) -> int:
        self.events.append("installed")
        self.lacking = self.there - self.seen
        return self.seen

    async def _install(self, _raw: object) -> int:
        self.events.append("installed here")
        self.lacking = 0
        return self.there

    async def prune_next(self, _raw: object) -> None:
        self.events.append("pruned")

    async def events_of(self, *, in_transaction: bool = True) -> list[str]:
        """Prepare a connection for a write; returns what was done."""
        self.events.clear()
        await self.prepare(SimpleNamespace(is_in_transaction=lambda: in_transaction))
        return self.events.copy()


async def test_triggers_are_looked_for_at_intervals(clock: Clock) -> None:
    """Not at each write, unless a table is missing or may be new."""
    log = Looked(2)
    for name in "ab":
        log.add(note(name))
    assert await log.events_of(in_transaction=False) == ["pruned", "looked"]
    assert await log.events_of() == []
    clock.now_s += FRESH_S - 0.1
    assert await log.events_of() == []
    clock.now_s += 0.1
    assert [await log.events_of() for _ in range(2)] == [["looked"], []]
    log.forget()
    assert [await log.events_of() for _ in range(2)] == [["looked"], []]
    log.add(note("missing"))
    assert [await log.events_of() for _ in range(2)] == [["looked"]] * 2


async def test_missing_triggers_are_created(clock: Clock) -> None:
    """By a connection of their own, unless only this transaction sees a table; then looked for."""
    log = Looked(2, lacking=1)
    for name in "ab":
        log.add(note(name))
    events = [await log.events_of() for _ in range(3)]
    assert events == [["looked", "installed"], ["looked"], []]
    log = Looked(1, lacking=1, seen=0)
    log.add(note("new"))
    assert await log.events_of() == ["looked", "installed", "installed here"]


async def test_a_table_that_is_created_meanwhile(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that began before it does not count for it."""
    log = Looked(1)
    log.add(note("a"))

    async def look(_raw: object) -> Any:
        log.forget()
        return 1, []

    monkeypatch.setattr(log, "_look", look)
    await log.events_of()
    monkeypatch.undo()
    monkeypatch.setattr(log_module, "time", clock)
    assert [await log.events_of() for _ in range(2)] == [["looked"], []]


def test_triggers_are_up_to_date() -> None:
    """Those of this very release, as far as they tell at least what is asked; or of a newer one."""
    quiet, live = note("a"), note("a", live=True)
    bodies = {is_live: body_of(noted) for is_live, noted in ((False, quiet), (True, live))}
    assert postgresql.is_installed(quiet, "public", bodies[False], 3)
    assert postgresql.is_installed(quiet, "public", bodies[True], 3)
    assert postgresql.is_installed(live, "public", bodies[True], 4)
    assert not postgresql.is_installed(live, "public", bodies[False], 3)
    assert not postgresql.is_installed(quiet, "other", bodies[False], 3)
    assert not postgresql.is_installed(quiet, "public", bodies[False], 2)
    assert not postgresql.is_installed(quiet, "public", None, 3)
    version = f"{postgresql.BODY_VERSION}"
    for number, is_newer in ((postgresql.BODY_VERSION, False), (postgresql.BODY_VERSION + 1, True)):
        changed = bodies[False].replace(version, f"{number}", 1) + "-- changed"
        assert postgresql.is_installed(quiet, "public", changed, 3) is is_newer


def body_of(noted: Noted) -> str:
    """Return the text of the function of a table's triggers, as PostgreSQL keeps it."""
    create = next(postgresql.write_install(noted, "public"))
    return create.split("$modelwire$")[1]

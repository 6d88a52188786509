"""Polling of the change log, and the notification of waiters."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest
import pytest_asyncio

from modelwire.execute.feed import feed as feed_module
from modelwire.execute.feed.feed import Feed
from modelwire.execute.feed.horizon import Look
from modelwire.execute.feed.stopping import STOPPING, Stopping

MINUTE_S = 60.0
FAILED_S = feed_module._FAILED_S
REQUEST: ContextVar[str | None] = ContextVar("request", default=None)


class Log:
    """A log, and who looks at it.

    Args:
        rests: Whether that is not needed while nobody waits.
        pause_s: Seconds between two looks.
    """

    def __init__(self, *, rests: bool, pause_s: float = 0.001) -> None:
        self.rests = rests
        self.pause_s = pause_s
        self.highest = 0
        self.oldest: int | None = None
        self.looks = self.opened = 0
        self.fails = self.breaks = False
        self.contexts: set[str | None] = set()
        self.ring: Callable[[], object] = lambda: None
        self.looked = asyncio.Event()
        self._begun = 0

    async def prepare(self) -> None:
        pass

    async def open(self, ring: Callable[[], object], /) -> None:
        self.opened += 1
        self.ring = ring

    async def close(self) -> None:
        pass

    async def look(self, seen: int, /) -> Look:
        self.looks += 1
        self.looked.set()
        self.contexts.add(REQUEST.get())
        if self.breaks:
            raise ZeroDivisionError
        if self.fails:
            raise ConnectionError("It is away")
        self._begun += 1
        known = self.highest <= seen
        oldest = self._begun if self.oldest is None else self.oldest
        return Look(self.highest, None if known else self._begun, oldest)

    async def looked_at(self, times: int = 1) -> None:
        """Wait until it was looked at so often."""
        for _ in range(times):
            self.looked.clear()
            async with asyncio.timeout(MINUTE_S):
                await self.looked.wait()

    async def comes_to_rest(self) -> None:
        """Wait until it is looked at no more."""
        async with asyncio.timeout(MINUTE_S):
            while not await self.rest():
                pass

    async def rest(self) -> bool:
        """Let whatever looks do so; whether nothing has."""
        before = self.looks
        for _ in range(50):
            await asyncio.sleep(0.001)
        return self.looks == before


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for that only spares the database."""
    monkeypatch.setattr(feed_module, "LEAST_S", 0)
    monkeypatch.setattr(feed_module, "_FAILED_S", (0.001, 0.001))


@pytest_asyncio.fixture
async def follow() -> AsyncIterator[Any]:
    """Follows a log until the end of the test."""
    feeds: list[Feed] = []

    def make(log: Log) -> Feed:
        feeds.append(Feed(lambda: log, log.prepare))
        return feeds[-1]

    yield make
    for feed in feeds:
        await feed.close()


async def test_a_log_that_rests_is_looked_at_while_somebody_waits(follow: Any) -> None:
    """And at once when the first one does, by which time others may have written."""
    log = Log(rests=True)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    await log.comes_to_rest()
    log.highest = 3
    assert await feed.wait(0, MINUTE_S) == 3
    await log.comes_to_rest()
    waiting = asyncio.create_task(feed.wait(3, MINUTE_S))
    await log.looked_at(3)
    log.highest = 4
    assert await waiting == 4


async def test_a_log_that_does_not_rest_is_looked_at_all_the_time(follow: Any) -> None:
    log = Log(rests=False)
    assert await follow(log).find(MINUTE_S) == 0
    await log.looked_at(5)


async def test_what_is_committed_here_is_seen_at_once(follow: Any) -> None:
    """A commit of this process is seen at once by a waiter, without a notice of the database."""
    log = Log(rests=True, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    await log.comes_to_rest()
    feed.ring()
    assert await log.rest()
    waiting = asyncio.create_task(feed.wait(0, MINUTE_S))
    await log.looked_at()
    await log.comes_to_rest()
    log.highest = 1
    feed.ring()
    assert await waiting == 1
    other = Log(rests=False, pause_s=MINUTE_S)
    feed = follow(other)
    assert await feed.find(MINUTE_S) == 0
    waiting = asyncio.create_task(feed.wait(0, MINUTE_S))
    await other.rest()
    other.highest = 1
    feed.ring()
    assert await other.rest()
    other.ring()
    assert await waiting == 1


async def test_who_asks_is_told_of_what_was_there_before(follow: Any) -> None:
    """A waiter that arrives during a poll is told by the next one."""
    log = Log(rests=True)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    log.highest = 1
    assert list(await asyncio.gather(feed.find(MINUTE_S), feed.find(MINUTE_S))) == [1, 1]
    log.highest = 2
    assert await feed.find(MINUTE_S) == 2


async def test_nothing_is_waited_for_longer_than_that(follow: Any) -> None:
    log = Log(rests=True)
    feed = follow(log)
    assert await feed.wait(0, 0.05) == 0
    log.highest = 2
    assert await feed.wait(1, MINUTE_S) == 2
    assert await feed.wait(1, 0) == 2


async def test_what_is_not_final_is_looked_at_again(
    follow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that was there when a number was first seen has to end, and is waited for."""
    monkeypatch.setattr(feed_module, "HELD_UP_S", 0.001)
    log = Log(rests=True, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    log.highest, log.oldest = 1, 0
    asked = asyncio.create_task(feed.wait(0, MINUTE_S))
    await log.looked_at(5)
    assert not asked.done()
    log.oldest = None
    assert await asked == 1


async def test_a_log_that_is_away(follow: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An unavailable log is polled again and again, logged once, and no waiter is misled."""
    log = Log(rests=False)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    with caplog.at_level(logging.WARNING, "modelwire"):
        log.fails = True
        await log.looked_at(4)
        opened = log.opened
        assert await feed.wait(0, 0.05) == 0
        log.highest, log.fails = 1, False
        assert await feed.wait(0, MINUTE_S) == 1
        log.fails = True
        await log.looked_at(4)
    assert opened >= 3
    assert [record.getMessage() for record in caplog.records] == [
        "Changes can't be followed: the database does not answer (ConnectionError: It is away). "
        "Followers wait until it does"
    ] * 2


async def test_a_look_that_fails_is_repeated_after_the_watch_is_opened_again(follow: Any) -> None:
    """Neither is a number from before returned, nor is a log that is away asked all the time."""
    log = Log(rests=False, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    await log.comes_to_rest()
    log.highest, log.fails, opened, looks = 1, True, log.opened, log.looks
    asked = [asyncio.create_task(feed.find(MINUTE_S)) for _ in range(3)]
    await log.looked_at(8)
    assert not any(task.done() for task in asked)
    # Each time the watch is opened, who asks and the reader itself look at most once.
    assert log.looks - looks <= 2 * (log.opened - opened + 1)
    log.fails = False
    assert await asyncio.gather(*asked) == [1, 1, 1]


async def settle() -> None:
    """Let everything run that waits for no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)


class Pauses:
    """Asyncio, but for the length of pauses, which are noted.

    Args:
        least_s: The length in seconds that the noted pauses have at least.
    """

    def __init__(self, least_s: float) -> None:
        self.least_s = least_s
        self.taken_s: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, pause_s: float) -> None:
        if pause_s >= self.least_s:
            self.taken_s.append(pause_s)
        await asyncio.sleep(0)


async def test_pauses_grow_until_it_is_back(follow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is as short as ever after each success, and none is longer than the longest."""
    pauses = Pauses(0.05)
    monkeypatch.setattr(feed_module, "asyncio", pauses)
    monkeypatch.setattr(feed_module, "_FAILED_S", FAILED_S)
    log = Log(rests=False)
    feed = follow(log)
    for _ in range(2):
        assert await feed.find(MINUTE_S) == 0
        log.fails = True
        feed.ring()
        log.ring()
        async with asyncio.timeout(MINUTE_S):
            while len(pauses.taken_s) < 8:
                await asyncio.sleep(0)
        assert pauses.taken_s[:8] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
        log.fails = False
        assert await feed.find(MINUTE_S) == 0
        pauses.taken_s.clear()


async def test_another_server_counts_transactions_anew(follow: Any) -> None:
    """What was awaited on the one before it is not awaited after the watch is opened again."""
    log = Log(rests=False)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    log._begun, log.highest, log.oldest = 10**6, 1, 10**6
    await log.looked_at(3)
    log.fails, log._begun, log.oldest = True, 0, None
    await log.looked_at(2)
    log.fails = False
    assert await feed.wait(0, MINUTE_S) == 1


async def test_what_a_caller_finds_is_awaited_at_once(
    follow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that rests is looked at until a number is final that a caller's own look has found."""
    monkeypatch.setattr(feed_module, "HELD_UP_S", 0)
    log = Log(rests=True, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    await settle()
    log.highest, log.oldest = 1, 0
    assert await feed.find(MINUTE_S) == 0
    await log.looked_at(3)
    log.oldest = None
    assert await feed.wait(0, MINUTE_S) == 1


@pytest.mark.parametrize("rests", [True, False])
async def test_only_the_first_waiter_ends_a_rest(follow: Any, rests: bool) -> None:
    """Others wait for the same looks, and where there is no rest none is ended."""
    log = Log(rests=rests, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    await settle()
    looks, waiting = log.looks, []
    for _ in range(3):
        waiting.append(asyncio.create_task(feed.wait(0, MINUTE_S)))
        await settle()
    assert log.looks == looks + rests
    log.highest = 1
    (feed.ring if rests else log.ring)()
    assert await asyncio.gather(*waiting) == [1, 1, 1]


async def test_a_server_that_stops_keeps_nobody_waiting(follow: Any) -> None:
    """Until then its requests wait like all others."""
    log = Log(rests=True, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    token = STOPPING.set(Stopping(begun, lambda: False))
    waiting = [asyncio.create_task(feed.wait(after, MINUTE_S)) for after in (0, 1)]
    STOPPING.reset(token)
    await settle()
    log.highest = 1
    feed.ring()
    assert await waiting[0] == 1
    assert not waiting[1].done()
    begun.set_result(None)
    assert await waiting[1] == 1
    token = STOPPING.set(Stopping(begun, lambda: False))
    assert await feed.wait(1, MINUTE_S) == 1
    assert await feed.wait(0, MINUTE_S) == 1
    STOPPING.reset(token)


async def test_it_belongs_to_no_request(follow: Any) -> None:
    """Neither the looks of its own task nor those that a caller has made are of that request."""
    log = Log(rests=True)
    feed = follow(log)
    token = REQUEST.set("first")
    assert await feed.find(MINUTE_S) == 0
    log.highest = 1
    assert await feed.wait(0, MINUTE_S) == 1
    REQUEST.reset(token)
    assert log.contexts == {None}


async def test_an_unexpected_failure(follow: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its stack, and the next call begins anew."""
    log = Log(rests=False, pause_s=MINUTE_S)
    feed = follow(log)
    assert await feed.find(MINUTE_S) == 0
    await settle()
    log.breaks = True
    with caplog.at_level(logging.ERROR, "modelwire"):
        log.ring()
        await settle()
    (record,) = caplog.records
    assert record.getMessage() == "Following changes has failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    log.breaks, log.highest = False, 1
    feed.ring()  # there is none to be told
    assert await feed.find(MINUTE_S) == 1
    assert log.opened == 2


async def test_its_end(follow: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Callers that wait for a database that is away are let go, and nothing counts as a failure."""
    log = Log(rests=False, pause_s=MINUTE_S)
    feed = follow(log)
    await feed.close()
    feed.ring()
    assert log.opened == 0
    log.fails = True
    asked = asyncio.create_task(feed.find(MINUTE_S))
    await log.looked_at(2)
    await feed.close()
    assert await asked is None
    log.fails = False
    assert await feed.find(MINUTE_S) == 0
    await feed.close()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_an_event_loop_after_another() -> None:
    """Each has a reader of its own, and leaves that of the other alone."""
    log = Log(rests=False, pause_s=MINUTE_S)
    feed = Feed(lambda: log, log.prepare)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    assert first.run_until_complete(feed.find(MINUTE_S)) == 0
    other = feed._reader
    assert other is not None
    second.run_until_complete(feed.close())
    feed._reader = other
    assert second.run_until_complete(feed.find(MINUTE_S)) == 0
    assert log.opened == 2
    second.run_until_complete(feed.close())
    first.run_until_complete(other.close())
    for loop in (first, second):
        loop.close()

"""Retries of transactions after contention: how many, until when, and in which order."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.errors import Contention, NotFound
from modelwire.execute.connect import retry
from modelwire.execute.connect.retry import retry_contended
from modelwire.execute.connect.turns import WriteQueue
from modelwire.observe.exchange import CURRENT

BEGUN_S = 1000.0


class Attempts:
    """Transaction that meets contention at its first attempts.

    Args:
        meets: The number of attempts that fail.
    """

    def __init__(self, meets: int) -> None:
        self.meets = meets
        self.tries = 0

    async def __call__(self) -> int:
        self.tries += 1
        if self.tries <= self.meets:
            raise Contention
        return self.tries

    async def retried(self, *, queue: WriteQueue | None = None, patience_s: float = 60) -> int:
        met = Contention("first")
        return await retry_contended(
            self,
            met,
            begun_s=BEGUN_S,
            max_retries=2,
            patience_s=patience_s,
            again=queue or WriteQueue(60),
        )


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that has passed since the first attempt began; nothing pauses between attempts."""
    found = SimpleNamespace(passed_s=0.0)
    time = SimpleNamespace(monotonic=lambda: BEGUN_S + found.passed_s)
    monkeypatch.setattr(retry, "time", time)
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0)
    return found


@pytest.mark.parametrize(("meets", "tries"), [(0, 1), (1, 2), (2, 2), (9, 2)])
async def test_retries_are_limited(meets: int, tries: int) -> None:
    """So many attempts follow the first one, and its error is raised if all of them fail."""
    attempts = Attempts(meets)
    exchange: Any = SimpleNamespace(retries=0)
    token = CURRENT.set(exchange)
    try:
        if meets < tries:
            assert await attempts.retried() == tries
        else:
            with pytest.raises(Contention):
                await attempts.retried()
    finally:
        CURRENT.reset(token)
    assert attempts.tries == exchange.retries == tries


async def test_a_second_retry_waits_in_the_queue() -> None:
    """The first one does not, and the queue moves on after each."""
    queue, first, second = WriteQueue(60), Attempts(0), Attempts(1)
    queue.idle.clear()
    assert await first.retried(queue=queue) == 1
    waiting = asyncio.ensure_future(second.retried(queue=queue))
    async with asyncio.timeout(60):
        while not queue.waiting:
            await asyncio.sleep(0)
    assert second.tries == 1
    queue.put_nowait(queue)
    assert await waiting == 2
    assert queue.idle == [queue]


@pytest.mark.parametrize(("passed_s", "tries"), [(0, 1), (900, 1), (1000, 0), (1100, 0)])
async def test_nothing_is_retried_after_the_time_limit(
    clock: SimpleNamespace, passed_s: float, tries: int
) -> None:
    """The limit counts from the beginning of the first attempt."""
    clock.passed_s = passed_s
    attempts = Attempts(0)
    if tries:
        assert await attempts.retried(patience_s=1000) == 1
    else:
        with pytest.raises(Contention, match="first"):
            await attempts.retried(patience_s=1000)
    assert attempts.tries == tries


async def test_another_error_is_raised_at_once() -> None:
    """A retry that fails in another way is the last one."""

    async def fail() -> None:
        raise NotFound("x")

    with pytest.raises(NotFound):
        await retry_contended(
            fail,
            Contention(),
            begun_s=BEGUN_S,
            max_retries=5,
            patience_s=60,
            again=WriteQueue(60),
        )

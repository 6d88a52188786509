"""WriteQueue to write."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from modelwire.errors import Contention
from modelwire.execute.connect.fair_queue import FairQueue
from modelwire.execute.connect.turns import WriteQueue, WriteTurn


class Log:
    """Work that says when it begins and ends."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.ended = asyncio.Event()

    @asynccontextmanager
    async def work(self, name: str):  # type: ignore[no-untyped-def]
        self.events.append(f"+{name}")
        yield
        self.events.append(f"-{name}")


async def test_order() -> None:
    """Each is done before the next begins, in the order in which they came."""
    turns, log = WriteQueue(5.0), Log()

    async def write(name: str) -> None:
        async with WriteTurn(turns, log.work(name)):
            for _ in range(3):
                await asyncio.sleep(0)

    await asyncio.gather(*map(write, "abcd"))
    assert log.events == ["+a", "-a", "+b", "-b", "+c", "-c", "+d", "-d"]


async def test_late() -> None:
    """A request that gets no turn in time is refused, and the next one still gets it."""
    turns, log = WriteQueue(0.02), Log()
    async with WriteTurn(turns, log.work("a")):
        with pytest.raises(Contention):
            async with WriteTurn(turns, log.work("b")):
                pass
    async with WriteTurn(turns, log.work("c")):
        pass
    assert log.events == ["+a", "-a", "+c", "-c"]


async def test_failure_and_cancellation() -> None:
    """A turn is passed on by work that fails, and by a task that is cancelled in the queue."""
    turns, log = WriteQueue(5.0), Log()

    async def write(name: str) -> None:
        async with WriteTurn(turns, log.work(name)):
            log.ended.set()
            await asyncio.sleep(0)
            raise ValueError(name)

    first, second, third = (asyncio.ensure_future(write(name)) for name in "abc")
    await log.ended.wait()
    second.cancel()
    outcomes = await asyncio.gather(first, second, third, return_exceptions=True)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [ValueError, asyncio.CancelledError, ValueError]
    assert log.events == ["+a", "+c"]


async def test_work_that_does_not_begin() -> None:
    """Its turn is passed on, and its error raised."""
    turns = WriteQueue(5.0)

    @asynccontextmanager
    async def fail():  # type: ignore[no-untyped-def]
        yield int("away")

    for _ in range(2):
        with pytest.raises(ValueError, match="away"):
            async with WriteTurn(turns, fail()):
                pass
        assert turns.idle == [turns]


async def test_wait_that_is_dropped() -> None:
    """Whoever is dropped while he waits leaves the queue as it was."""
    queue = FairQueue(1)
    waiting = queue.wait()
    waiting.send(None)
    assert queue.waiting == 1
    waiting.close()
    assert queue.waiting == 0
    queue.put_nowait("connection")
    assert queue.idle == ["connection"]

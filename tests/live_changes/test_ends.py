"""Followers of the log end when they are told to, whatever comes at that moment."""

import asyncio
from collections.abc import Callable

import pytest

from modelwire.execute.feed.feed import Feed
from modelwire.execute.feed.horizon import Look

MINUTE_S = 60


class Quiet:
    """A log in which nothing happens, but which rings."""

    pause_s = 3600.0
    rests = True

    def __init__(self) -> None:
        self.looks = 0
        self.is_open = False
        self.ring: Callable[[], object] = lambda: None

    async def open(self, ring: Callable[[], object], /) -> None:
        self.ring, self.is_open = ring, True

    async def look(self, seen: int, /) -> Look:  # noqa: ARG002
        assert self.is_open  # what is closed has no connection to look on
        self.looks += 1
        return Look(0, 1, 1)

    async def close(self) -> None:
        self.is_open = False


async def prepare() -> None:
    """There is nothing to prepare."""


@pytest.mark.parametrize("steps", range(6))
async def test_end_while_it_rings(steps: int) -> None:
    """The end comes some steps of the event loop after a ring, heard or not."""
    watch = Quiet()
    feed = Feed(lambda: watch, prepare)
    await feed.find(MINUTE_S)
    waiting = asyncio.create_task(feed.wait(0, MINUTE_S))
    for _ in range(20):
        seen = watch.looks
        async with asyncio.timeout(MINUTE_S):
            while watch.looks == seen:
                watch.ring()
                await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # it listens again
    watch.ring()
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(MINUTE_S):
        await feed.close()
    assert not watch.is_open
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_end_while_somebody_asks() -> None:
    """A request for the last number meanwhile gets one that was final before."""
    watch = Quiet()
    feed = Feed(lambda: watch, prepare)
    assert await feed.find(MINUTE_S) == 0
    reader = feed._reader
    assert reader is not None
    async with reader._turn:  # another look is under way
        asking = asyncio.create_task(feed.find(MINUTE_S))
        await asyncio.sleep(0.01)
        await feed.close()
    async with asyncio.timeout(MINUTE_S):
        assert await asking == 0

"""Counts that requests share."""

import asyncio

import pytest

from modelwire.execute.connect.counts import SharedCounts


class Counter:
    """Counts how often it counts, and waits for a word before it tells."""

    def __init__(self) -> None:
        self.begun = 0
        self.ready: asyncio.Queue[int | Exception] = asyncio.Queue()

    async def __call__(self) -> int:
        self.begun += 1
        told = await self.ready.get()
        if isinstance(told, Exception):
            raise told
        return told


async def begin(counts: SharedCounts, counter: Counter, key: str = "a") -> asyncio.Task[int]:
    """Let a request come, as far as it gets by itself."""
    task = asyncio.ensure_future(counts.find(key, counter))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_later_requests_share_the_next_count() -> None:
    """Who comes while a count is running waits for the next one, which all of them share."""
    counts, counter = SharedCounts(), Counter()
    first = await begin(counts, counter)
    later = [await begin(counts, counter) for _ in range(3)]
    assert counter.begun == 1
    counter.ready.put_nowait(10)
    counter.ready.put_nowait(11)
    assert await first == 10
    assert await asyncio.gather(*later) == [11, 11, 11]
    assert counter.begun == 2


async def test_other_counts_are_others() -> None:
    """Only the same count is shared."""
    counts, counter = SharedCounts(), Counter()
    tasks = [await begin(counts, counter, key) for key in ("a", "b")]
    assert counter.begun == 2
    counter.ready.put_nowait(1)
    counter.ready.put_nowait(2)
    assert sorted(await asyncio.gather(*tasks)) == [1, 2]


async def test_cancelled_request_takes_nobody_along() -> None:
    """If the request that counts is cancelled, another one counts; one that waits just goes."""
    counts, counter = SharedCounts(), Counter()
    first, second, third = [await begin(counts, counter) for _ in range(3)]
    first.cancel()
    second.cancel()
    counter.ready.put_nowait(5)
    assert await third == 5
    assert first.cancelled()
    assert second.cancelled()


async def test_error_goes_to_all_that_share() -> None:
    """A count that fails fails for all that waited for it, once."""
    counts, counter = SharedCounts(), Counter()
    first = await begin(counts, counter)
    later = [await begin(counts, counter) for _ in range(2)]
    counter.ready.put_nowait(1)
    counter.ready.put_nowait(ValueError("away"))
    assert await first == 1
    for task in later:
        with pytest.raises(ValueError, match="away"):
            await task
    assert counter.begun == 2


async def test_nothing_is_kept() -> None:
    """A count that nobody waits for is forgotten."""
    counts, counter = SharedCounts(), Counter()
    for number in (1, 2):
        counter.ready.put_nowait(number)
        assert await counts.find("a", counter) == number
    assert not counts._entries

"""What a `Database` has beside its engine: its servers, and its queues of writes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from modelwire import Database
from modelwire.errors import Contention


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("sqlite://", []),
        ("postgresql://db/shop", ["db"]),
        ("postgresql://a,b:6000/shop", ["a", "b"]),
    ],
)
def test_servers(url: str, hosts: list[str]) -> None:
    """A database in a file has none."""
    assert [server.host for server in Database(url).servers] == hosts


async def test_transactions_that_have_met_twice_wait_for_each_other() -> None:
    """Of all requests together: one queue for each database."""
    database, running, most, done = Database("sqlite://"), 0, 0, list[int]()

    def make(number: int) -> Callable[[], Awaitable[int]]:
        tries = 0

        async def attempt() -> int:
            nonlocal running, most, tries
            tries += 1
            if tries == 1:
                raise Contention
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1
            return number

        return attempt

    async def write(number: int) -> None:
        met = Contention()
        done.append(await database.retry(make(number), met, time.monotonic()))

    await asyncio.gather(*map(write, range(5)))
    assert (sorted(done), most) == ([*range(5)], 1)

"""The choice of a replica for reads, and its reported lag."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.dialects import postgresql

from modelwire.errors import Unavailable
from modelwire.execute.connect.lane import Lane
from modelwire.execute.replicas import positions, replica, replicas
from modelwire.execute.replicas.positions import SAMPLE_EACH_S, History
from modelwire.execute.replicas.replica import FRESH_S
from modelwire.execute.replicas.replicas import Replicas
from modelwire.execute.servers import Server
from modelwire.observe.counts import PoolState
from modelwire.request.freshness import ANY, Freshness, write_position
from modelwire.settings import Settings

STALENESS_S = 40.0


class Clock:
    """Stands still, but for what it is told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return 1e9 + self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (positions, replica, replicas):
        monkeypatch.setattr(module, "time", found)
    return found


class Reached:
    """A server that says how far it is; None where it does not answer.

    Args:
        name: Its host.
        told: What it says each time that it is asked; the last again and again.
    """

    def __init__(self, name: str, *told: int | None, wait_s: float = 0.0) -> None:
        self.told = list(told)
        self.asked = 0
        self.is_copy = True
        self.settings = Settings(
            database_url="postgresql://db",  # type: ignore[arg-type]
            max_staleness_s=STALENESS_S,
            replica_wait_s=wait_s,
        )
        self.engine: Any = SimpleNamespace(dialect=postgresql.dialect())
        self.pool_state = PoolState()
        self.servers: Sequence[Server] = [Server(name, 5432)]
        self.answers = asyncio.Event()
        self.answers.set()
        self.is_closed = False

    async def fetch(self, *_: Any) -> Sequence[Sequence[Any]]:
        self.asked += 1
        reached = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        await self.answers.wait()
        if reached is None:
            raise Unavailable(self.servers[0].host)
        return [(write_position(reached), self.is_copy)]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Lane]:
        yield cast("Lane", self)

    async def close_db(self) -> None:
        self.is_closed = True


async def choose(copies: Replicas[Reached], freshness: Freshness = ANY) -> str | None:
    chosen = await copies.choose(freshness)
    return None if chosen is None else chosen.database.servers[0].host


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def begin(primary: Reached, *copies: Reached) -> Replicas[Reached]:
    found = Replicas(primary, copies)
    await found.start()
    return found


async def test_the_least_busy(clock: Clock) -> None:
    """Of the copies that show enough, that which has the least to do is read from: what it works at
    and what waits for it both count."""
    one, two, three = Reached("one", 9), Reached("two", 9), Reached("three", 9)
    copies = await begin(Reached("primary", 9), one, two, three)
    assert await choose(copies) == "one"
    one.pool_state = PoolState(in_use=3)
    two.pool_state = PoolState(in_use=1, waiting=1)
    three.pool_state = PoolState(in_use=1, waiting=2)
    assert await choose(copies) == "two"
    two.pool_state = PoolState(in_use=1, waiting=3)
    one.pool_state = PoolState(in_use=2)
    assert await choose(copies) == "one"


async def test_what_is_no_copy_any_more(clock: Clock) -> None:
    """One that was made the primary comes after copies that have more to do, and before none."""
    made, copy = Reached("made", 9), Reached("copy", 9)
    made.is_copy = False
    copy.pool_state = PoolState(in_use=5)
    copies = await begin(Reached("primary", 9), made, copy)
    assert await choose(copies) == "copy"
    copies.all[1].retire()
    assert await choose(copies) == "made"


async def test_only_what_shows_enough(clock: Clock) -> None:
    """A copy that has come to the very position shows it; one that lacks a byte does not."""
    near, there = Reached("near", 99), Reached("there", 100)
    copies = await begin(Reached("primary", 50), near, there)
    there.pool_state = PoolState(in_use=5)
    assert await choose(copies, Freshness(99)) == "near"
    assert await choose(copies, Freshness(100)) == "there"
    assert await choose(copies, Freshness(101)) is None


async def test_the_primary_alone(clock: Clock) -> None:
    """A read that has to show all goes to the primary, as does one that no replica can serve."""
    copy = Reached("copy", 9)
    copies = await begin(Reached("primary", 9), copy)
    assert await choose(copies, Freshness(is_latest=True)) is None
    assert await choose(copies) == "copy"
    copies.all[0].retire()
    assert await choose(copies) is None


async def test_the_furthest_is_waited_for(clock: Clock) -> None:
    """The replica with the least lag is asked again if none is far enough.

    Waiting for those further behind would be in vain.
    """
    far, near = Reached("far", 10, 100), Reached("near", 90, 100)
    copies = await begin(Reached("primary", 100), far, near)
    assert await choose(copies, Freshness(100)) == "near"
    assert (far.asked, near.asked) == (1, 2)
    assert await choose(copies, Freshness(101)) is None
    assert (far.asked, near.asked) == (1, 3)


async def test_the_next_where_the_furthest_goes(clock: Clock) -> None:
    """The next replica is waited for if the awaited one goes away."""
    far, near = Reached("far", 10, 100), Reached("near", 90, None)
    copies = await begin(Reached("primary", 100), far, near)
    assert await choose(copies, Freshness(100)) == "far"
    assert not copies.all[1].is_up


async def test_a_copy_is_waited_for_until_the_limit(clock: Clock) -> None:
    """It is asked again and again within the time that there is, and not beyond."""
    comes = Reached("comes", 10, 20, 30, 40, 50, wait_s=60)
    copies = await begin(Reached("primary", 10, wait_s=60), comes)
    assert await choose(copies, Freshness(50)) == "comes"
    assert comes.asked == 5


async def test_a_copy_that_says_nothing(clock: Clock) -> None:
    """One that does not answer in time is not waited for any longer."""
    copy = Reached("copy", 10)
    copies = await begin(Reached("primary", 10), copy)
    copy.answers.clear()
    assert await choose(copies, Freshness(50)) is None


async def test_how_late_it_is_said_to_be(clock: Clock) -> None:
    """The lag of a replica is measured against the last known position of the primary.

    It is zero where the replica was asked later than that, and unknown while it does not answer.
    """
    late, ahead, away = Reached("late", 70), Reached("ahead", 130), Reached("away", None)
    copies = await begin(Reached("primary", 100), late, ahead, away)
    assert [(it.name, it.is_up, it.lag_bytes) for it in copies.states] == [
        ("late:5432", True, 30),
        ("ahead:5432", True, 0),
        ("away:5432", False, None),
    ]
    assert [(it.is_copy, it.reads, it.found_s) for it in copies.states] == [
        (True, 0, clock.time())
    ] * 3
    clock.now_s += 5
    copies.all[0].retire()
    assert [it.lag_bytes for it in copies.states] == [None, 0, None]
    assert [it.found_s for it in copies.states] == [
        clock.time(),
        clock.time() - 5,
        clock.time() - 5,
    ]


async def test_none_is_known_before_it_was_asked(clock: Clock) -> None:
    """A replica that was never asked is not read from, but is asked by the first request."""
    copy = Reached("copy", 9)
    copies = Replicas(Reached("primary", 9), [copy])
    ((_, is_up, _, lag, _, found_s),) = copies.states
    assert (is_up, lag, found_s) == (False, None, 0)
    assert await choose(copies) is None
    await settle()
    assert await choose(copies) == "copy"


async def test_copies_are_asked_anew(clock: Clock) -> None:
    """Beside requests, once a second and not more often; those that were away are found so."""
    one, two = Reached("one", 1), Reached("two", None, 1)
    copies = await begin(Reached("primary", 1), one, two)
    clock.now_s += FRESH_S - 0.01
    assert await choose(copies) == "one"
    await settle()
    assert (one.asked, two.asked) == (1, 1)
    clock.now_s += 0.01
    assert await choose(copies) == "one"
    await settle()
    assert (one.asked, two.asked) == (2, 2)
    one.pool_state = PoolState(in_use=1)
    assert await choose(copies) == "two"


async def test_one_look_at_a_time(clock: Clock) -> None:
    """A replica is polled once at a time; others are polled meanwhile."""
    slow, other = Reached("slow", 1), Reached("other", 1)
    copies = await begin(Reached("primary", 1), slow, other)
    slow.answers.clear()
    for _ in range(3):
        clock.now_s += FRESH_S
        await choose(copies)
        await settle()
    assert (slow.asked, other.asked) == (2, 4)
    looks = [task for task in asyncio.all_tasks() if task.get_name().startswith("modelwire-look")]
    await copies.close()
    assert [task.cancelled() for task in looks] == [True]
    assert slow.is_closed
    assert other.is_closed


async def test_what_is_new_enough(clock: Clock) -> None:
    """A preference for what is at most some seconds old counts from where the primary was then: as
    far as that is known; it is asked otherwise."""
    primary, copy = Reached("primary", 100, 200), Reached("copy", 150)
    copies = await begin(primary, copy)
    clock.now_s += 10
    assert await choose(copies, Freshness(max_staleness_s=10.5)) == "copy"
    assert primary.asked == 1
    assert await choose(copies, Freshness(max_staleness_s=5)) is None
    assert primary.asked == 2
    assert await choose(copies, Freshness(max_staleness_s=5)) is None
    assert primary.asked == 2
    clock.now_s += 6
    primary.told = [None]
    with pytest.raises(Unavailable, match="primary"):
        await choose(copies, Freshness(max_staleness_s=5))


async def test_how_old_anything_may_be(clock: Clock) -> None:
    """A read without a position is no older than the setting allows.

    That holds as far as the primary was asked, which is done in the background, and again after a
    quarter of that time.
    """
    primary, copy = Reached("primary", 100, 200, None), Reached("copy", 150)
    copies = await begin(primary, copy)
    clock.now_s += STALENESS_S / 4
    assert await choose(copies) == "copy"
    await settle()
    assert primary.asked == 1
    clock.now_s += 0.01
    assert await choose(copies) == "copy"
    await settle()
    assert primary.asked == 2
    clock.now_s += STALENESS_S * 3 / 4 - 1
    assert await choose(copies) == "copy"
    clock.now_s += 1
    assert await choose(copies) is None, "it lacks what is 30 s old, and what else is not known"
    clock.now_s += STALENESS_S
    assert await choose(copies) == "copy", "how old anything is is not known any more"


def test_positions_that_are_remembered(clock: Clock) -> None:
    """So many a second and no more, and the least that is new enough is found."""
    history = History()
    assert (history.newest, history.least(1e6)) == (0, None)
    for at_s, position in ((0, 10), (SAMPLE_EACH_S / 2, 20), (SAMPLE_EACH_S, 30), (1, 40)):
        history.note(at_s, position)
    assert (history.newest, history.newest_s) == (40, 1)
    clock.now_s = 2.0
    found = [history.least(age_s) for age_s in (3, 2, 1.99, 1.5, 1, 0.99)]
    assert found == [10, 10, 30, 40, 40, None]

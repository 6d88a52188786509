"""Events that a client following changes is sent, and the reads behind them."""

import datetime as dt
import logging
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.errors import Unavailable
from modelwire.pipeline import changes
from modelwire.pipeline.changes import HEARTBEAT_S, SEARCH_S, WAITING, _Following
from modelwire.pipeline.following import Batch
from modelwire.plan.reading.following import FollowPlan
from modelwire.respond.changes import HEARTBEAT, ChangeEvent

USUAL = 100


class Followed:
    """A log of changes, of which a client may see some, and a clock.

    Args:
        steps: The last final number each time that it is waited for, and the seconds until then.
        seen: The numbers of the changes that the client may see.
        fails: How often, beginning with which read, the log can't be read.
    """

    def __init__(
        self,
        *steps: tuple[int, float],
        seen: Sequence[int] = (),
        fails: Sequence[int] = (),
        after: int | None = None,
        wait_s: int = 30,
        size: int = 10**5,
        listens_s: float = 10**6,
    ) -> None:
        self.steps, self.seen, self.fails, self.size = list(steps), seen, fails, size
        self.now_s = 1000.0
        self.waited: list[tuple[int, float]] = []
        self.read_from: list[tuple[int, int, int]] = []
        self.takes_s = 0.0
        settings = SimpleNamespace(request_timeout_s=20.0, max_listening_s=listens_s)
        tracking = SimpleNamespace(feed=self)
        pipeline: Any = SimpleNamespace(
            database=SimpleNamespace(tracking=tracking, settings=settings), changes=self
        )
        nothing: Any = None
        plan = FollowPlan(nothing, {}, after, USUAL, wait_s)
        self.following = _Following(pipeline, plan, nothing, nothing)

    def monotonic(self) -> float:
        return self.now_s

    async def wait(self, after: int, limit_s: float) -> int:
        self.waited.append((after, limit_s))
        if not self.steps:
            raise EOFError
        final, passed_s = self.steps.pop(0)
        self.now_s += passed_s
        return final

    async def read(
        self, plan: FollowPlan, _caller: Any, position: int, final: int, _session: Any
    ) -> Batch:
        self.read_from.append((position, final, plan.limit))
        self.now_s += self.takes_s
        if len(self.read_from) in self.fails:
            raise Unavailable("It is away")
        upto = min(final, position + plan.limit)
        events = [event_of(n) for n in self.seen if position < n <= upto]
        return Batch(tuple(events), upto, self.size)

    async def stream(self, position: int) -> list[bytes]:
        """Return the parts that are sent until no more changes are final."""
        sent: list[bytes] = []
        with suppress(EOFError):
            async for part in self.following.stream(position):
                sent.append(part)  # noqa: PERF401 - what was sent before the end counts
        return sent


def event_of(number: int) -> ChangeEvent:
    return ChangeEvent(number, dt.datetime.now(dt.UTC), "create", b"%d" % number, b"{}")


def write(*numbers: int) -> bytes:
    return b"".join(
        b'id: %d\nevent: create\ndata: {"key":%d,"item":{}}\n\n' % (n, n) for n in numbers
    )


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a log whose clock is that of what follows it."""

    def make(*steps: tuple[int, float], **options: Any) -> Followed:
        made = Followed(*steps, **options)
        monkeypatch.setattr(changes, "time", made)
        monkeypatch.setattr(changes, "_FAILED_S", 0)
        return made

    return make


RETRY = b"retry: 2000\n\n"


async def test_a_stream(log: Any) -> None:
    """Each is sent once, as far as it may be seen; it goes on from what was looked at."""
    followed = log((3, 1), (5, 1), (5, 1), seen=[2, 3, 5], after=1)
    assert await followed.stream(1) == [RETRY, write(2, 3), write(5)]
    assert [read[:2] for read in followed.read_from] == [(1, 3), (3, 5)]
    assert [after for after, _ in followed.waited] == [1, 3, 5, 5]


async def test_a_stream_is_never_quiet(log: Any) -> None:
    """Something is sent within some seconds; where the client's place is not what it was told, it
    is that."""
    steps = [(0, HEARTBEAT_S), (3, 1), (3, HEARTBEAT_S - 1), (5, 1), (5, HEARTBEAT_S - 1), (5, 15)]
    followed = log(*steps, seen=[4, 5], after=0)
    assert await followed.stream(0) == [RETRY, HEARTBEAT, b"id: 3\n\n", write(4, 5), HEARTBEAT]
    assert [left_s for _, left_s in followed.waited] == [15, 15, 14, 15, 15, 1, 15]


async def test_a_client_without_a_place_is_told_it(log: Any) -> None:
    """At once: changes are lost otherwise if its connection is."""
    followed = log((7, HEARTBEAT_S), (7, HEARTBEAT_S))
    assert await followed.stream(7) == [RETRY, b"id: 7\n\n", HEARTBEAT, HEARTBEAT]


async def test_a_stream_ends_after_some_time(log: Any) -> None:
    """The client reconnects after a short while, from where it is, as the caller of then."""
    steps = [(3, 10), (4, 14), (4, 80)]
    followed = log(*steps, seen=[3], after=1, listens_s=100)
    *sent, place, end = b"".join(await followed.stream(1)).split(b"\n\n")[:-1]
    assert b"\n\n".join(sent) + b"\n\n" == RETRY + write(3)
    assert place == b"id: 4"
    assert end.startswith(b"retry: ")
    assert len(followed.waited) == 3


async def test_clients_that_came_together_do_not_return_together(log: Any) -> None:
    """Streams end at different times, and say different times to come back."""
    lengths, ends = set(), set()
    for _ in range(20):
        followed = log(*[(0, 1.0)] * 100, after=0, listens_s=100)
        ends.add((await followed.stream(0))[-1])
        lengths.add(len(followed.waited))
    assert lengths <= set(range(80, 102))
    assert min(len(lengths), len(ends)) > 5


async def test_a_stream_looks_at_more_where_it_is_behind(log: Any) -> None:
    """As long as changes are small; once it has caught up, at as many as at first."""
    followed = log((500, 0), (500, 0), (500, 0), (501, 0), size=10)
    await followed.stream(0)
    assert followed.read_from == [
        (0, 500, USUAL),
        (USUAL, 500, 2 * USUAL),
        (3 * USUAL, 500, 4 * USUAL),
        (500, 501, USUAL),
    ]


async def test_a_log_that_can_not_be_read(log: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is read again from the same place, and that is logged once for as long as it lasts."""
    steps = [(n, 0) for n in (1, 1, 1, 2, 2)]
    followed = log(*steps, seen=[1, 2], fails=[1, 2, 4], after=0)
    with caplog.at_level(logging.WARNING, "modelwire"):
        assert await followed.stream(0) == [RETRY, write(1), write(2)]
    assert [read[:2] for read in followed.read_from] == [(0, 1)] * 3 + [(1, 2)] * 2
    assert [record.getMessage() for record in caplog.records] == [
        f"Changes after {n} can't be read: Unavailable" for n in (0, 1)
    ]


async def test_a_page_is_there_at_once(log: Any) -> None:
    """Changes that are final already are shown without a wait."""
    followed = log(seen=[2], after=1)
    batch = await followed.following.read_page(3)
    assert ([event.number for event in batch.events], batch.upto) == ([2], 3)
    assert followed.waited == []


async def test_a_page_is_waited_for(log: Any) -> None:
    """Until there is a change for the client, or the time of the request or its own is up."""
    followed = log((4, 5), (6, 4), seen=[6], after=3)
    batch = await followed.following.read_page(3)
    assert ([event.number for event in batch.events], batch.upto) == ([6], 6)
    assert followed.waited == [(3, 20 * WAITING), (4, 20 * WAITING - 5)]
    short = log((3, 2), after=3, wait_s=2)
    assert (await short.following.read_page(3)).upto == 3
    assert short.waited == [(3, 2)]


async def test_a_page_from_the_beginning(log: Any) -> None:
    """Without a place it begins before the first change."""
    followed = log(seen=[1])
    assert [event.number for event in (await followed.following.read_page(2)).events] == [1]
    assert followed.read_from == [(0, 2, USUAL)]


async def test_a_page_is_not_looked_for_forever(log: Any) -> None:
    """A client for whom many changes are none is told how far they were read."""
    followed = log(after=0)
    followed.takes_s = SEARCH_S / 2 + 0.1
    batch = await followed.following.read_page(10 * USUAL)
    assert (batch.events, batch.upto) == ((), 2 * USUAL)

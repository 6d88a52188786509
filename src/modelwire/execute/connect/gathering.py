"""Batching of concurrent requests of one kind, so that one statement answers them together."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from time import perf_counter_ns
from typing import Generic, TypeVar

from msgspec import Struct

from ...observe.exchange import CURRENT
from ...overtime import LOOK_S, Timed

Item = TypeVar("Item")
Found = TypeVar("Found")

AT_ONCE = 128
"""Maximum number of requests that one statement answers."""


class Gathering(Generic[Item, Found]):
    """Batching of requests that arrive while another one of their kind is being answered.

    A single request is answered at once. Later arrivals wait until that has ended, and are then
    answered together. So no request waits for a timer, and none receives data that was read before
    it arrived. The longest waiting request does the work for all; if it is cancelled, another one
    takes over.

    Args:
        limit_s: Seconds that a request waits, at most, until a connection is available.
        shares_faults: Whether an error of the shared work applies to each request. Otherwise each
            request is then answered by itself.
        patience_s: Seconds after which waiting requests no longer wait for the end of earlier work;
            never, by default.
    """

    def __init__(
        self, limit_s: float, *, shares_faults: bool, patience_s: float = math.inf
    ) -> None:
        self._limit_ns = int((limit_s - 2 * LOOK_S) * 1e9)
        self._shares_faults = shares_faults
        self._patience_s = patience_s
        self._groups: dict[Hashable, _Group[Item, Found]] = {}

    async def find(
        self,
        kind: Hashable,
        item: Item,
        work: Callable[[Turn[Item, Found]], Awaitable[Sequence[Found]]],
    ) -> Found:
        """Find what a request asks for.

        Args:
            kind: The key of requests that can be answered together.
            item: The item of this request.
            work: Answers several requests: it takes the turn's items when it is about to begin, and
                returns the result of each.

        Returns:
            The result. All work on it was begun after this call.

        Raises:
            Exception: The error of the work.
        """
        loop = asyncio.get_running_loop()
        place = loop, kind  # waiters share an event loop
        group = self._groups.get(place)
        if group is None:
            group = _Group(self._groups, place, self._patience_s)
        else:
            ask = _Ask(item, loop.create_future(), perf_counter_ns())
            turn = await group.wait(ask)
            if turn is not None:
                return await self._receive(turn, ask, work)
        turn = Turn(group, item)
        try:
            found = await work(turn)
        except BaseException as error:
            self._fail(turn, error)
            if self._shares_faults or not turn.others or not isinstance(error, Exception):
                raise
        else:
            if turn.others or group.waiting or group.working > 1:
                turn.end(found)
            else:
                del self._groups[place]  # the usual case: no others have arrived
            return found[0]
        return await _work_alone(item, work)

    async def _receive(
        self,
        turn: Turn[Item, Found],
        ask: _Ask[Item],
        work: Callable[[Turn[Item, Found]], Awaitable[Sequence[Found]]],
    ) -> Found:
        if turn.error is not None:
            raise turn.error
        if turn.found is None:
            return await _work_alone(ask.item, work)
        if turn.text is not None:
            turn.measure(ask.came_ns)
        return turn.found[ask.position]

    def _fail(self, turn: Turn[Item, Found], error: BaseException) -> None:
        if not isinstance(error, Exception):
            turn.give_up()
        elif turn.others is not None:
            turn.fail(error if self._shares_faults else None)
        else:
            # A request whose own time limit is over shares the error of the working one.
            turn.refuse(error, perf_counter_ns() - self._limit_ns)


async def _work_alone(
    item: Item, work: Callable[[Turn[Item, Found]], Awaitable[Sequence[Found]]]
) -> Found:
    (found,) = await work(Turn(_Group({}, None, math.inf), item))
    return found


class _Ask(Generic[Item]):
    """Waiting request.

    Args:
        item: Its item.
        told: Is set to the turn that has answered it, or to None if it is to answer itself and
            those that wait with it.
        came_ns: The time of its arrival.
    """

    __slots__ = ("came_ns", "item", "position", "told")

    def __init__(self, item: Item, told: asyncio.Future[object], came_ns: int) -> None:
        self.item, self.told, self.came_ns = item, told, came_ns
        self.position = 0


class _Group(Timed, Generic[Item, Found]):
    """Requests of one kind in one event loop: those being answered, and those that wait.

    Args:
        groups: The groups with turns, which include this one until its last turn has ended.
        place: Its key among them.
        patience_s: Seconds after which the next turn begins beside unfinished ones.

    Attributes:
        working: The number of unfinished turns.
        waiting: The waiting requests, in arrival order.
        is_open: Whether a turn is about to begin, with all that wait.
    """

    __slots__ = ("_groups", "_is_watched", "_place", "is_open", "waiting", "working")

    def __init__(
        self, groups: dict[Hashable, _Group[Item, Found]], place: Hashable, patience_s: float
    ) -> None:
        # This runs for each single request; most groups never have a waiting one.
        self.limit_s = patience_s
        self._groups, self._place = groups, place
        groups[place] = self
        self.working = 1
        self.waiting: deque[_Ask[Item]] | None = None
        self.is_open = True
        self._is_watched = False

    async def wait(self, ask: _Ask[Item]) -> Turn[Item, Found] | None:
        """Wait for the turn that answers a request; None if the request begins the next turn."""
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(ask)
        if not (self.is_open or self._is_watched) and self.limit_s < math.inf:
            self._is_watched = True
            self.start()
        try:
            turn: Turn[Item, Found] | None = await ask.told  # type: ignore[assignment]
        except asyncio.CancelledError:
            if not ask.told.cancelled() and ask.told.result() is None:
                self.is_open = False
                self.leave()
            raise
        return turn

    def leave(self) -> None:
        """End a turn."""
        self.working -= 1
        self.end()
        if not self.working:
            del self._groups[self._place]

    def end(self) -> None:
        """Let the next turn begin, if any requests wait for one."""
        while self.waiting and not self.is_open:
            ask = self.waiting.popleft()
            if not ask.told.done():
                self.is_open = True
                self.working += 1
                ask.told.set_result(None)
        if self._is_watched:
            self._is_watched = False
            self.stop()


class Turn(Struct, Generic[Item, Found], eq=False):
    """Requests that are answered together.

    Args:
        group: The requests of their kind.
        item: The item of the first request.
        count: The number of its requests, once it has begun.
        others: The requests that have waited for the turn; None until it has begun.
        found: The result of each request; None without any.
        error: The error, if it applies to all of them.
        text: The statement that has answered them, if it is measured for each of them.
        began_ns: The time at which it began, if others have waited for it.
        ended_ns: The time at which it ended, if others have waited for it.
    """

    group: _Group[Item, Found]
    item: Item
    count: int = 1
    others: Sequence[_Ask[Item]] | None = None
    found: Sequence[Found] | None = None
    error: Exception | None = None
    text: str | None = None
    began_ns: int = 0
    ended_ns: int = 0

    def take(self) -> Sequence[Item]:
        """Take the items of all requests that have arrived so far, just before the work begins.

        Returns:
            The item of each request; some may be equal.
        """
        group = self.group
        group.is_open = False
        if not group.waiting:
            self.others = ()
            return (self.item,)
        others: list[_Ask[Item]] = []
        self.others = others
        while group.waiting and len(others) < AT_ONCE - 1:
            ask = group.waiting.popleft()
            if not ask.told.done():
                others.append(ask)
                ask.position = len(others)
        self.count = 1 + len(others)
        self.began_ns = perf_counter_ns()
        return [self.item, *[ask.item for ask in others]]

    def measure(self, came_ns: int) -> None:
        """Measure its statement for one of the requests, as if that had sent it alone."""
        exchange = CURRENT.get()
        if exchange is not None and self.text is not None:
            exchange.add_gathered(self.text, self.began_ns - came_ns, self.ended_ns - self.began_ns)

    def end(self, found: Sequence[Found]) -> None:
        """Distribute the results."""
        self._tell(found, None)

    def fail(self, error: Exception | None) -> None:
        """Distribute an error, or have each of the other requests answered by itself."""
        self._tell(None, error)

    def _tell(self, found: Sequence[Found] | None, error: Exception | None) -> None:
        # The next turn is begun first, so that the database works while these requests are
        # answered.
        self._close_unbegun()
        self.group.leave()
        if self.others:
            self.found, self.error = found, error
            self.ended_ns = perf_counter_ns()
            for ask in self.others:
                if not ask.told.done():
                    ask.told.set_result(self)

    def give_up(self) -> None:
        """Leave the work to another request, since the one that worked was cancelled."""
        self._close_unbegun()
        waiting = self.group.waiting
        if self.others and waiting is not None:
            waiting.extendleft(reversed(self.others))
        self.group.leave()

    def refuse(self, error: Exception, before_ns: int) -> None:
        """Distribute an error to requests from before some time, and leave the others waiting."""
        self.found, self.error, group = None, error, self.group
        while group.waiting and group.waiting[0].came_ns <= before_ns:
            ask = group.waiting.popleft()
            if not ask.told.done():
                ask.told.set_result(self)
        self.give_up()

    def _close_unbegun(self) -> None:
        if self.others is None:
            self.group.is_open = False

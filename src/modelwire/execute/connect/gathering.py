"""Requests that come while others of their kind are being answered are answered together."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from time import perf_counter_ns
from typing import Generic, TypeVar

from ...observe.exchange import CURRENT
from ...overtime import LOOK_S, Timed

Item = TypeVar("Item")
Found = TypeVar("Found")

AT_ONCE = 128
"""Requests that one statement answers, at most."""


class Gathering(Generic[Item, Found]):
    """Answers requests together that come while one of their kind is being answered.

    A request that comes alone is answered at once. Those that come meanwhile wait until that has
    ended, and are answered together then, so nobody waits for a clock, and nobody is given what had
    begun before he came. Whoever has waited longest works for all; if he is cancelled, another one
    does.

    Args:
        limit_s: Seconds that a request waits, at most, until a connection is there.
        shares_faults: Whether what fails for many has failed for each of them. Otherwise each is
            answered by itself then.
        patience_s: Seconds after which those who wait no longer wait for the end of what had begun
            before; until that, by default.
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
            kind: What can be answered together.
            item: What this request asks for.
            work: Answers some requests: it takes the turn's items once it is about to begin, and
                returns what was found for each of them.

        Returns:
            What was found. All of the work on it was begun after this call.

        Raises:
            Exception: What the work has raised.
        """
        loop = asyncio.get_running_loop()
        place = loop, kind  # whoever waits does so in one loop
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
            if self._shares_faults or turn.is_alone or not isinstance(error, Exception):
                raise
        else:
            if turn.is_alone and group.is_idle:
                del self._groups[place]  # as nearly always, where there is little to do
            else:
                turn.end(found)
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
        elif turn.has_begun:
            turn.fail(error if self._shares_faults else None)
        else:
            # Who has waited as long as anybody may is refused like the one who waited for all.
            turn.refuse(error, perf_counter_ns() - self._limit_ns)


async def _work_alone(
    item: Item, work: Callable[[Turn[Item, Found]], Awaitable[Sequence[Found]]]
) -> Found:
    (found,) = await work(Turn(_Group({}, None, math.inf), item))
    return found


class _Ask(Generic[Item]):
    """A request that waits.

    Args:
        item: What it asks for.
        told: Is given the turn in which it was answered, or None: it is to answer itself, and all
            that wait with it.
        came_ns: When it came.
    """

    __slots__ = ("came_ns", "item", "position", "told")

    def __init__(self, item: Item, told: asyncio.Future[object], came_ns: int) -> None:
        self.item, self.told, self.came_ns = item, told, came_ns
        self.position = 0


class _Group(Timed, Generic[Item, Found]):
    """The requests of one kind in one event loop: those that are answered, and those that wait.

    Args:
        groups: The groups that have turns; this is one of them until its last turn has ended.
        place: Where it stands among them.
        patience_s: Seconds after which the next turn begins beside those that have not ended.

    Attributes:
        working: Turns that have not ended.
        waiting: Requests that wait, in the order in which they came.
        is_open: Whether a turn is about to begin, with all that wait.
    """

    __slots__ = ("_groups", "_is_watched", "_place", "is_open", "waiting", "working")

    def __init__(
        self, groups: dict[Hashable, _Group[Item, Found]], place: Hashable, patience_s: float
    ) -> None:
        # This runs for each request that comes alone; most groups never have anybody who waits.
        self.limit_s = patience_s
        self._groups, self._place = groups, place
        groups[place] = self
        self.working = 1
        self.waiting: deque[_Ask[Item]] | None = None
        self.is_open = True
        self._is_watched = False

    async def wait(self, ask: _Ask[Item]) -> Turn[Item, Found] | None:
        """Wait for the turn in which a request is answered; None if it has the next one itself."""
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(ask)
        if not (self.is_open or self._is_watched) and self.limit_s < math.inf:
            self._is_watched = True
            self.start()
        try:
            turn: Turn[Item, Found] | None = await ask.told  # type: ignore[assignment]
        except asyncio.CancelledError:
            if ask.told.done() and not ask.told.cancelled() and ask.told.result() is None:
                self.is_open = False
                self.leave()
            raise
        return turn

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits, and no other turn than the one that ends just now is left."""
        return self.working == 1 and not self.waiting

    def close(self) -> None:
        """Say that a turn begins now: whoever comes from now on waits for another one."""
        self.is_open = False
        if self._is_watched:
            self._is_watched = False
            self.stop()

    def leave(self) -> None:
        """Say that a turn has ended."""
        self.working -= 1
        if self.waiting and not self.is_open:
            self.end()
        if not self.working:
            del self._groups[self._place]

    def end(self) -> None:
        """Let the next turn begin."""
        while self.waiting and not self.is_open:
            ask = self.waiting.popleft()
            if not ask.told.done():
                self.is_open = True
                self.working += 1
                ask.told.set_result(None)
        if self._is_watched:
            self._is_watched = False
            self.stop()


class Turn(Generic[Item, Found]):
    """Requests that are answered together.

    Args:
        group: All of their kind.
        item: What the first of them asks for.

    Attributes:
        found: What was found for each; None where nothing was.
        error: What was raised instead, if it was for all of them.
        text: The statement that has answered them, if each of them is measured by it.
    """

    __slots__ = ("_began_ns", "_ended_ns", "_group", "_item", "_others", "error", "found", "text")

    # What is only for those who wait is set where there are any.
    found: Sequence[Found] | None
    error: Exception | None
    text: str | None

    def __init__(self, group: _Group[Item, Found], item: Item) -> None:
        self._group = group
        self._item = item
        self._others: Sequence[_Ask[Item]] | None = None

    def take(self) -> Sequence[Item]:
        """Take what is asked for by all who have come so far. What answers them begins after this.

        Returns:
            What each of them asks for; some may be equal.
        """
        group = self._group
        group.is_open = False
        if not group.waiting:
            self._others = ()
            return (self._item,)
        group.close()
        others: list[_Ask[Item]] = []
        self._others = others
        while group.waiting and len(others) < AT_ONCE - 1:
            ask = group.waiting.popleft()
            if not ask.told.done():
                others.append(ask)
                ask.position = len(others)
        self._began_ns = perf_counter_ns()
        self.text = None
        return [self._item, *[ask.item for ask in others]]

    @property
    def has_begun(self) -> bool:
        """Whether it has taken what is asked for."""
        return self._others is not None

    @property
    def count(self) -> int:
        """How many requests it is for."""
        return 1 + len(self._others or ())

    @property
    def is_alone(self) -> bool:
        """Whether it is for one request only."""
        return not self._others

    def measure(self, came_ns: int) -> None:
        """Measure its statement for one of the requests as if that had sent it by itself."""
        exchange = CURRENT.get()
        if exchange is not None and self.text is not None:
            exchange.add_gathered(
                self.text, self._began_ns - came_ns, self._ended_ns - self._began_ns
            )

    def end(self, found: Sequence[Found]) -> None:
        """Hand out what was found."""
        self._tell(found, None)

    def fail(self, error: Exception | None) -> None:
        """Hand out an error, or have each of the others answered by itself."""
        self._tell(None, error)

    def _tell(self, found: Sequence[Found] | None, error: Exception | None) -> None:
        # The next one is begun first: the database works while these are answered.
        self._close_unbegun()
        self._group.leave()
        if self._others:
            self.found, self.error = found, error
            self._ended_ns = perf_counter_ns()
            for ask in self._others:
                if not ask.told.done():
                    ask.told.set_result(self)

    def give_up(self) -> None:
        """Leave it to another one: whoever worked was cancelled."""
        self._close_unbegun()
        waiting = self._group.waiting
        if self._others and waiting is not None:
            waiting.extendleft(reversed(self._others))
        self._group.leave()

    def refuse(self, error: Exception, before_ns: int) -> None:
        """Hand out an error to those who came before some time; others are left to another one."""
        self.found, self.error, group = None, error, self._group
        while group.waiting and group.waiting[0].came_ns <= before_ns:
            ask = group.waiting.popleft()
            if not ask.told.done():
                ask.told.set_result(self)
        self.give_up()

    def _close_unbegun(self) -> None:
        if self._others is None:
            self._group.close()

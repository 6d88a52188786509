"""Changes of a resource's rows, as each caller may see them, shared by all followers."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import nullcontext
from contextvars import Context
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from ..access.principal import Principal, freeze
from ..catalog.kinds import moment_in_utc
from ..encode.encoder import encoder_of
from ..encode.keys import key_encoder_of
from ..errors import InvalidRow, NoLongerKept
from ..execute.connect.lane import Lane, Row
from ..execute.database import Database
from ..plan.reading.following import FollowPlan
from ..respond.changes import ChangeEvent
from ..shape.reads import SelectShape
from ..statement.feed import build_entries, build_oldest
from ..statement.given_rows import IMAGES, join_images
from ..statement.statements import Statement, Statements

logger = logging.getLogger("modelwire")

Found = TypeVar("Found")

KEPT = 64
"""Maximum number of cached results from the log."""

AT_ONCE = 4
"""Maximum number of connections that reading changes takes at a time."""


class Entry(NamedTuple):
    """Change in the log.

    Args:
        number: Its number.
        at: Its instant.
        operation: Its operation.
        old: The row before it, as JSON; None for a new row.
        new: The row after it; None for a deleted row.
    """

    number: int
    at: dt.datetime
    operation: str
    old: str | None
    new: str | None


class Batch(NamedTuple):
    """Changes that a caller may see.

    Args:
        events: The changes.
        upto: The number up to which they are complete.
        size: The size of the examined rows, in characters.
    """

    events: Sequence[ChangeEvent]
    upto: int
    size: int = 0


class Turns:
    """Limit on concurrent work.

    Args:
        limit: The maximum number in each event loop.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @property
    def here(self) -> asyncio.Semaphore:
        """Semaphore of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._known is None or self._known[0] is not loop:
            self._known = loop, asyncio.Semaphore(self._limit)
        return self._known[1]


class Shared(Generic[Found]):
    """Results shared by all concurrent requests for the same.

    Args:
        keeps: Whether later requests get the same result, which must then be valid forever.
            Otherwise none gets a result whose work began before the request.
        turns: The limit on concurrent work. Work that waits for its turn has not begun.
    """

    def __init__(self, *, keeps: bool, turns: Turns | None = None) -> None:
        self._keeps = keeps
        self._turns = turns
        self._known: OrderedDict[Hashable, asyncio.Future[Found]] = OrderedDict()

    async def find(self, asked: Hashable, work: Callable[[], Awaitable[Found]]) -> Found:
        """Return a result; its work goes on for other requests even if this one is cancelled."""
        asked = asyncio.get_running_loop(), asked
        known = self._known.get(asked)
        if known is None:
            # In a context of its own, so that the work for all is not measured for one request.
            known = asyncio.get_running_loop().create_task(
                self._begin(asked, work), context=Context()
            )
            self._known[asked] = known
            known.add_done_callback(lambda done: self._forget_failed(asked, done))
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(asked)
        return await asyncio.shield(known)

    async def _begin(self, asked: Hashable, work: Callable[[], Awaitable[Found]]) -> Found:
        async with self._turns.here if self._turns is not None else nullcontext():
            if not self._keeps:
                self._known.pop(asked, None)
            return await work()

    def _forget_failed(self, asked: Hashable, done: asyncio.Future[Found]) -> None:
        failed = done.cancelled() or done.exception() is not None
        if failed and self._known.get(asked) is done:
            del self._known[asked]


class Follower:
    """Reader of changes for all followers.

    Args:
        database: The database.
        statements: The statements of the application.
    """

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements
        self._entries = Statement(build_entries(), database.engine.dialect)
        self._oldest = Statement(build_oldest(), database.engine.dialect)
        # Entries of the log never change, unlike what a policy reads from other tables.
        self._logs = Shared[Sequence[Entry]](keeps=True)
        self._batches = Shared[Batch](keeps=False, turns=Turns(AT_ONCE))

    async def check_kept(
        self, plan: FollowPlan, caller: Principal, session: AsyncSession | None = None
    ) -> None:
        """Check that all changes after the one from which a client continues are kept.

        The last change of each table is always kept, so a client that has read the list since then
        passes.

        Args:
            plan: The plan of the request.
            caller: The caller.
            session: The overridden session.

        Raises:
            NoLongerKept: Some changes may have been removed.
        """
        table, changes = plan.shape.table, plan.shape.table.resource.changes
        if not plan.after or changes is None or changes.keep_days is None:
            return
        async with self._database.reading(session, self._oldest, caller) as lane:
            ((oldest,),) = await lane.fetch(self._oldest, {"name": table.sql.fullname})
        if oldest is not None and plan.after < oldest - 1:
            raise NoLongerKept(
                f"Changes before {oldest} are no longer kept; read the list again, and continue "
                "after its X-Change-Number"
            )

    async def read(
        self,
        plan: FollowPlan,
        caller: Principal,
        after: int,
        upto: int,
        session: AsyncSession | None = None,
    ) -> Batch:
        """Read the first changes between two numbers that a caller may see.

        Args:
            plan: The plan of the request.
            caller: The caller.
            after: The number after which to begin.
            upto: The last number that is final.
            session: The overridden session.
        """
        if session is not None:
            return await self._read(plan, caller, (after, upto), session)
        statement = self._statements.of(plan.shape)
        known = statement.take_from(caller)
        # A request that knows of later changes than the shared read gets these from its next read.
        asked = (plan.shape, repr(plan.values), freeze(known), plan.limit, after)

        async def work() -> Batch:
            return await self._read(plan, caller, (after, upto), None)

        return await self._batches.find(asked, work)

    async def _read(
        self,
        plan: FollowPlan,
        caller: Principal,
        between: tuple[int, int],
        session: AsyncSession | None,
    ) -> Batch:
        table = plan.shape.table
        after, upto = between
        values = {"name": table.sql.fullname, "after": after, "upto": upto, "most": plan.limit}

        async def read_log() -> Sequence[Entry]:
            async with self._database.reading(session, self._entries, caller) as lane:
                return [Entry(*row) for row in await lane.fetch(self._entries, values)]

        if session is None:
            entries = await self._logs.find(tuple(values.values()), read_log)
        else:
            entries = await read_log()
        if entries:
            statement = self._statements.of(plan.shape)
            async with self._database.reading(session, statement, caller) as lane:
                events = await _judge(lane, statement, plan, entries)
        else:
            events = []
        size = sum(len(entry.old or "") + len(entry.new or "") for entry in entries)
        return Batch(events, entries[-1].number if len(entries) == plan.limit else upto, size)


async def _judge(
    lane: Lane, statement: Statement, plan: FollowPlan, entries: Sequence[Entry]
) -> list[ChangeEvent]:
    """Return the events of changes for a caller, by whether rows were visible before and after."""
    images = [image for entry in entries for image in (entry.old, entry.new) if image is not None]
    found = await lane.fetch(statement, {**plan.values, IMAGES: join_images(images)})
    seen = {row[-1]: row[:-1] for row in found}
    places = iter(range(len(images)))
    events = []
    for entry in entries:
        old = None if entry.old is None else seen.get(next(places))
        new = None if entry.new is None else seen.get(next(places))
        event = _tell(plan.shape, entry, old, new)
        if event is not None:
            events.append(event)
    return events


def _tell(shape: SelectShape, entry: Entry, old: Row | None, new: Row | None) -> ChangeEvent | None:
    """Return the event of a change, given the row as visible before and after it."""
    row = old if new is None else new
    before, item = _show(shape, old), _show(shape, new)
    if row is None or before == item:
        return None  # no visible field has changed
    operation = "delete" if item is None else "create" if before is None else "update"
    key = key_encoder_of(shape.table, shape.read).encode(row)
    return ChangeEvent(entry.number, moment_in_utc(entry.at), operation, key, item)


def _show(shape: SelectShape, row: Row | None) -> bytes | None:
    """Encode a row; one that its read schema refuses counts as deleted.

    The log keeps such a row, so its followers could otherwise never continue.
    """
    if row is None:
        return None
    try:
        return encoder_of(shape.table, (), shape.projection).encode_many([row], ())[1:-1]
    except InvalidRow as error:
        logger.warning("A change is reported without its row: %s", error.failure)
        return None

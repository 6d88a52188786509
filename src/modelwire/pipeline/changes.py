"""Requests that follow the changes of a resource: long-polled pages, or a stream of events."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator

from msgspec.structs import replace

from ..access.principal import Principal
from ..catalog.tables import Table
from ..errors import ModelwireError, Unavailable
from ..execute.failure import describe_failure
from ..execute.feed.stopping import is_stopping
from ..overtime import raise_if_cancelled
from ..plan.reading.following import LAST_EVENT_ID, FollowPlan, plan_follow
from ..request.headers import Format, choose_format
from ..request.request import Request
from ..respond.answer import Answer, EventsAnswer
from ..respond.changes import (
    HEARTBEAT,
    answer_changes,
    event_headers,
    write_events,
    write_place,
    write_retry,
)
from .following import Batch
from .pipeline import Pipeline, Session, session_of

logger = logging.getLogger("modelwire")

FORMATS = (Format.JSON, Format.EVENTS)

HEARTBEAT_S = 15.0
"""Maximum interval in seconds between two messages of a stream."""

SEARCH_S = 2.0
"""Seconds of searching through changes that the caller can't see.

Then the client is told how far the search has come.
"""

WAITING = 0.9
"""Maximum part of a request's time limit that a page waits for changes."""

RETRY_MS = 2000
"""Milliseconds after which a client reconnects."""

_RETRIES_MS = (200, 3000)
"""Range of the same at the end of a stream, so that clients do not all reconnect at once."""

_PARTS = (0.8, 1.0)
"""Range of the parts of the maximum duration after which a stream ends."""

FEWEST, MOST = 10, 2000
"""Minimum and maximum number of changes that a stream examines at a time."""

LITTLE, MUCH = 2**16, 2**18
"""Sizes of a batch in characters, below and above which the next batch is larger or smaller."""

_FAILED_S = 1.0
"""Seconds until a failed read of changes is retried."""


async def read_changes(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer | EventsAnswer:
    """Answer `GET /users/changes/`."""
    last = request.header(LAST_EVENT_ID.lower().encode())
    plan = plan_follow(pipeline.catalog, table, pipeline.parse_query(request), last)
    format_ = choose_format(request.header(b"accept"), FORMATS)
    final = await pipeline.database.tracking.feed.find(pipeline.database.settings.pool_timeout_s)
    if final is None:
        raise Unavailable("It is not known yet which changes are final")
    await pipeline.changes.check_kept(plan, request.caller, session_of(session))
    following = _Following(pipeline, plan, request.caller, session)
    if format_ is Format.EVENTS:
        start = final if plan.after is None else plan.after
        return EventsAnswer(200, following.stream(start), event_headers())
    batch = await following.read_page(final)
    return answer_changes(batch.events, batch.upto)


def choose_pace(limit: int, size: int, *, usual: int, is_behind: bool) -> int:
    """Return the number of changes to examine next: more while many small ones are left.

    Args:
        limit: The number examined last.
        size: The size of their rows, in characters.
        usual: The maximum once none are left, since the size of the next changes is unknown.
        is_behind: Whether more changes are left.
    """
    if size > MUCH:
        return max(limit // 2, FEWEST)
    if not is_behind:
        return min(limit, usual)
    return min(limit * 2, MOST) if size < LITTLE else limit


class _Following:
    """Changes, as one client follows them.

    Args:
        pipeline: The pipeline.
        plan: The plan of the request.
        caller: The caller at the start, for as long as the stream lasts.
        session: The overridden session.
    """

    def __init__(
        self, pipeline: Pipeline, plan: FollowPlan, caller: Principal, session: Session
    ) -> None:
        self._feed = pipeline.database.tracking.feed
        self._changes = pipeline.changes
        self._plan = plan
        # The response is ready before the time limit of the request.
        settings = pipeline.database.settings
        self._wait_s = min(plan.wait_s, settings.request_timeout_s * WAITING)
        # Clients that came together don't return together.
        self._listen_s = settings.max_listening_s * random.uniform(*_PARTS)  # noqa: S311
        self._fails = False
        self._caller = caller
        self._session = session_of(session)

    async def read_page(self, final: int) -> Batch:
        """Read a page: the first changes that exist, or that are made while it waits."""
        position = self._plan.after or 0
        began_s = time.monotonic()
        while True:
            batch = await self._read(position, final) if final > position else Batch((), position)
            position, waited_s = batch.upto, time.monotonic() - began_s
            if batch.events or (position < final and waited_s > SEARCH_S):
                return batch
            if position >= final:
                final = await self._feed.wait(position, self._wait_s - waited_s)
                if final <= position:
                    return batch

    async def stream(self, position: int) -> AsyncIterator[bytes]:
        """Yield events until the client leaves, the server stops, or the maximum duration is over.

        The caller is not checked again: a client that reconnects is resolved anew. It is told its
        position even without events, so that it resumes from there.
        """
        yield write_retry(RETRY_MS)
        if self._plan.after is None:  # it could not continue from here otherwise
            yield write_place(position)
        told = position
        sent_s = time.monotonic()
        usual, ends_s = self._plan.limit, sent_s + self._listen_s
        while True:
            left_s = min(sent_s + HEARTBEAT_S, ends_s) - time.monotonic()
            final = await self._feed.wait(position, left_s)
            if is_stopping() or time.monotonic() >= ends_s:
                place = write_place(position) if told != position else b""
                yield place + write_retry(random.randint(*_RETRIES_MS))  # noqa: S311 - no secret
                return
            events, position, size = await self._try(position, final)
            is_behind = position < final
            limit = choose_pace(self._plan.limit, size, usual=usual, is_behind=is_behind)
            self._plan = replace(self._plan, limit=limit)
            if events:
                told, sent_s = events[-1].number, time.monotonic()
                yield write_events(events)
            elif time.monotonic() >= sent_s + HEARTBEAT_S:
                yield HEARTBEAT if told == position else write_place(position)
                told, sent_s = position, time.monotonic()

    async def _try(self, position: int, final: int) -> Batch:
        """Read some changes; none if that fails now."""
        if final <= position:
            return Batch((), position)
        try:
            batch = await self._read(position, final)
        except ModelwireError as error:
            raise_if_cancelled()
            if not self._fails:
                reason = describe_failure(error) or type(error).__name__
                logger.warning("Changes after %s can't be read: %s", position, reason)
            self._fails = True
            await asyncio.sleep(_FAILED_S)
            return Batch((), position)
        self._fails = False
        return batch

    async def _read(self, position: int, final: int) -> Batch:
        batch = await self._changes.read(self._plan, self._caller, position, final, self._session)
        if self._session is not None:
            await self._session.rollback()  # so that the next read sees later commits
        return batch

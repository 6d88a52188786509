"""Transaction of a writing request."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from ..errors import Constraint, ConstraintViolation, Contention
from ..execute.connect.lane import Lane
from ..execute.connect.savepoint import Undone
from ..execute.hooks.committed import run_after_commit
from ..execute.idempotency import StoredAnswer
from ..execute.rejection import Rejection
from ..plan.writing.assigned import assign
from ..plan.writing.links import LinkSet
from ..request.request import Request
from ..respond.answer import REPLAYED, TRIED, Answer
from .idempotency import fingerprint_of, key_of
from .pipeline import Pipeline, Session, wants_rollback
from .work import Done, OpenTransaction, Work
from .write import Write, WriteWork


def transact(
    pipeline: Pipeline, write: Write, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Write what a request asks for, in one transaction that is committed when this returns.

    A request that is a part of an open transaction is carried out in that, and committed with it.

    Args:
        pipeline: The pipeline.
        write: The write.
        request: The request.
        session: The overridden session, or the open transaction.

    Returns:
        The answer.

    Raises:
        RequestError: The request was refused, and nothing is written.
    """
    if pipeline.catalog.assigns_any:
        write = replace(write, plan=assign(write.plan, request.caller))
    work = WriteWork(pipeline, write, request)
    if isinstance(session, OpenTransaction):
        return _join(work, request, session)
    return run(pipeline, work, request, session)


async def run(
    pipeline: Pipeline, work: Work, request: Request, session: AsyncSession | None
) -> Answer:
    """Carry out work in a transaction of its own, and commit it.

    In the transaction, the `Idempotency-Key` is claimed, the work is done, the answer is made, and
    stored with the key; then it is committed. A refusal is rolled back, and explained on the same
    connection, since others may be waiting for one.

    Many rows and links are written at once; if one is refused, they are written again one by one,
    to find out which. An overridden session may have earlier writes, so each attempt in it has a
    savepoint.

    A trial (`Prefer: tx=rollback`) is answered like a write, and rolled back in the end.

    Hooks work with a session. If the written resources have hooks, the write is done in the
    transaction of a session opened for it, or of the overridden one.

    Args:
        pipeline: The pipeline.
        work: The work.
        request: The request.
        session: The overridden session.

    Returns:
        The answer.

    Raises:
        RequestError: The work was refused, and nothing is written.
    """
    is_tried = b"prefer" in request.headers and wants_rollback(request)
    key = None if is_tried else key_of(request)
    transaction = _Transaction(pipeline, work, request, session, is_tried, key)
    attempt = transaction.attempt_in_session if work.needs_session else transaction.attempt
    begun_s = time.monotonic()
    try:
        try:
            done = await attempt(session)
        except Contention as met:
            if session is not None:
                raise  # its earlier writes could not be repeated
            done = await pipeline.database.retry(partial(attempt, session), met, begun_s)
        return done.answer
    except Rejection as exc:
        # The whole transaction has ended, for example by the COMMIT of a session.
        async with pipeline.database.reading(session, caller=request.caller) as lane:
            error = await work.explain(exc, lane)
        raise error from exc.violation


async def _join(work: WriteWork, request: Request, transaction: OpenTransaction) -> Answer:
    """Carry out the writes of a request as a part of an open transaction."""
    transaction.lane.caller = request.caller

    async def attempt(*, one_by_one: bool) -> Done:
        part = OpenTransaction(
            transaction.lane, transaction.session, transaction.is_own, one_by_one
        )
        if not transaction.one_by_one:
            return await work.carry_out(part)
        done = None
        try:
            async with transaction.lane.savepoint(checks=transaction.checks):
                done = await work.carry_out(part)
        except ConstraintViolation as violation:
            raise Rejection(violation, (done or work).rows) from violation
        return done

    try:
        done = await attempt(one_by_one=False)
    except Rejection as exc:
        if not transaction.one_by_one:
            raise
        done = await _settle(work, transaction.lane, exc, partial(attempt, one_by_one=True))
    transaction.done.append((work, done))
    return done.answer


class _Transaction(Struct, frozen=True):
    """Transaction of a request, in as many attempts as it takes.

    Args:
        pipeline: The pipeline.
        work: The work.
        request: The request.
        given: The overridden session.
        is_tried: Whether it is a trial, which is rolled back in the end.
        key: The digest of its `Idempotency-Key`, if it has one.
    """

    pipeline: Pipeline
    work: Work
    request: Request
    given: AsyncSession | None
    is_tried: bool
    key: str | None

    async def attempt_in_session(self, given: AsyncSession | None) -> Done:
        """Make one attempt, in the transaction of a session for hooks.

        Raises:
            Rejection: The work was refused after the transaction had ended.
            RequestError: The work was refused.
        """
        session = given or self.pipeline.database.session()
        is_own = session is not given
        try:
            done = await self.attempt(session)
        except BaseException:
            if is_own:
                await session.close()
            raise
        await run_after_commit(done.committed, session, is_own=is_own)
        return done

    async def attempt(self, session: AsyncSession | None) -> Done:
        """Make one attempt, in the transaction of a session if there is one.

        Raises:
            Rejection: The work was refused after the transaction had ended.
            RequestError: The work was refused.
        """
        work, database = self.work, self.pipeline.database
        caller, done = self.request.caller, None
        # A single statement needs neither BEGIN nor COMMIT.
        single = self.key is None and not self.is_tried and work.is_one_statement
        if single and database.stamps and work.rows is not None:
            # Each row of a stamped statement would state its origin by itself.
            single = len(work.rows.rows) < 2
        try:
            async with database.writing(session, single=single, caller=caller) as lane:
                try:
                    done = await self._try(lane, session)
                except Rejection as exc:
                    again = partial(self._try, lane, session, one_by_one=True)
                    done = await _settle(work, lane, exc, again)
                if self.is_tried:
                    raise _Tried(done)
        except _Tried as tried:
            answer = tried.done.answer
            return Done(replace(answer, headers=(*answer.headers, TRIED)), tried.done.rows)
        except ConstraintViolation as violation:
            # It fired at the COMMIT of a session.
            raise Rejection(violation, (done or work).rows) from violation
        except Undone as undone:
            raise undone.error from undone.error.__cause__
        return done

    async def _try(
        self, lane: Lane, session: AsyncSession | None, *, one_by_one: bool = False
    ) -> Done:
        transaction = OpenTransaction(lane, session, session is not self.given, one_by_one)
        do = self.work.carry_out if self.key is None else partial(self._do_once, self.key)
        if session is not None:
            async with lane.savepoint(checks=self.is_tried):
                return await do(transaction)
        done = await do(transaction)
        if self.is_tried:
            async with lane.savepoint(checks=True):  # as COMMIT would check
                return done
        try:
            await lane.commit()
        except ConstraintViolation as violation:
            raise Rejection(violation, done.rows) from violation
        return done

    async def _do_once(self, key: str, transaction: OpenTransaction) -> Done:
        """Do work that was not done for the same `Idempotency-Key` before."""
        keys, lane = self.pipeline.idempotency_keys, transaction.lane
        fingerprint = fingerprint_of(self.request, self.work.grants)
        known = await keys.claim(lane, key, fingerprint)
        if known is not None:
            answer = Answer(known.status, known.body, (*known.headers, REPLAYED))
            await self.work.confirm(transaction, answer)
            return Done(answer, self.work.rows)
        done = await self.work.carry_out(transaction)
        answer = done.answer
        stored = StoredAnswer(answer.status, answer.headers, answer.body)
        await keys.store(lane, key, stored)
        return done


class _Tried(Exception):
    """A trial has succeeded, and is rolled back."""

    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


async def _settle(
    work: Work, lane: Lane, rejection: Rejection, again: Callable[[], Awaitable[Done]]
) -> Done:
    """Repeat rejected work one by one, or explain the rejection."""
    if work.is_splittable:
        await lane.restart()
        try:
            return await again()
        except Rejection as alone:
            rejection = _choose(rejection, alone)
    await lane.roll_back()
    raise await work.explain(rejection, lane) from rejection.violation


def _choose(together: Rejection, alone: Rejection) -> Rejection:
    """Choose between the rejections of many rows together and of a single row.

    Rows that refer to each other may lack their parents alone, but not together: for a foreign key,
    all of them count.
    """
    if together.violation.kind is Constraint.FOREIGN_KEY:
        rows = None if isinstance(alone.plan, LinkSet) else alone.plan
        return Rejection(together.violation, together.plan, alone=rows)
    if alone.violation.kind is not Constraint.FOREIGN_KEY:
        return alone
    return Rejection(alone.violation, together.plan, otherwise=together)

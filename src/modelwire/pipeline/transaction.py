"""The one transaction of a writing request, whatever it writes."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from ..errors import Constraint, ConstraintViolation
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


async def transact(
    pipeline: Pipeline, write: Write, request: Request, session: Session = None
) -> Answer:
    """Write what a request asks for in one transaction; it is committed when this returns.

    Where the request is a part of a transaction that is open, it is carried out in that, and
    committed with it.

    Args:
        pipeline: What requests have at hand.
        write: What is written.
        request: The request that asks for it.
        session: The overridden session, or the open transaction.

    Returns:
        The answer.

    Raises:
        RequestError: It was refused; nothing is written.
    """
    write = replace(write, plan=assign(write.plan, request.caller))
    work = WriteWork(pipeline, write, request)
    if isinstance(session, OpenTransaction):
        return await _join(work, request, session)
    return await run(pipeline, work, request, session)


async def run(
    pipeline: Pipeline, work: Work, request: Request, session: AsyncSession | None
) -> Answer:
    """Carry out some work in a transaction of its own, and commit it.

    The steps, in the transaction: the `Idempotency-Key` is claimed, the work is done, the answer is
    made, and stored with the key. Then it is committed. What was refused is undone, and explained
    on the connection at hand: others may wait for one.

    Many rows and links are written at once; where one is refused, they are written once more, one
    by one, to find out which. An overridden session may hold what others have done in it, so there
    each try has a savepoint.

    What is only to be tried (`Prefer: tx=rollback`) is answered alike and undone in the end.

    Hooks work with a session. Where what is written has some, the write is done in the transaction
    of one that is opened for it, or of the overridden one.

    Args:
        pipeline: What requests have at hand.
        work: What is done.
        request: The request that asks for it.
        session: The overridden session.

    Returns:
        The answer.

    Raises:
        RequestError: It was refused; nothing is written.
    """
    transaction = _Transaction(pipeline, work, request, session)
    try:
        if session is not None:
            # What others have done in it before could not be done again.
            return await transaction.attempt()
        return await pipeline.database.retry(transaction.attempt)
    except Rejection as exc:
        # The whole transaction is gone, such as by the COMMIT of a session.
        async with pipeline.database.reading(session, caller=request.caller) as lane:
            error = await work.explain(exc, lane)
        raise error from exc.violation


async def _join(work: WriteWork, request: Request, transaction: OpenTransaction) -> Answer:
    """Carry out what a request writes as a part of a transaction that is open."""
    transaction.lane.caller = request.caller

    async def attempt(*, one_by_one: bool) -> Done:
        part = OpenTransaction(
            transaction.lane, transaction.session, transaction.is_own, one_by_one
        )
        if not transaction.one_by_one:
            return await work.carry_out(part)
        async with transaction.lane.savepoint():
            return await work.carry_out(part)

    if transaction.one_by_one:
        done = await _settle(work, transaction.lane, attempt)
    else:
        done = await attempt(one_by_one=False)
    transaction.done.append((work, done))
    return done.answer


class _Transaction:
    """The transaction of a request, in as many attempts as it takes."""

    def __init__(
        self, pipeline: Pipeline, work: Work, request: Request, session: AsyncSession | None
    ) -> None:
        self._pipeline = pipeline
        self._work = work
        self._request = request
        self._session = session
        self._is_tried = wants_rollback(request)
        self._key = None if self._is_tried else key_of(request)

    async def attempt(self) -> Answer:
        """Carry it out once.

        Raises:
            Rejection: It was refused when the transaction was gone already.
            RequestError: It was refused.
        """
        if not self._work.needs_session:
            return (await self._attempt(self._session)).answer
        session = self._session or self._pipeline.database.session()
        is_own = session is not self._session
        try:
            done = await self._attempt(session)
        except BaseException:
            if is_own:
                await session.close()
            raise
        await run_after_commit(done.committed, session, is_own=is_own)
        return done.answer

    async def _attempt(self, session: AsyncSession | None) -> Done:
        """Carry it out once, in the transaction of a session if there is one."""
        work, database = self._work, self._pipeline.database
        one = self._key is None and not self._is_tried and work.is_one_statement
        caller, rows = self._request.caller, work.rows
        if one and database.stamps and rows is not None and len(rows.rows) > 1:
            one = False  # each row of a statement by itself would say on whose behalf it is written
        try:
            async with database.writing(session, single=one, caller=caller) as lane:
                done = await _settle(work, lane, partial(self._try, lane, session))
                rows = done.rows
                if self._is_tried:
                    raise _Tried
        except _Tried:
            answer = replace(done.answer, headers=(*done.answer.headers, TRIED))
            return Done(answer, rows)
        except ConstraintViolation as violation:
            # It fired at the COMMIT of a session.
            raise Rejection(violation, rows) from violation
        except Undone as undone:
            raise undone.error from undone.error.__cause__
        return done

    async def _try(self, lane: Lane, session: AsyncSession | None, *, one_by_one: bool) -> Done:
        transaction = OpenTransaction(lane, session, session is not self._session, one_by_one)
        if session is not None:
            async with lane.savepoint(checks=self._is_tried):
                return await self._do_once(transaction)
        done = await self._do_once(transaction)
        if self._is_tried:
            async with lane.savepoint(checks=True):  # what COMMIT would look at
                return done
        try:
            await lane.commit()
        except ConstraintViolation as violation:
            raise Rejection(violation, done.rows) from violation
        return done

    async def _do_once(self, transaction: OpenTransaction) -> Done:
        """Do what has not been done for the same `Idempotency-Key` before."""
        if self._key is None:
            return await self._work.carry_out(transaction)
        keys, lane = self._pipeline.idempotency_keys, transaction.lane
        fingerprint = fingerprint_of(self._request, self._work.grants)
        known = await keys.claim(lane, self._key, fingerprint)
        if known is not None:
            answer = Answer(known.status, known.body, (*known.headers, REPLAYED))
            await self._work.confirm(transaction, answer)
            return Done(answer, self._work.rows)
        done = await self._work.carry_out(transaction)
        answer = done.answer
        stored = StoredAnswer(answer.status, answer.headers, answer.body)
        await keys.store(lane, self._key, stored)
        return done


class _Tried(Exception):
    """What was only to be tried has been, and is undone."""


class _Attempt(Protocol):
    """Carries some work out, one by one where it is not yet known what is refused."""

    async def __call__(self, *, one_by_one: bool) -> Done: ...


async def _settle(work: Work, lane: Lane, attempt: _Attempt) -> Done:
    """Carry some work out, or explain why it is refused."""
    try:
        return await attempt(one_by_one=False)
    except Rejection as exc:
        rejection = exc
    if work.is_splittable:
        await lane.restart()
        try:
            return await attempt(one_by_one=True)
        except Rejection as alone:
            rejection = _choose(rejection, alone)
    await lane.roll_back()
    raise await work.explain(rejection, lane) from rejection.violation


def _choose(together: Rejection, alone: Rejection) -> Rejection:
    """Of the refusal of many rows and that of one of them, the one that says more.

    Rows that refer to each other may miss their parents alone and not together: for a foreign key,
    all of them are looked at.
    """
    if together.violation.kind is Constraint.FOREIGN_KEY:
        rows = None if isinstance(alone.plan, LinkSet) else alone.plan
        return Rejection(together.violation, together.plan, alone=rows)
    if alone.violation.kind is not Constraint.FOREIGN_KEY:
        return alone
    return Rejection(alone.violation, together.plan, otherwise=together)

"""The one transaction of a writing request, whatever it writes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel.ext.asyncio.session import AsyncSession as ModelSession

from ..encode.structs import always_succeeds
from ..errors import Constraint, ConstraintViolation, RequestError
from ..execute.connect.lane import Lane
from ..execute.connect.savepoint import Undone
from ..execute.explain.constraints import explain
from ..execute.finder import Finder
from ..execute.hooks.committed import run_after_commit
from ..execute.hooks.run import HookRun
from ..execute.idempotency import StoredAnswer
from ..execute.rejection import Rejection
from ..execute.write.context import Check, WriteContext
from ..execute.write.triggers import Rereader
from ..execute.write.writer import carry_out
from ..hooks import Change
from ..plan.writing.answered import tables_answered
from ..plan.writing.assigned import assign
from ..plan.writing.each import WrittenRows
from ..plan.writing.hooked import runs_hooks
from ..plan.writing.links import LinkSet
from ..plan.writing.plans import WritePlan, is_one_statement, is_splittable, rows_of
from ..request.request import Request
from ..respond.answer import REPLAYED, Answer
from .answers import Reply, answer_written
from .echoes import compare_echoes
from .idempotency import fingerprint_of, key_of
from .pipeline import Pipeline, Session


class Write(Struct, frozen=True):
    """What a request asks to write.

    Args:
        plan: What is written.
        reply: What it is answered with.
        check: Looks at the row that the path names before it is changed or removed.
    """

    plan: WritePlan
    reply: Reply
    check: Check | None = None


class _Done(NamedTuple):
    """A write that has not been refused so far.

    Args:
        answer: The answer.
        rows: What was written, by which is explained what only COMMIT refuses.
        changes: What hooks are told once it is committed.
    """

    answer: Answer
    rows: WrittenRows
    changes: Sequence[Change] = ()


async def transact(
    pipeline: Pipeline, write: Write, request: Request, session: Session = None
) -> Answer:
    """Write what a request asks for in one transaction; it is committed when this returns.

    The steps, in the transaction: the `Idempotency-Key` is claimed, the plan is carried out, the
    answer is made, and stored with the key. Then it is committed. What was refused is undone, and
    explained on the connection at hand: others may wait for one.

    Many rows and links are written at once; where one is refused, they are written once more, one
    by one, to find out which. An overridden session may hold what others have done in it, so there
    each try has a savepoint.

    Hooks work with a session. Where what is written has some, the write is done in the transaction
    of one that is opened for it, or of the overridden one.

    Args:
        pipeline: What requests have at hand.
        write: What is written.
        request: The request that asks for it.
        session: The overridden session.

    Returns:
        The answer.

    Raises:
        RequestError: It was refused; nothing is written.
    """
    write = replace(write, plan=assign(write.plan, request.caller))
    transaction = _Transaction(pipeline, write, request, session)
    try:
        if session is not None:
            # What others have done in it before could not be done again.
            return await transaction.attempt()
        return await pipeline.database.retry(transaction.attempt)
    except Rejection as exc:
        # The whole transaction is gone, such as by the COMMIT of a session.
        async with pipeline.database.reading(session, caller=request.caller) as lane:
            error = await transaction.explain(exc, lane)
        raise error from exc.violation


class _Transaction:
    """The transaction of a request, in as many attempts as it takes."""

    def __init__(
        self, pipeline: Pipeline, write: Write, request: Request, session: Session
    ) -> None:
        self._pipeline = pipeline
        self._write = write
        self._request = request
        self._session = session
        self._key = key_of(request)
        self._has_hooks = runs_hooks(pipeline.catalog, write.plan)
        tables = tables_answered(write.plan)
        self._is_answered = bool(tables)
        self._rereader = Rereader(pipeline.database.triggers, pipeline.statements, tables)

    async def attempt(self) -> Answer:
        """Carry it out once.

        Raises:
            Rejection: It was refused when the transaction was gone already.
            RequestError: It was refused.
        """
        if not self._has_hooks:
            return (await self._attempt(self._session)).answer
        session = self._session or self._pipeline.database.session()
        is_own = session is not self._session
        try:
            done = await self._attempt(session)
        except BaseException:
            if is_own:
                await session.close()
            raise
        await self._run_after_commit(done, session, is_own=is_own)
        return done.answer

    async def _run_after_commit(self, done: _Done, session: AsyncSession, *, is_own: bool) -> None:
        tables = self._pipeline.catalog.tables.values()
        hooks = {t.model: t.resource.hooks.after_commit for t in tables if t.resource.hooks}
        await run_after_commit(hooks, done.changes, session, is_own=is_own)

    async def _attempt(self, session: Session) -> _Done:
        """Carry it out once, in the transaction of a session if there is one."""
        rows, one = rows_of(self._write.plan), self._is_one_statement
        database, caller = self._pipeline.database, self._request.caller
        try:
            async with database.writing(session, single=one, caller=caller) as lane:
                done = await self._carry_out(lane, session)
                rows = done.rows
        except ConstraintViolation as violation:
            # It fired at the COMMIT of a session.
            raise Rejection(violation, rows) from violation
        except Undone as undone:
            raise undone.error from undone.error.__cause__
        return done

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain what a constraint has refused."""
        finder = Finder(lane, self._pipeline.statements)
        return await explain(rejection, self._pipeline.catalog, finder)

    @property
    def _is_one_statement(self) -> bool:
        """Whether one statement is all, which needs no transaction: nothing that comes after it may
        fail, since that would have to undo it."""
        write = self._write
        alone = self._key is None and write.check is None and not write.reply.includes
        return (
            alone
            and not self._has_hooks
            and is_one_statement(write.plan)
            and not self._rereader.is_needed
            and always_succeeds(write.reply.table)
        )

    async def _carry_out(self, lane: Lane, session: Session) -> _Done:
        """Write and commit, or explain why it is refused."""
        try:
            return await self._try(lane, session)
        except Rejection as exc:
            rejection = exc
        if is_splittable(self._write.plan):
            await lane.restart()
            try:
                return await self._try(lane, session, one_by_one=True)
            except Rejection as alone:
                rejection = _choose(rejection, alone)
        await lane.roll_back()
        raise await self.explain(rejection, lane) from rejection.violation

    async def _try(self, lane: Lane, session: Session, *, one_by_one: bool = False) -> _Done:
        if session is not None:
            async with lane.savepoint():
                return await self._work_once(lane, session, one_by_one)
        done = await self._work_once(lane, None, one_by_one)
        try:
            await lane.commit()
        except ConstraintViolation as violation:
            raise Rejection(violation, done.rows) from violation
        return done

    async def _work_once(self, lane: Lane, session: Session, one_by_one: bool) -> _Done:
        """Write what has not been written for the same `Idempotency-Key` before."""
        if self._key is None:
            return await self._work(lane, session, one_by_one)
        keys = self._pipeline.idempotency_keys
        fingerprint = fingerprint_of(self._request, self._pipeline.catalog.grants)
        known = await keys.claim(lane, self._key, fingerprint)
        if known is not None:
            answer = Answer(known.status, known.body, (*known.headers, REPLAYED))
            return _Done(answer, rows_of(self._write.plan))
        done = await self._work(lane, session, one_by_one)
        answer = done.answer
        stored = StoredAnswer(answer.status, answer.headers, answer.body)
        await keys.store(lane, self._key, stored)
        return done

    async def _work(self, lane: Lane, session: Session, one_by_one: bool) -> _Done:
        """Write, and make the answer."""
        pipeline, write = self._pipeline, self._write
        hooks = self._begin_hooks(lane, session)
        context = WriteContext(
            lane,
            pipeline.statements,
            pipeline.catalog,
            partial(compare_echoes, pipeline),
            self._request.caller,
            write.check,
            one_by_one,
            hooks,
        )
        written = await carry_out(context, write.plan)
        always = hooks is not None and hooks.ran_statements
        rows = await self._rereader.read(lane, write.reply.table, written.rows, always=always)
        shown = replace(written, rows=rows)
        answer = await answer_written(pipeline, lane, self._request, write.reply, shown)
        return _Done(answer, written.plan, () if hooks is None else hooks.done)

    def _begin_hooks(self, lane: Lane, session: Session) -> HookRun | None:
        if not self._has_hooks or session is None:
            return None
        return HookRun(
            lane,
            self._pipeline.statements,
            cast(ModelSession, session),
            self._request.caller.who,
            is_own=session is not self._session,
            has_triggers=self._rereader.is_needed or not self._is_answered,
        )


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

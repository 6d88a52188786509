"""Writes: a piece of work in one transaction, whose refusal is explained."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import Table as SQLTable

from ..catalog.tables import Catalog
from ..encode.structs import always_succeeds
from ..errors import Constraint, ConstraintViolation, RequestError
from ..execute.connect.lane import Lane
from ..execute.connect.savepoint import Undone
from ..execute.database import Database
from ..execute.explain.constraints import explain
from ..execute.finder import Finder
from ..execute.idempotency import IdempotencyKeys
from ..execute.write.rejection import Rejection
from ..execute.write.triggers import Rereader
from ..execute.write.update import Updater
from ..plan.writing.answered import tables_answered
from ..plan.writing.each import Planned, RowPlan
from ..plan.writing.links import LinkSet
from ..plan.writing.upsert import UpsertPlan
from ..request.request import Request
from ..respond.answer import Answer
from .echoes import look_for_echoes
from .idempotency import do_once, key_of
from .stages import Session, Stages, Work


class Transactions(Stages):
    """Does what writing requests ask for: all of it, or nothing."""

    def __init__(self, catalog: Catalog, database: Database, *, conflict_status: int = 400) -> None:
        super().__init__(catalog, database, conflict_status=conflict_status)
        self._keys = IdempotencyKeys(database.engine.dialect, database.settings)

    def updater(self, lane: Lane, *, singly: bool = False) -> Updater:
        """What changes rows on a lane."""
        look = look_for_echoes(self.catalog, self.includes, lane)
        return Updater(lane, self.statements, look, singly=singly)

    def rereader(self, *plans: Planned, link: SQLTable | None = None) -> Rereader:
        """What reads the rows of some plans again before they are answered, if need be.

        Args:
            plans: How they are written.
            link: A table of links that is written as well.
        """
        tables = tables_answered(plans) | ({link} if link is not None else frozenset())
        return Rereader(self.database.triggers, self.statements, tables)

    async def write(
        self,
        plan: RowPlan,
        request: Request,
        session: Session,
        work: Work,
        *,
        single: bool = False,
        together: bool = True,
        found: Callable[[], RowPlan] | None = None,
    ) -> Answer:
        """Do some work in one transaction; it is committed when this returns.

        Many rows and links are written at once; where one is refused, they are written once more,
        one by one, to find out which. What was refused is undone, and explained on the connection
        at hand: others may wait for one. A session in force may hold what others have done in it,
        so there each try has a savepoint. With an `Idempotency-Key`, the key and the answer are
        stored in the same transaction.

        Args:
            plan: What is to be written.
            request: The request that asks for it.
            session: The session in force.
            work: Writes it, and makes the answer.
            single: Whether the work is one statement; it needs no transaction then, as long as the
                answer can't fail.
            together: Whether the rows are written all or none.
            found: What the work has written, where the plan can't say that: by it is explained what
                only COMMIT refuses.

        Returns:
            The answer.

        Raises:
            RequestError: It was refused; nothing is written.
        """
        # An upsert may meet a row that is just being stored at another unique key than its own: it
        # is there to be found the second time.
        again = plan.has_parts or isinstance(plan, UpsertPlan)
        many, key = together and again, key_of(request)
        # What may fail once the rows are written must undo them.
        single = single and always_succeeds(plan.table)
        if session is not None:
            work = _in_savepoint(work, many=many)
        if key is not None:
            work, single = do_once(work, self._keys, key, request), False
        written = found or (lambda: plan)
        try:
            return await self._attempt(written, session, work, single=single, many=many)
        except Rejection as exc:
            # The whole transaction is gone, such as by the COMMIT of a session.
            async with self.database.reading(session) as lane:
                error = await self.explain(exc, lane)
            raise error from exc.violation

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain what a constraint has refused."""
        return await explain(rejection, self.catalog, Finder(lane, self.statements))

    def _attempt(
        self,
        written: Callable[[], RowPlan],
        session: Session,
        work: Work,
        *,
        single: bool,
        many: bool,
    ) -> Awaitable[Answer]:
        async def attempt() -> Answer:
            try:
                async with self.database.writing(session, single=single) as lane:
                    return await self._carry_out(lane, work, written, many=many)
            except ConstraintViolation as violation:
                # It fired at the COMMIT of a session.
                raise Rejection(violation, written()) from violation
            except Undone as undone:
                raise undone.error from undone.error.__cause__

        if session is not None:
            # What others have done in it before could not be done again.
            return attempt()
        return self.database.retry(attempt)

    async def _carry_out(
        self, lane: Lane, work: Work, written: Callable[[], RowPlan], *, many: bool
    ) -> Answer:
        """Do some work and commit it, or explain why it is refused."""
        try:
            return await _do(lane, work, written, singly=False)
        except Rejection as exc:
            rejection = exc
        if many and await lane.restart():
            try:
                return await _do(lane, work, written, singly=True)
            except Rejection as alone:
                rejection = _choose(rejection, alone)
        await lane.roll_back()
        raise await self.explain(rejection, lane) from rejection.violation


async def _do(lane: Lane, work: Work, written: Callable[[], RowPlan], *, singly: bool) -> Answer:
    """Do some work and commit it."""
    answer = await work(lane, singly)
    try:
        await lane.commit()
    except ConstraintViolation as violation:
        raise Rejection(violation, written()) from violation
    return answer


def _in_savepoint(work: Work, *, many: bool) -> Work:
    """Some work of which only it is undone where it is refused; done anew if it is on many rows."""

    async def attempt(lane: Lane, _singly: bool) -> Answer:
        try:
            async with lane.savepoint():
                return await work(lane, False)
        except Rejection as exc:
            together = exc
        if not many:
            raise together
        try:
            async with lane.savepoint():
                return await work(lane, True)
        except Rejection as alone:
            raise _choose(together, alone) from alone

    return attempt


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

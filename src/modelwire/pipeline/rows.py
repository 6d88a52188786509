"""The rows of a bulk request: all of them written or none, or each for itself."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from ..catalog.tables import Table
from ..errors import ConstraintViolation, InvalidRequest, RequestError
from ..execute.connect.lane import Lane, Row
from ..execute.failure import describe_failure
from ..execute.write.rejection import Rejection
from ..execute.write.triggers import Rereader
from ..observe.exchange import CURRENT
from ..plan.writing.batches import Batch, read_batch, repeated_key
from ..plan.writing.each import Planned, RowPlan, join_planned, plan_each
from ..plan.writing.options import BulkOptions
from ..request.request import Request
from ..respond.answer import Answer, answer_deleted, answer_rows
from ..respond.links import Headers
from ..respond.outcomes import Outcome, Statuses, answer_each
from ..respond.statuses import is_server_error
from ..shape.reads import SelectShape
from .encoding import encode_each, encode_rows
from .stages import Session, parse_body, wants_minimal
from .transactions import Transactions

logger = logging.getLogger("modelwire")


class RowWork(Struct, frozen=True):
    """What a bulk request does.

    Args:
        table: The resource.
        options: How its rows are written.
        plan: Plans some of them.
        write: Carries such a plan out, all rows at once or one by one; gives the rows as they are
            then, or none where they are gone.
        status: The status where all is well.
        applied: Headers that name the preferences that are honoured.
        noun: What the body is an array of.
        found: What was written, where a plan does not say it all.
    """

    table: Table
    options: BulkOptions
    plan: Callable[[Batch], RowPlan]
    write: Callable[[Lane, Any, bool], Awaitable[list[Row]]]
    status: int
    applied: Headers = ()
    noun: str = "rows"
    found: Callable[[], RowPlan | None] = lambda: None


class Rows(Transactions):
    """Writes the rows of bulk requests."""

    async def write_rows(self, request: Request, session: Session, work: RowWork) -> Answer:
        """Write the rows of a bulk request.

        Args:
            request: The request.
            session: The session in force.
            work: What it does.

        Returns:
            The answer.

        Raises:
            RequestError: It was refused; nothing is written.
        """
        batch = read_batch(work.table, parse_body(request), work.noun)
        if not work.options.atomic:
            return await self._write_each(request, session, work, batch)
        plan = work.plan(batch)
        rereader = self.rereader(plan)

        async def write(lane: Lane, singly: bool) -> Answer:
            written = await work.write(lane, plan, singly)
            rows = await rereader.read(lane, work.table, written)
            return await self._answer_rows(lane, request, work, rows)

        single = plan.is_single and not (work.options.includes or rereader.is_needed)
        return await self.write(
            plan, request, session, write, single=single, found=lambda: work.found() or plan
        )

    async def _answer_rows(
        self, lane: Lane, request: Request, work: RowWork, rows: Sequence[Row]
    ) -> Answer:
        if work.status == 204:
            return answer_deleted()
        includes = work.options.includes
        branches = await self.includes.read(lane, SelectShape(work.table), rows, includes)
        body = encode_rows(SelectShape(work.table), rows, branches, includes)
        minimal = wants_minimal(request)
        return answer_rows(body, status=work.status, minimal=minimal, applied=work.applied)

    async def _write_each(
        self, request: Request, session: Session, work: RowWork, batch: Batch
    ) -> Answer:
        """Write each row in a savepoint of one transaction; what was refused is undone alone."""
        planned = plan_each(batch, work.plan)
        rereader = self.rereader(*planned)

        async def write(lane: Lane, _singly: bool) -> Answer:
            seen: set[Row] = set()
            results = [await self._write_one(lane, work, plan, seen) for plan in planned]
            return await self._answer_each(lane, request, work, results, rereader)

        whole = join_planned(work.table, planned)
        return await self.write(whole, request, session, write, together=False)

    async def _write_one(
        self, lane: Lane, work: RowWork, plan: Planned, seen: set[Row]
    ) -> list[Row] | RequestError:
        """Write one row; gives what is then there, or what is wrong with it.

        Raises:
            RequestError: It is nothing that the row could be at fault for.
        """
        if isinstance(plan, RequestError):
            return plan
        try:
            async with lane.savepoint(checks=True):
                rows = await work.write(lane, plan, False)
                _check_new(work.table, plan, rows, seen)
        except Rejection as exc:
            rejection = exc
        except ConstraintViolation as violation:
            rejection = Rejection(violation, plan)
        except RequestError as error:
            if is_server_error(error.code):
                raise
            return error
        else:
            return rows
        refused = await self.explain(rejection, lane)
        refused.__cause__ = rejection.violation
        return refused

    async def _answer_each(
        self,
        lane: Lane,
        request: Request,
        work: RowWork,
        results: Sequence[list[Row] | RequestError],
        rereader: Rereader,
    ) -> Answer:
        includes = work.options.includes
        kept = [result for result in results if not isinstance(result, RequestError)]
        rows = await rereader.read(lane, work.table, [row for result in kept for row in result])
        branches = await self.includes.read(lane, SelectShape(work.table), rows, includes)
        shown = iter(encode_each(work.table, rows, branches, includes))
        outcomes: list[Outcome] = []
        for result in results:
            if isinstance(result, RequestError):
                _log(result)
                outcomes.append(result)
            else:
                outcomes.append(next(shown) if result else None)
        statuses = Statuses(work.status, self.conflict_status)
        minimal = wants_minimal(request)
        return answer_each(outcomes, statuses, minimal=minimal, applied=work.applied)


def _check_new(table: Table, plan: RowPlan, rows: Sequence[Row], seen: set[Row]) -> None:
    """Refuse a row that is one before it, whose key is the same to the database only."""
    for row, given in zip(rows, plan.rows, strict=False):
        key = table.values_of(row, table.key_columns)
        if key in seen:
            raise InvalidRequest(repeated_key(given.pointer))
        seen.add(key)


def _log(error: RequestError) -> None:
    """Log what the client is not told of a row that the database has refused."""
    cause, exchange = error.__cause__, CURRENT.get()
    if cause is not None:
        place = error.violations[0].pointer if error.violations else None
        request_id = exchange.request_id if exchange else None
        failure = describe_failure(cause)
        logger.info("%s at %s, request %s: %s", error.code, place, request_id, failure)

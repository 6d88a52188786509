"""Write of one request."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import cast

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from ..encode.structs import always_succeeds
from ..errors import RequestError
from ..execute.connect.lane import Lane
from ..execute.explain.constraints import by_table
from ..execute.explain.references import find_broken
from ..execute.finder import Finder
from ..execute.hooks.run import HookRun
from ..execute.rejection import Rejection
from ..execute.write.context import Check, WriteContext, Written
from ..execute.write.permission import explain_allowed
from ..execute.write.triggers import reread
from ..execute.write.writer import carry_out
from ..plan.writing.each import WrittenRows
from ..plan.writing.plans import WritePlan, rows_of, runs_hooks, tables_answered
from ..request.request import Request
from ..respond.answer import Answer
from .answers import Reply, answer_written
from .echoes import compare_echoes
from .pipeline import Pipeline
from .work import Done, OpenTransaction


class Write(Struct, frozen=True):
    """Write of a request.

    Args:
        plan: The plan of the write.
        reply: The kind of response.
        check: Checks the row that the path names before it is changed or deleted.
    """

    plan: WritePlan
    reply: Reply
    check: Check | None = None


class WriteWork:
    """Work of one write.

    Args:
        pipeline: The pipeline.
        write: The write.
        request: The request.
    """

    def __init__(self, pipeline: Pipeline, write: Write, request: Request) -> None:
        self._pipeline = pipeline
        self._write = write
        self._request = request
        plan, database = write.plan, pipeline.database
        self.needs_session = pipeline.catalog.has_hooks and runs_hooks(pipeline.catalog, plan)
        self._tables = tables_answered(plan)
        self._has_triggers = database.triggers.find(self._tables)

    @property
    def rows(self) -> WrittenRows:
        """Rows of the request."""
        return rows_of(self._write.plan)

    @property
    def is_one_statement(self) -> bool:
        """Whether the work is a single statement, which needs no transaction.

        Nothing after it may fail, since it could not be rolled back.
        """
        reply = self._write.reply
        return (
            self._has_triggers is False
            and self._write.check is None
            and not (self.needs_session or reply.includes or reply.table.computed)
            and self._write.plan.is_one_statement
            and always_succeeds(reply.table)
        )

    @property
    def is_splittable(self) -> bool:
        """Whether the work can be done row by row."""
        return self._write.plan.is_splittable

    @property
    def grants(self) -> Collection[str]:
        """Attributes of the caller that decide about fields."""
        return self._pipeline.catalog.grants

    async def carry_out(self, transaction: OpenTransaction) -> Done:
        """Write, and make the answer."""
        pipeline, write, lane = self._pipeline, self._write, transaction.lane
        hooks = self._begin_hooks(transaction) if self.needs_session else None
        context = WriteContext(
            lane,
            pipeline.statements,
            pipeline.catalog,
            partial(compare_echoes, pipeline),
            self._request.caller,
            write.check,
            transaction.one_by_one,
            hooks,
        )
        written = await carry_out(context, write.plan)
        if self._has_triggers is not False or hooks is not None or write.reply.table.computed:
            written = await self._reread(lane, hooks, written)
        answer = await answer_written(pipeline, lane, self._request, write.reply, written)
        return Done(answer, written.plan, () if hooks is None else hooks.done)

    async def _reread(self, lane: Lane, hooks: HookRun | None, written: Written) -> Written:
        """Return the written rows as stored now, if they may have changed since."""
        table, pipeline = self._write.reply.table, self._pipeline
        if not written.rows:
            return written
        if not (table.computed or (hooks is not None and hooks.ran_statements)):
            if self._has_triggers is None:
                self._has_triggers = await pipeline.database.triggers.look(lane, self._tables)
            if not self._has_triggers:
                return written
        rows = await reread(lane, pipeline.statements, table, written.rows)
        return replace(written, rows=rows)

    async def confirm(self, transaction: OpenTransaction, answer: Answer) -> None:
        """Do nothing: the dependencies of the request have run."""

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain a constraint violation."""
        finder = Finder(lane, self._pipeline.statements)
        return await explain_allowed(rejection, self._pipeline.catalog, finder)

    async def find_broken(self, rows: WrittenRows, lane: Lane) -> RequestError | None:
        """Find a written row that violates a foreign key."""
        finder = Finder(lane, self._pipeline.statements)
        return await find_broken(by_table(rows), self._pipeline.catalog, finder)

    def _begin_hooks(self, transaction: OpenTransaction) -> HookRun | None:
        if transaction.session is None:
            return None
        return HookRun(
            transaction.lane,
            self._pipeline.statements,
            cast(AsyncSession, transaction.session),
            self._request.caller.who,
            is_own=transaction.is_own,
            has_triggers=self._has_triggers is not False or not self._tables,
        )

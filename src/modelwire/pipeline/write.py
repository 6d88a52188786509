"""What one request writes."""

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
from ..execute.explain.constraints import explain
from ..execute.finder import Finder
from ..execute.hooks.run import HookRun
from ..execute.rejection import Rejection
from ..execute.write.context import Check, WriteContext
from ..execute.write.triggers import Rereader
from ..execute.write.writer import carry_out
from ..plan.writing.each import WrittenRows
from ..plan.writing.plans import (
    WritePlan,
    is_one_statement,
    is_splittable,
    rows_of,
    runs_hooks,
    tables_answered,
)
from ..request.request import Request
from ..respond.answer import Answer
from .answers import Reply, answer_written
from .echoes import compare_echoes
from .pipeline import Pipeline
from .work import Done, OpenTransaction


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


class WriteWork:
    """What one request writes.

    Args:
        pipeline: What requests have at hand.
        write: What is written.
        request: The request.
    """

    def __init__(self, pipeline: Pipeline, write: Write, request: Request) -> None:
        self._pipeline = pipeline
        self._write = write
        self._request = request
        self.needs_session = runs_hooks(pipeline.catalog, write.plan)
        tables = tables_answered(write.plan)
        self._is_answered = bool(tables)
        self._rereader = Rereader(pipeline.database.triggers, pipeline.statements, tables)

    @property
    def rows(self) -> WrittenRows:
        """The rows that it names."""
        return rows_of(self._write.plan)

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement is all, which needs no transaction: nothing that comes after it may
        fail, since that would have to undo it."""
        write = self._write
        return (
            write.check is None
            and not (write.reply.includes or write.reply.table.computed)
            and not self.needs_session
            and is_one_statement(write.plan)
            and not self._rereader.is_needed
            and always_succeeds(write.reply.table)
        )

    @property
    def is_splittable(self) -> bool:
        """Whether it can be done row by row."""
        return is_splittable(self._write.plan)

    @property
    def grants(self) -> Collection[str]:
        """The attributes of the caller that decide about fields."""
        return self._pipeline.catalog.grants

    async def carry_out(self, transaction: OpenTransaction) -> Done:
        """Write, and make the answer."""
        pipeline, write, lane = self._pipeline, self._write, transaction.lane
        hooks = self._begin_hooks(transaction)
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
        always = hooks is not None and hooks.ran_statements
        rows = await self._rereader.read(lane, write.reply.table, written.rows, always=always)
        shown = replace(written, rows=rows)
        answer = await answer_written(pipeline, lane, self._request, write.reply, shown)
        return Done(answer, written.plan, () if hooks is None else hooks.done)

    async def confirm(self, transaction: OpenTransaction, answer: Answer) -> None:
        """Nothing stands against it: what guards the request has been asked."""

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain what a constraint has refused."""
        finder = Finder(lane, self._pipeline.statements)
        return await explain(rejection, self._pipeline.catalog, finder)

    def _begin_hooks(self, transaction: OpenTransaction) -> HookRun | None:
        if not self.needs_session or transaction.session is None:
            return None
        return HookRun(
            transaction.lane,
            self._pipeline.statements,
            cast(AsyncSession, transaction.session),
            self._request.caller.who,
            is_own=transaction.is_own,
            has_triggers=self._rereader.is_needed or not self._is_answered,
        )

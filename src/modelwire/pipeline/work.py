"""Work of a transaction: the write of one request, or the requests of a batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from msgspec import Struct, field
from sqlalchemy.ext.asyncio import AsyncSession

from ..access.principal import Principal
from ..errors import RequestError
from ..execute.connect.lane import Lane
from ..execute.connect.part_lane import PartLane
from ..execute.hooks.committed import Committed
from ..execute.rejection import Rejection
from ..plan.writing.each import WrittenRows
from ..respond.answer import Answer


class Done(Struct, frozen=True):
    """Result of work that has not been refused so far.

    Args:
        answer: The answer.
        rows: The written rows, by which an error of COMMIT is explained.
        committed: The hooks to call once it is committed.
    """

    answer: Answer
    rows: WrittenRows | None
    committed: Sequence[Committed] = ()


class Work(Protocol):
    """Work of a transaction, carried out in as many attempts as it takes."""

    @property
    def rows(self) -> WrittenRows | None:
        """Rows of the request, by which an error of COMMIT is explained."""

    @property
    def needs_session(self) -> bool:
        """Whether it has to be done in the transaction of a session."""

    @property
    def is_one_statement(self) -> bool:
        """Whether it is a single statement, which needs no transaction."""

    @property
    def is_splittable(self) -> bool:
        """Whether it can be done one by one, to find out which part is refused."""

    @property
    def grants(self) -> Collection[str]:
        """Attributes of the caller that decide about fields."""

    async def carry_out(self, transaction: OpenTransaction) -> Done:
        """Make one attempt.

        Raises:
            RequestError: The work was refused.
            Rejection: A constraint fired.
        """

    async def confirm(self, transaction: OpenTransaction, answer: Answer) -> None:
        """Check that a stored answer may be repeated.

        Raises:
            RequestError: It may not.
        """

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain a constraint violation."""


class RowWork(Work, Protocol):
    """Write of one request, which may be a part of a transaction."""

    async def find_broken(self, rows: WrittenRows, lane: Lane) -> RequestError | None:
        """Find a written row that violates a foreign key in the present state of the database.

        SQLite checks deferred foreign keys only at COMMIT, and does not name the row.
        """


class OpenTransaction(Struct, eq=False):
    """Open transaction, for the work that is carried out in it.

    Args:
        lane: Its lane.
        session: The session with the transaction; None on a connection of its own.
        is_own: Whether the session is used by nothing else.
        one_by_one: Whether rejected work is repeated one by one, to find out which part is refused.
        checks: Whether deferred constraints are checked at the end of the current part.
        done: The results of its parts so far.
    """

    lane: Lane
    session: AsyncSession | None = None
    is_own: bool = False
    one_by_one: bool = False
    checks: bool = False
    done: list[tuple[RowWork, Done]] = field(default_factory=list)

    def share(self) -> OpenTransaction:
        """Return the transaction for requests that become parts of it."""
        return OpenTransaction(PartLane(self.lane), self.session, self.is_own, self.one_by_one)

    @asynccontextmanager
    async def reading(self, caller: Principal) -> AsyncIterator[Lane]:
        """Take its lane for statements that change nothing, and that clients may have composed.

        Args:
            caller: The caller.
        """
        self.lane.caller = caller
        yield PartLane(self.lane, composed=True)

"""What a transaction carries out: what one request writes, or what several do together."""

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
    """What was carried out and has not been refused so far.

    Args:
        answer: The answer.
        rows: What was written, by which is explained what only COMMIT refuses.
        committed: What hooks are told once it is committed.
    """

    answer: Answer
    rows: WrittenRows | None
    committed: Sequence[Committed] = ()


class Work(Protocol):
    """What a transaction carries out, in as many attempts as it takes."""

    @property
    def rows(self) -> WrittenRows | None:
        """The rows that it names, by which is explained what only COMMIT refuses."""

    @property
    def needs_session(self) -> bool:
        """Whether it has to be done in the transaction of a session."""

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement is all, which needs no transaction."""

    @property
    def is_splittable(self) -> bool:
        """Whether it can be done one by one, to find out what is refused."""

    @property
    def grants(self) -> Collection[str]:
        """The attributes of the caller that decide about fields."""

    async def carry_out(self, transaction: OpenTransaction) -> Done:
        """Carry it out once.

        Raises:
            RequestError: It was refused.
            Rejection: A constraint fired.
        """

    async def confirm(self, transaction: OpenTransaction, answer: Answer) -> None:
        """Look whether it may be answered as it was before.

        Raises:
            RequestError: It may not.
        """

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain what a constraint has refused."""


class OpenTransaction(Struct, eq=False):
    """A transaction that is open, as what is carried out in it finds it.

    Args:
        lane: Its lane.
        session: The session whose transaction it is; None on a connection of its own.
        is_own: Whether the session is nobody else's.
        one_by_one: Whether what was refused all at once is tried one by one, so that it is known
            what was refused.
        done: What its parts have done so far.
    """

    lane: Lane
    session: AsyncSession | None = None
    is_own: bool = False
    one_by_one: bool = False
    done: list[tuple[Work, Done]] = field(default_factory=list)

    def share(self) -> OpenTransaction:
        """The same, for requests that become parts of it."""
        return OpenTransaction(PartLane(self.lane), self.session, self.is_own, self.one_by_one)

    @asynccontextmanager
    async def reading(self, caller: Principal) -> AsyncIterator[Lane]:
        """Take its lane for statements that change nothing, and that clients may have composed.

        Args:
            caller: Who asks.
        """
        self.lane.caller = caller
        yield PartLane(self.lane, composed=True)

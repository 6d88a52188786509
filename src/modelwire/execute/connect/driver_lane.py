"""Driver lane: compiled SQL on the driver's own connection, from SQLAlchemy's pool."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, Self, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from ...access.principal import ANYONE, Principal
from ...compat.sqlalchemy import PooledConnection
from ...errors import ConstraintViolation, ModelwireError, Outdated, TimedOut, UnknownOutcome
from ...observe.exchange import CURRENT, count_retry
from ...statement.changes import STAMPS
from ...statement.compiled import Compiled
from ...statement.statements import Statement, Values
from ..faults.translate import (
    DRIVER_ERRORS,
    REFUSALS,
    is_unsent,
    refuse_value,
    refuses_writes,
    translate,
    translate_commit,
)
from .pool import FairPool
from .savepoint import Savepoint, TextPart
from .slots import Claim, Slots

T = TypeVar("T")

Row = Sequence[Any]

RECOVERY_S = 0.5
"""Seconds that a request waits for the rollback of an abandoned statement.

The connection is not used again before the rollback is done, however long that takes.
"""


class Noting(Protocol):
    """Interface of the log of changes for the lane's own connections."""

    async def prepare(self, raw: Any, caller: Principal) -> None:
        """Have a connection log its changes, before a transaction."""

    def tell_committed(self) -> None:
        """Notify the waiters for changes that there may be some."""

    def write_stamp(self, caller: Principal) -> str:
        """Write SQL that states the origin of a transaction; empty if none is needed."""

    def find_stamp(self, caller: Principal) -> Values | None:
        """Return the parameters of a statement that stamps itself; None if none needs to."""


class DriverLane(ABC):
    """Lane on a connection of the engine's pool, held for as long as its block runs.

    If a connection from the pool turns out to be dead, a first statement on it, which is BEGIN or
    one outside of a transaction, is sent once more on a fresh connection, provided that it was not
    sent, or may be sent twice.

    Args:
        engine: The engine, which logs every statement if the setting `echo` is on.
        writes: Whether statements change anything.
        transaction: Whether they form one transaction, committed at the end of the block; otherwise
            each is committed by itself.
        slots: The slots for long reads.
        claim: The lane's claim to a slot, if it reads what a client has composed.
        caller: The caller of its statements.
        changes: The log of changes, where there is one.

    Attributes:
        caller: The same.
        connection: The driver's own connection, once it was taken.
        begin_text: The SQL that begins a transaction.
        undo_text: The SQL that rolls one back, and may begin the next.
        defers_checks: Whether deferred constraints can be checked before COMMIT.
        joins_texts: Whether the driver sends several statements in one round trip.
        may_be_behind_pooler: Whether each transaction may get another connection, so that
            statements that belong together need a transaction.
        abandoned: Whether a statement was abandoned, and may still be running.
        is_outdated: Whether the connection is read-only, while a new one might not be.
    """

    begin_text = "BEGIN"
    undo_text = "ROLLBACK AND CHAIN"
    defers_checks = True
    joins_texts = True
    may_be_behind_pooler = True

    connection: Any
    _pooled: PooledConnection

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        writes: bool,
        transaction: bool,
        slots: Slots,
        claim: Claim | None = None,
        caller: Principal = ANYONE,
        changes: Noting | None = None,
    ) -> None:
        self.caller = caller
        self._changes = changes if writes else None
        self.abandoned = False
        self.is_outdated = False
        self._pool = cast("FairPool", engine.sync_engine.pool)
        self._writes = writes
        self._transaction = transaction
        self._slots = slots
        self._claim = claim
        self._log = engine.sync_engine.logger

    async def __aenter__(self) -> Self:
        claim = self._claim
        if claim is not None and not claim.is_quick:
            await claim.begin()
        try:
            self._pooled = await self._pool.take()
            self.connection = self._pooled.driver_connection
            if self._changes is not None or self._transaction:
                await self._open(self._changes)
        except BaseException as exc:
            if claim is not None:
                claim.end(exc)
            raise
        return self

    async def __aexit__(self, _cls: Any, error: BaseException | None, _traceback: Any) -> None:
        try:
            if self._transaction:
                await self._close(error)
            if error is None and self._changes is not None:
                self._changes.tell_committed()
            # Statements outside of a transaction leave nothing open.
            if error is None and not self.abandoned and (not self._transaction or self.is_idle):
                self._pooled.close()
            else:
                await self._leave(error)
        finally:
            if self._claim is not None:
                self._claim.end(error)

    async def _open(self, changes: Noting | None) -> None:
        """Prepare the connection for a write, and begin the transaction."""
        try:
            if changes is not None:
                await self._prepare(changes)
            if self._transaction:
                await self._begin(self.begin_text, first=True)
        except BaseException as exc:
            await self._leave(exc)
            raise

    async def _close(self, error: BaseException | None) -> None:
        """End the transaction."""
        try:
            if error is None:
                await self._commit()
            elif isinstance(error, Exception):
                await self._roll_back()
        except BaseException as exc:
            await self._leave(exc)
            raise

    async def _prepare(self, changes: Noting) -> None:
        """Have the writes of the connection logged."""
        try:
            await changes.prepare(self.connection, self.caller)
        except DRIVER_ERRORS as exc:
            raise translate(exc) from exc

    async def _leave(self, error: BaseException | None) -> None:
        if not self.abandoned and (error is None or isinstance(error, Exception)):
            if self.is_idle and not self.is_outdated:
                self._pooled.close()
            elif self.is_open and not self.is_idle:
                await self._pool.discard(self._pooled)
            else:
                self._pool.forget(self._pooled)
            return
        # A statement may still be running. It is rolled back before the connection is used again,
        # even if this task is cancelled once more, or does not wait for that.
        recovery = asyncio.ensure_future(self._recover())
        _recoveries.add(recovery)
        recovery.add_done_callback(_recoveries.discard)
        await asyncio.wait([recovery], timeout=RECOVERY_S)

    async def _recover(self) -> None:
        try:
            await self.undo()
        except DRIVER_ERRORS:
            await self._pool.discard(self._pooled)
        else:
            self._pooled.close()

    async def fetch(
        self, statement: Statement, values: Values, claim: Claim | None = None
    ) -> Sequence[Row]:
        """Run a statement and read its rows."""
        claim = claim or self._claim
        compiled, prepared = statement.compiled, statement.bind(values, self.caller)
        if self._changes is not None and not self._transaction:
            compiled, prepared = self._stamp(self._changes, statement, prepared)
        try:
            bound = compiled.bind(prepared)
        except REFUSALS as exc:
            raise refuse_value() from exc
        if self._log.isEnabledFor(logging.INFO):
            self._log.info(compiled.text)
            self._log.info("%r", bound)
        alone, text = not self._transaction, compiled.text
        commits = alone and self._writes
        try:
            sent = await self._send(self.run, text, bound, claim, commits=commits, first=alone)
            rows = compiled.decode(sent) if compiled.decoders else sent
            if statement.origin is not None and rows is not sent:
                statement.origin.report(rows, compiled.converted)
            if compiled is not statement.compiled:
                rows = [row[:-STAMPS] for row in rows]
        except ConstraintViolation:
            raise
        except Exception as exc:
            return await self._fetch_after(exc, statement, values, claim)
        return rows

    async def _fetch_after(
        self, error: Exception, statement: Statement, values: Values, claim: Claim | None
    ) -> Sequence[Row]:
        """Retry a statement in a lenient form, if a value has made it fail."""
        if isinstance(error, TimedOut) and claim is not None and claim.is_refused:
            raise claim.refusal() from error.__cause__
        lenient = statement.after(error)
        if lenient is None:
            raise error
        return await self.fetch(lenient, values, claim)

    def _stamp(
        self, changes: Noting, statement: Statement, bound: Values
    ) -> tuple[Compiled, Values]:
        """Return the statement with the origin of its write, if it stamps itself."""
        stamp, stamped = changes.find_stamp(self.caller), statement.stamped
        if stamp is None or stamped is None:
            return statement.compiled, bound
        return stamped, {**bound, **stamp}

    async def search(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement that a client has composed, and read its rows."""
        if self._claim is not None:
            return await self.fetch(statement, values)
        with self._slots.claim() as claim:
            return await self.fetch(statement, values, claim)

    async def commit(self) -> None:
        """Commit the transaction now; nothing follows."""
        if self._transaction:
            await self._commit()
            self._transaction = False

    async def restart(self) -> None:
        """Roll back the transaction, if any, and begin another one."""
        if self.in_transaction:
            await self._begin(self.undo_text)
        if not self.in_transaction:
            await self._begin(self.begin_text)
        self._transaction = True

    async def roll_back(self) -> None:
        """Roll back the transaction. Only reads follow."""
        self._writes = False
        if self._transaction and self.may_be_behind_pooler:
            # Behind PgBouncer, statements that belong together need a transaction.
            await self.restart()
        elif self.in_transaction:
            await self._send(self.control, self.undo_text)

    async def _commit(self) -> None:
        """Commit the transaction, and roll it back if COMMIT fails.

        Raises:
            UnknownOutcome: The server did not answer.
        """
        try:
            await self._send(self.control, "COMMIT", commits=True)
        except UnknownOutcome:
            raise
        except ModelwireError:
            await self._roll_back()
            raise

    async def _roll_back(self) -> None:
        """Roll back the transaction, unless the server has ended it itself.

        If that fails, the connection is closed, which rolls the transaction back.
        """
        if self.is_open and not self.abandoned and self.in_transaction:
            with suppress(ModelwireError):
                await self._send(self.control, "ROLLBACK")

    def savepoint(self, *, checks: bool = False) -> Savepoint:
        """Begin a savepoint, to which an error rolls back."""
        return Savepoint(TextPart(self._control_part), checks=checks and self.defers_checks)

    async def _control_part(self, *texts: str) -> None:
        for text in [";".join(texts)] if self.joins_texts else texts:
            await self._send(self.control, text)

    async def _begin(self, text: str, *, first: bool = False) -> None:
        """Begin a transaction, and state its origin."""
        stamp = "" if self._changes is None else self._changes.write_stamp(self.caller)
        if not stamp:
            await self._send(self.control, text, first=first)
            return

        def control(text: str) -> Awaitable[object]:
            return self.control(f"{text};{stamp}")

        await self._send(control, text, first=first)

    async def _send(
        self,
        run: Callable[..., Awaitable[T]],
        text: str,
        *values: Any,
        commits: bool = False,
        first: bool = False,
    ) -> T:
        """Run SQL text; raise `UnknownOutcome` if it may or may not have committed."""
        exchange = CURRENT.get()
        try:
            answer = run(text, *values)
            return await (answer if exchange is None else exchange.measure(text, answer))
        except asyncio.CancelledError as exc:
            self.abandoned = True
            if commits:
                raise UnknownOutcome() from exc
            raise
        except DRIVER_ERRORS as exc:
            refusal = translate(exc)
            if isinstance(refusal, ConstraintViolation):
                raise refusal from exc  # the server has answered
            self.abandoned = isinstance(exc, TimeoutError)
            if refuses_writes(exc) and self.connection.may_be_outdated:
                self.is_outdated = True
                raise Outdated() from exc
            unharmed = is_unsent(exc) or not (commits or self.is_open)
            if self.abandoned or not (first and unharmed):
                raise (translate_commit(exc) if commits else refusal) from exc
        count_retry()
        await self._pool.reopen(self._pooled)
        self.connection = self._pooled.driver_connection
        return await self._send(run, text, *values, commits=commits)

    @abstractmethod
    def run(
        self, text: str, values: Sequence[Any], claim: Claim | None
    ) -> Awaitable[Sequence[Row]]:
        """Run SQL text as it is, with a claim to a slot if a client has composed it."""

    @abstractmethod
    def control(self, text: str) -> Awaitable[object]:
        """Run SQL text that begins or ends a transaction."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the connection is usable."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open, once no statement is running."""

    @property
    @abstractmethod
    def is_idle(self) -> bool:
        """Whether the connection is usable, and no transaction is open."""

    @abstractmethod
    async def undo(self) -> None:
        """Roll back what an abandoned statement has begun.

        Raises:
            OSError: The connection is no longer usable.
        """


_recoveries: set[asyncio.Future[None]] = set()

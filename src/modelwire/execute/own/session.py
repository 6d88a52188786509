"""The session of a caller: what it reads and writes is what the policies say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn

from sqlalchemy import Delete, Result, TextClause, Update, event
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession
from sqlalchemy.orm import ORMExecuteState, UOWTransaction
from sqlmodel.ext.asyncio.session import AsyncSession

from ...errors import ConfigurationError
from ...statement.guard import ASKING, Asking
from ..connect.session import EagerSession
from .flush import FlushCheck
from .mass import change_rows
from .ward import Ward


class CallerSession(EagerSession):
    """A session under the policies of a caller.

    Args:
        ward: The caller.

    Attributes:
        ward: The same.
    """

    def __init__(self, *args: Any, ward: Ward, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ward = ward
        self._flush_check: FlushCheck | None = None

    @contextmanager
    def running(self, asking: Asking) -> Iterator[None]:
        """Have the connection write statements under policies, for what is run in the block."""
        connection = self.connection()
        plain = connection.dialect
        token = ASKING.set(asking)
        connection.dialect = self.ward.guard.dialect_of(plain)
        try:
            yield
        finally:
            connection.dialect = plain
            ASKING.reset(token)

    def bulk_save_objects(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse what no flush would check."""
        raise _Unchecked("bulk_save_objects")

    def bulk_insert_mappings(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse what no flush would check."""
        raise _Unchecked("bulk_insert_mappings")

    def bulk_update_mappings(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse what no flush would check."""
        raise _Unchecked("bulk_update_mappings")


class _Unchecked(ConfigurationError):
    """A way of writing that goes past what a session checks."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The session of a caller checks what it writes, and {name} goes past that. "
            "Write session.add_all(…)."
        )


@event.listens_for(CallerSession, "do_orm_execute")
def _run_guarded(state: ORMExecuteState) -> Result[Any] | None:
    """Run a statement under the policies of the session's caller; a text runs as it is."""
    session, statement = state.session, state.statement
    assert isinstance(session, CallerSession)
    if isinstance(statement, TextClause):
        return None
    # What waits to be written is written, and checked, by statements of its own.
    if state.execution_options.get("autoflush", True):
        session._autoflush()
    if state.is_select:
        with session.running(session.ward.asking), session.no_autoflush:
            return state.invoke_statement()
    if isinstance(statement, (Update, Delete)) and not state.is_executemany:
        return change_rows(session, state, statement)
    if state.is_insert or state.is_update or state.is_delete:
        raise ConfigurationError(
            "The session of a caller writes objects, by session.add(…), and changes rows by "
            "update(Model).where(…).values(…) and delete(Model).where(…): nothing else is checked."
        )
    with session.running(session.ward.asking), session.no_autoflush:
        return state.invoke_statement()


@event.listens_for(CallerSession, "before_flush")
def _check_before(session: CallerSession, _context: UOWTransaction, _instances: object) -> None:
    """Check what is to be written."""
    with session.no_autoflush:
        check = FlushCheck(session, session.ward)
        check.before()
        session._flush_check = check


@event.listens_for(CallerSession, "after_flush")
def _check_after(session: CallerSession, context: UOWTransaction) -> None:
    """Check what was written, as it is stored."""
    check, session._flush_check = session._flush_check, None
    if check is None:
        raise AssertionError("a flush ends that never began")
    with session.no_autoflush:
        check.after(context)


@asynccontextmanager
async def open_caller_session(outer: BaseSession, ward: Ward) -> AsyncIterator[AsyncSession]:
    """Open a session under the policies of a caller, in the transaction of another session.

    Args:
        outer: The other session, which commits what this one has written when its block ends. Where
            this one is rolled back, that one is too.
        ward: The caller.
    """
    connection = await outer.connection()
    transaction = connection.get_nested_transaction() or connection.get_transaction()
    session = AsyncSession(
        connection,
        expire_on_commit=False,
        join_transaction_mode="rollback_only",
        sync_session_class=CallerSession,
        ward=ward,
    )
    try:
        async with session:
            yield session
            await session.flush()
    finally:
        if transaction is None or not transaction.is_active:
            # It was rolled back; to do so again would warn of that.
            await outer.close()

"""Opening of a caller's session, whose reads and writes are subject to policies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from sqlalchemy import Delete, Result, TextClause, Update, event
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession
from sqlalchemy.ext.asyncio import AsyncTransaction
from sqlalchemy.orm import ORMExecuteState, UOWTransaction
from sqlmodel.ext.asyncio.session import AsyncSession

from ...compat.sqlalchemy_session import flush_first
from ...errors import ConfigurationError
from ..connect.lane import commit_session
from .access import RowAccess
from .caller_session import CallerSession
from .flush import FlushCheck
from .mass import change_rows

_CHECK = "modelwire_check"
"""Key of a session's `info` that holds the check of the current flush."""


@event.listens_for(CallerSession, "do_orm_execute")
def _run_under_policies(state: ORMExecuteState) -> Result[Any] | None:
    """Run a statement under the policies of the session's caller; textual SQL runs unchanged."""
    session, statement = state.session, state.statement
    if not isinstance(session, CallerSession) or isinstance(statement, TextClause):
        return None
    # Pending writes are flushed and checked by statements of their own.
    if state.execution_options.get("autoflush", True):
        flush_first(session)
    if isinstance(statement, (Update, Delete)) and not state.is_executemany:
        with session.refusing():
            return change_rows(session, state, statement)
    if state.is_insert or state.is_update or state.is_delete:
        raise ConfigurationError(
            "The session of a caller writes objects, by session.add(…), and changes rows by "
            "update(Model).where(…).values(…) and delete(Model).where(…): nothing else is checked."
        )
    with session.running(session.access.asking), session.no_autoflush:
        return state.invoke_statement()


@event.listens_for(CallerSession, "before_flush")
def _check_before(session: CallerSession, _context: UOWTransaction, _instances: object) -> None:
    """Check the pending writes."""
    with session.no_autoflush, session.refusing():
        check = FlushCheck(session, session.access)
        check.before()
        session.info[_CHECK] = check


@event.listens_for(CallerSession, "after_flush")
def _check_after(session: CallerSession, context: UOWTransaction) -> None:
    """Check the written rows as stored."""
    check: FlushCheck = session.info.pop(_CHECK)
    with session.no_autoflush, session.refusing():
        check.after(context)


@asynccontextmanager
async def open_caller_session(outer: BaseSession, access: RowAccess) -> AsyncIterator[AsyncSession]:
    """Open a session under the policies of a caller, in the transaction of another session.

    Args:
        outer: The other session, which commits this session's writes when its block ends. A
            rollback of this session rolls that one back too; it commits its later writes itself.
        access: The rights of the caller.

    Raises:
        Forbidden: A write was refused, and so everything was rolled back, but the block went on.
        ParentNotFound: Likewise.
    """
    connection = await outer.connection()
    transaction = connection.get_nested_transaction() or connection.get_transaction()
    session = AsyncSession(
        connection,
        expire_on_commit=False,
        join_transaction_mode="rollback_only",
        sync_session_class=CallerSession,
        access=access,
    )
    try:
        async with session:
            yield session
            refused = cast("CallerSession", session.sync_session).refused
            if refused is not None and not _is_open(transaction):
                raise refused
            await commit_session(session)
    finally:
        if not _is_open(transaction):
            # A second rollback would cause a warning.
            await outer.close()


def _is_open(transaction: AsyncTransaction | None) -> bool:
    return transaction is not None and transaction.is_active

"""Calls of hooks in a transaction."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from ...errors import Answered, HookError, RequestError
from ...hooks import Change, Hook
from ..faults.translate import DRIVER_ERRORS, translate


async def call_hook(hook: Hook, change: Change) -> None:
    """Call one hook, and await it if it is asynchronous."""
    result = hook(change)
    if inspect.isawaitable(result):
        await result


async def call_hooks(hooks: Sequence[Hook], change: Change) -> bool:
    """Call hooks in order, then flush the session.

    Args:
        hooks: The hooks.
        change: Their argument.

    Returns:
        Whether they have run any statements.

    Raises:
        HookError: A hook has failed with an error of the database or the system, which would
            otherwise be taken for one of the request's own statements.
        RequestError: The database failed, as it may for any statement.
    """
    try:
        connection = await change.session.connection()
        with _staying_in_part(change.session), _counting(connection) as statements:
            for hook in hooks:
                await call_hook(hook, change)
            await change.session.flush()
        return bool(statements)
    except DRIVER_ERRORS as exc:
        failed = translate(exc) if isinstance(exc, SQLAlchemyError) else None
        if isinstance(failed, RequestError) and failed.is_of_server:
            raise failed from exc
        name = change.model.__name__
        raise HookError(f"A hook of {name} has failed: {type(exc).__name__}") from exc


@contextmanager
def _staying_in_part(session: AsyncSession) -> Iterator[None]:
    """Keep hooks from ending the transaction that they run in.

    Raises:
        HookError: A hook has tried to.
    """
    inner = session.sync_session
    part = inner.get_nested_transaction()

    def refuse(_session: Any) -> None:
        if inner.get_nested_transaction() is part:
            raise HookError("A hook has called commit; the write is committed when it is done")

    event.listen(inner, "before_commit", refuse)
    try:
        yield
    finally:
        event.remove(inner, "before_commit", refuse)
    if inner.get_nested_transaction() is not part:
        raise HookError("A hook has called rollback; to refuse a write it should raise an error")


@contextmanager
def _counting(connection: AsyncConnection) -> Iterator[list[str]]:
    """Collect the statements that a connection runs."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection.sync_connection, "before_cursor_execute", note)


def find_answer(error: Exception) -> Answered | None:
    """Return the answer that an exception stands for, such as Starlette's `HTTPException`.

    It is recognized by its attributes, since Starlette may not be imported here; None for any other
    exception.
    """
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or not hasattr(error, "detail"):
        return None
    return Answered(status, error.detail)


def name_hook(hook: Hook) -> str:
    """Return the name of a hook, for the log."""
    return getattr(hook, "__qualname__", None) or repr(hook)

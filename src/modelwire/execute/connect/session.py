"""Session for the application's endpoints: SQLModel's, without lazy loading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from ...errors import LazyLoadError


class EagerSession(Session):
    """Session in which lazy loading of a relationship is an error.

    The session's own operations may load: rows that are deleted or merged along with an object,
    rows whose foreign keys a flush sets, and relationships that a refresh names.
    """

    is_at_work = False
    has_written = False
    """Whether its transaction has written by ORM; unclear after a savepoint, which resets it."""

    @contextmanager
    def _working(self) -> Iterator[None]:
        before, self.is_at_work = self.is_at_work, True
        try:
            yield
        finally:
            self.is_at_work = before

    def refresh(self, *args: Any, **kwargs: Any) -> None:
        """Reload attributes; named relationships are loaded deliberately."""
        with self._working():
            super().refresh(*args, **kwargs)

    def delete(self, instance: object) -> None:
        """Mark an object as deleted, and load what is deleted along with it."""
        with self._working():
            super().delete(instance)

    def delete_all(self, instances: Iterable[object]) -> None:
        """Mark objects as deleted, and load what is deleted along with them."""
        with self._working():
            super().delete_all(instances)

    def merge(self, *args: Any, **kwargs: Any) -> Any:
        """Copy an object into the session, and load the stored one."""
        with self._working():
            return super().merge(*args, **kwargs)

    def merge_all(self, *args: Any, **kwargs: Any) -> Any:
        """Copy objects into the session, and load the stored ones."""
        with self._working():
            return super().merge_all(*args, **kwargs)

    def flush(self, *args: Any, **kwargs: Any) -> None:
        """Write changes, and load the rows whose foreign keys change along."""
        with self._working():
            super().flush(*args, **kwargs)


@event.listens_for(EagerSession, "after_flush")
def _note_write(session: EagerSession, *_context: object) -> None:
    session.has_written = True


@event.listens_for(EagerSession, "after_commit")
@event.listens_for(EagerSession, "after_soft_rollback")
def _note_end(session: EagerSession, *_transaction: object) -> None:
    session.has_written = False


@event.listens_for(EagerSession, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        _note_write(state.session)


@event.listens_for(EagerSession, "do_orm_execute")
def _refuse_lazy_load(state: ORMExecuteState) -> None:
    # Statements that are not SELECT do not load relationships.
    owner = state.lazy_loaded_from if state.is_select else None
    if owner is None or getattr(state.session, "is_at_work", False):
        return
    path = state.loader_strategy_path
    step = path.path[-1] if path is not None else None
    raise LazyLoadError(owner.mapper.class_.__name__, getattr(step, "key", "relationship"))


def open_session(engine: AsyncEngine) -> AsyncSession:
    """Open a session on an engine.

    Args:
        engine: The engine; a connection is taken from it when the session first needs one.

    Returns:
        The session. Its objects stay readable after a commit.
    """
    return AsyncSession(engine, expire_on_commit=False, sync_session_class=EagerSession)


def holds_writes(session: AsyncSession) -> bool:
    """Whether a session has writes that its end would lose.

    Changed objects don't count: they may have been changed only to be shown.
    """
    inner = session.sync_session
    return bool(inner.new or inner.deleted or getattr(inner, "has_written", False))


def open_joined_session(connection: AsyncConnection) -> AsyncSession:
    """Open a session in a transaction that its owner ends, and that includes the session's commits.

    Args:
        connection: The connection of the transaction.

    Returns:
        The session, each of whose transactions is a savepoint.
    """
    return AsyncSession(
        connection,
        expire_on_commit=False,
        sync_session_class=EagerSession,
        join_transaction_mode="create_savepoint",
    )

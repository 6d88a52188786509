"""The session that users' endpoints work with: SQLModel's, without lazy loading."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from ...errors import LazyLoadError


class EagerSession(Session):
    """A session in which reading a relationship that no query has loaded is an error."""

    is_refreshing = False

    def refresh(self, *args: Any, **kwargs: Any) -> None:
        """Load attributes anew; relationships that are named are loaded on purpose."""
        self.is_refreshing = True
        try:
            super().refresh(*args, **kwargs)
        finally:
            self.is_refreshing = False


@event.listens_for(EagerSession, "do_orm_execute")
def _refuse_lazy_load(state: ORMExecuteState) -> None:
    # Statements that load nothing have nothing to say about it.
    owner = state.lazy_loaded_from if state.is_select else None
    if owner is None or getattr(state.session, "is_refreshing", False):
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


def open_joined_session(connection: AsyncConnection) -> AsyncSession:
    """Open a session in a transaction that others end: what it commits is committed with that.

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

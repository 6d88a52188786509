"""What is private to SQLAlchemy's sessions.

Tried with 2.0.58 and with 2.1.9. Documented nowhere are `_autoflush` of a session, and `states` of
what a flush has done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy.orm import InstanceState, Session, UOWTransaction


class Flushed(NamedTuple):
    """An object that a flush has looked at.

    Args:
        state: The object's.
        is_removed: Whether its row was removed.
    """

    state: InstanceState[Any]
    is_removed: bool


def flush_first(session: Session) -> None:
    """Write what waits to be written, where the session does so before it reads."""
    session._autoflush()


def flushed(context: UOWTransaction) -> Iterator[Flushed]:
    """Yield the objects whose rows a flush has written or removed, or has found as they are."""
    for state, (is_removed, is_only_listed) in context.states.items():
        if not is_only_listed:
            yield Flushed(state, is_removed)

"""Private parts of SQLAlchemy's sessions.

Tried with 2.0.58 and with 2.1.9. Documented nowhere are `_autoflush` of a session, and `states` of
a flush.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy.orm import InstanceState, Session, UOWTransaction


class Flushed(NamedTuple):
    """Object that a flush has looked at.

    Args:
        state: The state of the object.
        is_removed: Whether its row was removed.
    """

    state: InstanceState[Any]
    is_removed: bool


def flush_first(session: Session) -> None:
    """Flush pending changes, where the session does so before it reads."""
    session._autoflush()


def flushed(context: UOWTransaction) -> Iterator[Flushed]:
    """Yield the objects whose rows a flush has written, removed, or found unchanged."""
    for state, (is_removed, is_only_listed) in context.states.items():
        if not is_only_listed:
            yield Flushed(state, is_removed)

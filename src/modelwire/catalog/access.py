"""Kinds of access to rows that are not operations of resources."""

from __future__ import annotations

from enum import Enum, auto

from ..resource import Operation


class Access(Enum):
    """Access to the rows that a relation leads to."""

    SHOW = auto()
    """Show or compare them, by the relation's name in a query."""

    LIST = auto()
    """List them below a row."""

    AGGREGATE = auto()
    """Aggregate them below a row."""

    CREATE = auto()
    """Create rows."""

    LINK = auto()
    """Link them to a row, or unlink them."""


class Past(Enum):
    """Access to the changes of a row."""

    SHOW = auto()
    """Show changes."""

    REVERT = auto()
    """Revert a change."""

    @property
    def needed(self) -> tuple[Operation, ...]:
        """The operations that this access requires, and whose guards run before it."""
        return ("read",) if self is Past.SHOW else ("read", "create", "update")


class Recall(Enum):
    """Access to a soft-deleted row."""

    RESTORE = auto()
    """Restore it."""

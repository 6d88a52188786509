"""What requests do with rows beside the operations that resources name."""

from __future__ import annotations

from enum import Enum, auto

from ..resource import Operation


class Access(Enum):
    """What a request does with the rows that a relation leads to."""

    SHOW = auto()
    """Shows or compares them, by the relation's name in a query."""

    LIST = auto()
    """Lists them below a row."""

    AGGREGATE = auto()
    """Tells sums of them below a row."""

    CREATE = auto()
    """Creates some."""

    LINK = auto()
    """Links a row to some, or no longer."""


class Past(Enum):
    """What a request does with changes of a row."""

    SHOW = auto()
    """Shows them."""

    REVERT = auto()
    """Takes one back."""

    @property
    def needed(self) -> tuple[Operation, ...]:
        """The operations without which a request can't do that, and whose guards run before it."""
        return ("read",) if self is Past.SHOW else ("read", "create", "update")


class Recall(Enum):
    """What a request does with a row that is deleted, and stays."""

    RESTORE = auto()
    """Brings it back."""

"""Reads of the change log."""

from __future__ import annotations

from msgspec import Struct

from ..catalog.tables import Table


class EntriesShape(Struct, frozen=True, cache_hash=True):
    """The log entries of one row, whose key is in the parameters `p0`, `p1`, …

    Each has a number, a time, an operation, the row before and after the change, both as JSON, and
    the key of the caller, also as JSON.

    Args:
        table: The resource of the row.
        older: Whether to read the entries before the parameter `number`, newest first; otherwise
            those after it, oldest first.
    """

    table: Table
    older: bool = True


class ThenShape(Struct, frozen=True, cache_hash=True):
    """State of one row at the time `at`, as JSON; its key is in the parameters `p0`, `p1`, …

    Args:
        table: The resource of the row.
        before: Whether to read the row after the last change up to that time; otherwise, the row
            before the first change after it.
    """

    table: Table
    before: bool = True

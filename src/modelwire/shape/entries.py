"""Reads of the table of changes."""

from __future__ import annotations

from msgspec import Struct

from ..catalog.tables import Table


class EntriesShape(Struct, frozen=True, cache_hash=True):
    """What has become of one row, whose key is the parameters `p0`, `p1`, …

    Each entry is its number, the instant, the operation, the row as it was and as it has become,
    both as JSON, and who has changed it, as JSON too.

    Args:
        table: The resource of the row.
        older: Whether it is the entries before the parameter `number`, newest first; those after
            it otherwise, oldest first.
    """

    table: Table
    older: bool = True


class ThenShape(Struct, frozen=True, cache_hash=True):
    """One row as it was at the instant `at`, as JSON; its key is the parameters `p0`, `p1`, …

    Args:
        table: The resource of the row.
        before: Whether it is what the last change until then has made of it. Otherwise it is what
            the first one after that has found.
    """

    table: Table
    before: bool = True

"""A table whose changes are noted."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Table


class Noted(NamedTuple):
    """A table whose changes are noted.

    Args:
        table: The table.
        live: Whether it is told that there are changes.
        keep_days: Days that they are kept at least; all are, if None.
    """

    table: Table
    live: bool
    keep_days: int | None

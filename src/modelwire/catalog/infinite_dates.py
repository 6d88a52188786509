"""Infinite dates of PostgreSQL, which are shown as the last and the first date.

They are other dates than these to the database, which compares and sorts them beyond. So they are
objects of their own, and told by identity: what was read as infinite is written back as such.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

END = dt.date(9999, 12, 31)
"""The date `infinity`."""

START = dt.date(1, 1, 1)
"""The date `-infinity`."""

BY_NAME: Mapping[str, dt.date] = {"infinity": END, "-infinity": START}


def write_date(value: dt.date) -> str:
    """Write a date as text, by its name if it is infinite."""
    if value is END or value is START:
        return "infinity" if value is END else "-infinity"
    return value.isoformat()


def read_date(text: str) -> dt.date:
    """Read a date from what `write_date` has written.

    Raises:
        ValueError: It is no date.
    """
    return BY_NAME[text] if text in BY_NAME else dt.date.fromisoformat(text)

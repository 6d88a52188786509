"""Dates of PostgreSQL.

asyncpg takes the last and the first date for infinite ones: it would store another date than it is
given, and not find those that other programs have stored.
"""

from __future__ import annotations

import datetime as dt

from ..catalog.infinite_dates import END, START

_EPOCH = dt.date(2000, 1, 1).toordinal()
_LAST_DAY = 2**31 - 1
_FIRST_DAY = -(2**31)

_INFINITE = {_LAST_DAY: END, _FIRST_DAY: START}
"""Infinite dates, by the days that PostgreSQL stores for them."""


def decode_date(parts: tuple[int]) -> dt.date:
    """Convert what asyncpg decodes to a date.

    Args:
        parts: The days since the year 2000.

    Raises:
        ValueError, OverflowError: The year is not one of Python's.
    """
    (days,) = parts
    found = _INFINITE.get(days)
    return dt.date.fromordinal(days + _EPOCH) if found is None else found


def encode_date(value: dt.date) -> tuple[int]:
    """Convert a date to the days since the year 2000."""
    if value is END or value is START:
        return (_LAST_DAY if value is END else _FIRST_DAY,)
    return (value.toordinal() - _EPOCH,)

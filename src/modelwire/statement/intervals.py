"""Intervals of PostgreSQL as durations, with months of the length by which it compares them.

An interval has months, days and microseconds, each apart. asyncpg makes 365 days of twelve months,
which PostgreSQL takes for 360: a row would not be found by the duration that is shown of it.
"""

from __future__ import annotations

import datetime as dt

DAYS_OF_MONTH = 30
"""Days of a month where intervals are compared (PostgreSQL's source, `interval_cmp_value`)."""


def read_interval(parts: tuple[int, int, int]) -> dt.timedelta:
    """Read an interval.

    Args:
        parts: Its months, days and microseconds, as asyncpg has them in a tuple.

    Returns:
        The duration that PostgreSQL takes for equal to it.

    Raises:
        OverflowError: It is longer than any duration of Python's.
    """
    months, days, microseconds = parts
    return dt.timedelta(months * DAYS_OF_MONTH + days, 0, microseconds)


def write_interval(duration: dt.timedelta) -> tuple[int, int, int]:
    """Write a duration as an interval, in months, days and microseconds."""
    return 0, duration.days, duration.seconds * 1_000_000 + duration.microseconds

"""Intervals of PostgreSQL as durations, with months of the length by which it compares them.

An interval has separate months, days and microseconds. asyncpg converts twelve months to 365 days,
which PostgreSQL compares as 360: a row would not be found by the duration that is shown of it.
"""

from __future__ import annotations

import datetime as dt

DAYS_OF_MONTH = 30
"""Days of a month in comparisons of intervals (PostgreSQL's source, `interval_cmp_value`)."""


def read_interval(parts: tuple[int, int, int]) -> dt.timedelta:
    """Convert an interval to a duration.

    Args:
        parts: Its months, days and microseconds, the tuple that asyncpg decodes.

    Returns:
        The duration that PostgreSQL considers equal to it.

    Raises:
        OverflowError: It is longer than Python's longest duration.
    """
    months, days, microseconds = parts
    return dt.timedelta(months * DAYS_OF_MONTH + days, 0, microseconds)


def write_interval(duration: dt.timedelta) -> tuple[int, int, int]:
    """Convert a duration to an interval's months, days and microseconds."""
    return 0, duration.days, duration.seconds * 1_000_000 + duration.microseconds

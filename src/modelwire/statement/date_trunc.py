"""Truncation of datetimes in a time zone, for SQLite, which has no time zones."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "tz"
"""Name of the parameter with the name of a time zone."""

DAY = "modelwire_day"
"""Function: the date of a datetime in a time zone."""

HOUR = "modelwire_hour"
"""Function: the start, in UTC, of the hour of a datetime in a time zone."""

SECOND_DAY, LAST_DAY = "0001-01-02", "9999-12-31"
"""Days between which instants are cut in a time zone; before and after, in UTC."""

_SINCE = "1973"
"""The year since which all offsets from UTC are multiples of a quarter of an hour."""

_QUARTERS = 65_536
"""Quarters of an hour, each in one zone, whose dates are cached: almost two years."""

_zone_of = lru_cache(maxsize=64)(ZoneInfo)


def find_day(text: Any, zone: str) -> Any:
    """Return the date in a time zone.

    Args:
        text: A datetime in UTC, in SQLAlchemy's spelling. Any other text is cut to the length of a
            date.
        zone: The name of the time zone.
    """
    try:
        if text >= _SINCE:
            return _find_day_of_quarter(text[:14], int(text[14:16]) // 15, zone)
        return _to_zone(text, zone).date().isoformat()
    except (ValueError, TypeError):
        # It is not a datetime.
        return text[:10] if isinstance(text, str) else text


@lru_cache(_QUARTERS)
def _find_day_of_quarter(hour: str, quarter: int, zone: str) -> str:
    return _to_zone(f"{hour}{15 * quarter:02}:00", zone).date().isoformat()


def find_hour(text: Any, zone: str) -> Any:
    """Return the start of an hour in a time zone, in UTC.

    Where clocks are set back, the repeated hour counts as two.

    Args:
        text: A datetime in UTC, in SQLAlchemy's spelling. Any other value is returned as it is.
        zone: The name of the time zone.
    """
    try:
        local = _to_zone(text, zone)
        shown = dt.timedelta(0, local.second, local.microsecond, 0, local.minute)
        # Even if the clocks change within the hour, its start is as long ago as they show.
        start = dt.datetime.fromisoformat(text) - shown
    except (ValueError, TypeError):
        return text
    return start.isoformat(" ", "microseconds")


def _to_zone(text: str, zone: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(f"{text}+00:00")
    return instant.astimezone(_zone_of(zone)) if SECOND_DAY <= text < LAST_DAY else instant

"""The starts of spans of time in a time zone, on SQLite, which knows no zones."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "tz"
"""Name of the parameter that holds the name of a time zone."""

DAY = "modelwire_day"
"""The date that calendars show in a time zone at an instant."""

HOUR = "modelwire_hour"
"""The instant at which the hour began that clocks show in a time zone."""

_SINCE = "1973"
"""The year from which on clocks everywhere differ from UTC by quarters of an hour."""

_QUARTERS = 65_536
"""Quarters of an hour, each in a zone, whose dates are remembered: those of almost two years."""

_zone_of = lru_cache(maxsize=64)(ZoneInfo)


def find_day(text: Any, zone: str) -> Any:
    """The date in a time zone.

    Args:
        text: An instant in UTC, as SQLAlchemy writes it. Of what is none it is what it begins with.
        zone: The name of the time zone.
    """
    try:
        if text >= _SINCE:
            return _find_day_of_quarter(text[:14], int(text[14:16]) // 15, zone)
        return _to_zone(text, zone).date().isoformat()
    except (ValueError, OverflowError, TypeError):
        # It is no instant, or one at an end of time.
        return text[:10] if isinstance(text, str) else text


@lru_cache(_QUARTERS)
def _find_day_of_quarter(hour: str, quarter: int, zone: str) -> str:
    return _to_zone(f"{hour}{15 * quarter:02}:00", zone).date().isoformat()


def find_hour(text: Any, zone: str) -> Any:
    """When the hour began that clocks show in a time zone, in UTC.

    Where clocks are put back, the hour that they show twice is two.

    Args:
        text: An instant in UTC, as SQLAlchemy writes it. What is none is given back as it is.
        zone: The name of the time zone.
    """
    try:
        local = _to_zone(text, zone)
        shown = dt.timedelta(0, local.second, local.microsecond, 0, local.minute)
        # Whatever clocks did within the hour, it is as long ago as they show.
        start = dt.datetime.fromisoformat(text) - shown
    except (ValueError, OverflowError, TypeError):
        return text
    return start.isoformat(" ", "microseconds")


def _to_zone(text: str, zone: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+00:00").astimezone(_zone_of(zone))

"""The starts of spans of time in a time zone, on SQLite, which knows no zones."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "tz"
"""Name of the parameter that holds the name of a time zone."""

LOCAL = "modelwire_local"
"""What clocks show in a time zone at an instant."""

HOUR = "modelwire_hour"
"""The instant at which the hour began that clocks show in a time zone."""

_zone_of = lru_cache(maxsize=64)(ZoneInfo)


def read_clocks(text: Any, zone: str) -> Any:
    """What clocks show in a time zone.

    Args:
        text: An instant in UTC, as SQLAlchemy writes it. What is none is given back as it is.
        zone: The name of the time zone.
    """
    local = _to_zone(text, zone)
    return text if local is None else _write(local)


def find_hour(text: Any, zone: str) -> Any:
    """When the hour began that clocks show in a time zone, in UTC.

    Where clocks are put back, the hour that they show twice is two.
    """
    local = _to_zone(text, zone)
    if local is None:
        return text
    since = dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    # Whatever clocks did within the hour, it is as long ago as they show.
    return _write(dt.datetime.fromisoformat(text) - since)


def _to_zone(text: Any, zone: str) -> dt.datetime | None:
    try:
        instant = dt.datetime.fromisoformat(f"{text}+00:00")
        return instant.astimezone(_zone_of(zone))
    except (ValueError, OverflowError):
        return None  # it is no instant, or one at an end of time


def _write(value: dt.datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")

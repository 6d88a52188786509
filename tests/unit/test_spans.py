"""Days and hours in a time zone, as SQLite is given them, are those of Python's own calendar."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelwire.statement.date_trunc import find_day, find_hour

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Africa/Monrovia", "Pacific/Apia")
"""One of quarters of an hour, one that was 44 minutes and 30 seconds behind UTC until 1972, and one
that has left out a day."""


@given(
    st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1)),
    st.sampled_from(ZONES),
)
@example(dt.datetime(1971, 6, 1, 0, 44, 45), "Africa/Monrovia")
@example(dt.datetime(1973, 1, 1), "Africa/Monrovia")
@example(dt.datetime(2026, 1, 31, 23, 14, 59, 999999), "Asia/Kathmandu")
@example(dt.datetime(2026, 1, 31, 18, 15), "Asia/Kathmandu")
@example(dt.datetime(2026, 1, 31, 18, 14, 59), "Asia/Kathmandu")
@example(dt.datetime(2026, 1, 31, 23, 15), "Asia/Kathmandu")
@example(dt.datetime(2025, 10, 26, 0, 30), "Europe/Berlin")
@example(dt.datetime(2025, 10, 26, 1, 30), "Europe/Berlin")
def test_spans(instant: dt.datetime, zone: str) -> None:
    text = instant.isoformat(" ", "microseconds")
    local = instant.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
    assert find_day(text, zone) == local.date().isoformat()
    passed = dt.timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    assert find_hour(text, zone) == (instant - passed).isoformat(" ", "microseconds")


def test_an_hour_that_clocks_show_twice() -> None:
    """An hour that clocks show twice is two hours."""
    hours = [find_hour(f"2025-10-26 0{hour}:30:00.000000", "Europe/Berlin") for hour in (0, 1)]
    assert hours == ["2025-10-26 00:00:00.000000", "2025-10-26 01:00:00.000000"]


@pytest.mark.parametrize(
    ("value", "zone", "day", "hour"),
    [
        ("0001-01-01 00:30:00.000000", "America/New_York", "0001-01-01", "00"),
        ("0001-01-01 23:30:00.000000", "Asia/Tokyo", "0001-01-01", "23"),
        ("9999-12-31 23:30:00.000000", "Asia/Tokyo", "9999-12-31", "23"),
        ("9999-12-31 00:30:00.000000", "America/New_York", "9999-12-31", "00"),
    ],
)
def test_the_ends_of_the_calendar(value: str, zone: str, day: str, hour: str) -> None:
    """Instants of the first and the last day are cut in UTC: others are not beyond either end."""
    assert find_day(value, zone) == day
    assert find_hour(value, zone) == f"{day} {hour}:00:00.000000"


@pytest.mark.parametrize(
    ("value", "zone", "day"),
    [
        ("2026-13-45 00:00:00.000000", "Asia/Tokyo", "2026-13-45"),
        ("0000-00-00 00:00:00.000000", "Asia/Tokyo", "0000-00-00"),
        ("some other text", "Asia/Tokyo", "some other"),
        (7, "Asia/Tokyo", 7),
        (b"2026-01-01", "Asia/Tokyo", b"2026-01-01"),
        (None, "Asia/Tokyo", None),
    ],
)
def test_what_has_no_place_in_a_calendar(value: Any, zone: str, day: Any) -> None:
    """A value that is no instant starts its own bucket."""
    assert find_day(value, zone) == day
    assert find_hour(value, zone) == value

"""Texts of SQLite that are read as times, and those that are shown as they are stored."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from modelwire.statement.clocks import (
    read_clock,
    read_day,
    read_instant,
    read_naive,
    read_utc_clock,
)

NOON = dt.datetime(2026, 1, 31, 12)
FINE = NOON.replace(microsecond=500_000)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31 12:00:00", NOON),
        ("2026-01-31 12:00:00.500000", FINE),
        ("2026-01-31T12:00:00", NOON),
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31 12:00:00.5", FINE),
        ("2026-01-31T12:00:00.500000000", FINE),
        ("2026-01-31 12:00:00.50000Z", FINE),
        ("2026-01-31 12:00:00.500000Z", FINE),
        ("2026-01-31T12:00:00.50000Z", FINE),
        ("2026-01-31 12:00:00Z", NOON),
        ("2026-01-31T14:00:00+02:00", NOON),
        ("2026-01-31 07:00:00.500000-05:00", FINE),
    ],
)
def test_moments(text: str, moment: dt.datetime) -> None:
    """Offsets are converted, and a text without one is in UTC."""
    assert read_instant(text) == moment.replace(tzinfo=dt.UTC)
    found = read_naive(text)
    assert (found, found and found.tzinfo) == (moment, None)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_day, "2026-01-31", dt.date(2026, 1, 31)),
        (read_clock, "12:30:00", dt.time(12, 30)),
        (read_clock, "12:30:00.500000", dt.time(12, 30, 0, 500_000)),
        (read_utc_clock, "12:30:00", dt.time(12, 30, tzinfo=dt.UTC)),
    ],
)
def test_days_and_clocks(read: Callable[[Any], Any], text: str, value: Any) -> None:
    assert read(text) == value


READERS = (read_instant, read_naive, read_day, read_clock, read_utc_clock)


@pytest.mark.parametrize("read", READERS)
def test_no_value(read: Callable[[Any], Any]) -> None:
    assert read(None) is None


@pytest.mark.parametrize(
    ("readers", "text"),
    [
        *[(READERS, value) for value in ("", "x", 5, 5.0, b"2026-01-31", "0000-00-00", "24:00:01")],
        ((read_instant, read_naive), "2026-01-31"),
        ((read_instant, read_naive), "2026-01-31 12:00"),
        ((read_instant, read_naive), "20260131 12:00:00  "),
        ((read_instant, read_naive), "2026-W05-6 12:00:00"),
        ((read_instant, read_naive), "2026-01-31 12:00:00,500000"),
        ((read_instant, read_naive), "2026-01-31T12:00:00+15:00"),
        ((read_instant, read_naive), "2026-02-30 12:00:00"),
        ((read_day,), "20260131"),
        ((read_day,), "2026-01-31 "),
        ((read_day,), "2026-W05-6"),
        ((read_day,), "2026/01-31"),
        ((read_day,), "2026-01/31"),
        ((read_clock, read_utc_clock), "12:30"),
        ((read_clock, read_utc_clock), "123000.5"),
        ((read_clock, read_utc_clock), "12:30:00,500000"),
        ((read_clock, read_utc_clock), "12:30:00+01:00"),
        ((read_clock, read_utc_clock), "T12:30:0"),
    ],
)
def test_what_is_no_time(readers: tuple[Callable[[Any], Any], ...], text: Any) -> None:
    for read in readers:
        with pytest.raises(ValueError, match=r".+"):
            read(text)

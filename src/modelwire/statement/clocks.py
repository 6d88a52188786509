"""Parsers for the usual spellings of times on SQLite; `normal` converts other spellings first."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from ..catalog.kinds import moment_in_utc

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)?", re.ASCII
)


def read_instant(text: Any) -> dt.datetime | None:
    """Parse a datetime; one without an offset is in UTC.

    Raises:
        ValueError: It is not in a usual spelling.
    """
    if text is None:
        return None
    # Called for each row: the spelling that SQLAlchemy writes is recognised without another call.
    is_text = type(text) is str and len(text) == 26
    if is_text and text[19] == "." and text[10] == " " and text[7] == "-" and text[25] != "Z":
        # Parsing the offset along with the text takes a fifth of the time of setting it afterwards.
        return dt.datetime.fromisoformat(f"{text}+00:00")
    return _read_other_instant(text)


def _read_other_instant(text: Any) -> dt.datetime:
    if _is_plain(text):
        return dt.datetime.fromisoformat(f"{text}+00:00")
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise ValueError("it is not a date and time")
    return moment_in_utc(dt.datetime.fromisoformat(text))


def read_naive(text: Any) -> dt.datetime | None:
    """Parse a datetime without an offset; one that has an offset is converted to UTC.

    Raises:
        ValueError: It is not in a usual spelling.
    """
    if text is None:
        return None
    plain = dt.datetime.fromisoformat(text) if _is_plain(text) else None
    if plain is not None and plain.tzinfo is None:
        return plain
    found = read_instant(text)
    return None if found is None else found.replace(tzinfo=None)


def read_day(text: Any) -> dt.date | None:
    """Parse a date.

    Raises:
        ValueError: It is not in a usual spelling.
    """
    if text is None:
        return None
    if not isinstance(text, str) or len(text) != 10 or text[4] != "-" or text[7] != "-":
        raise ValueError("it is not a date")
    return dt.date.fromisoformat(text)


def read_clock(text: Any) -> dt.time | None:
    """Parse a time.

    Raises:
        ValueError: It is not in a usual spelling.
    """
    if text is None:
        return None
    usual = isinstance(text, str) and (len(text) == 8 or (len(text) == 15 and text[8] == "."))
    if not usual or text[2] != ":":
        raise ValueError("it is not a time")
    return dt.time.fromisoformat(text)


def read_utc_clock(text: Any) -> dt.time | None:
    """Parse a time that is stored in UTC.

    Raises:
        ValueError: It is not in a usual spelling.
    """
    found = read_clock(text)
    return None if found is None else found.replace(tzinfo=dt.UTC)


def _is_plain(text: Any) -> bool:
    """Whether a text is in the format of SQLAlchemy, or of SQLite's CURRENT_TIMESTAMP."""
    if not isinstance(text, str) or text[10:11] != " " or text[7] != "-":
        return False
    return len(text) == 19 or (len(text) == 26 and text[19] == "." and text[25] != "Z")

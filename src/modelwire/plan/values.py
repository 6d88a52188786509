"""Parsers for texts from a query or a path, by the kind of a field's values."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..catalog.domain import MAX_INT64, MIN_INT64, check_interval
from ..catalog.field import Field
from ..catalog.forms import form_of
from ..catalog.invalid_values import Unreadable
from ..catalog.kinds import Kind, has_offset, members_of, moment_in_utc, time_in_utc
from ..characters import check_characters

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_BOOLEANS = {"true": True, "false": False}


class BadValue(ValueError):
    """A text is not a value of its field; the message says what would be one."""


def parse_value(text: str, field: Field) -> Any:
    """Parse a text as a value of a field.

    Args:
        text: The text, decoded.
        field: The field that it is compared with.

    Returns:
        The value, of the column's Python type.

    Raises:
        BadValue: The text is not such a value.
    """
    value = _PARSERS[field.kind](text, field)
    if field.to_column is None:
        return value
    try:
        return field.to_column(value)
    except ValueError:
        raise BadValue(f"should be {field.kind.noun} that its column can hold") from None


def write_value(value: Any, field: Field) -> str:
    """Write a value as a text that `parse_value` accepts."""
    value = shown_value(value, field)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes) and field.text_form is not None:
        return field.text_form.write(value)
    if isinstance(value, dt.timedelta):
        return str(_INTERVAL.dump_python(value, mode="json"))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def shown_value(value: Any, field: Field) -> Any:
    """Convert a value of a field's column to one of its annotation, or `Unreadable`."""
    if field.from_column is None or isinstance(value, Unreadable):
        return value
    try:
        return field.from_column(value)
    except ValueError:
        return Unreadable(value)


def parse_boolean(text: str, _field: Field | None = None) -> bool:
    """Parse `true` or `false`.

    Raises:
        BadValue: The text is neither.
    """
    if text not in _BOOLEANS:
        raise BadValue("should be true or false")
    return _BOOLEANS[text]


def parse_integer(text: str, _field: Field | None = None) -> int:
    """Parse an integer within 64 bits.

    Raises:
        BadValue: The text is not an integer, or is out of range.
    """
    if not _INTEGER.fullmatch(text):
        raise BadValue("should be an integer")
    value = int(text)
    if not MIN_INT64 <= value <= MAX_INT64:
        raise BadValue("should be an integer within 64 bits")
    return value


def parse_text(text: str, _field: Field | None = None) -> str:
    """Check a text.

    Raises:
        BadValue: It has characters that no text may contain.
    """
    fault = check_characters(text)
    if fault:
        raise BadValue(fault[1])
    return text


def _parse_value_of_text(text: str, field: Field) -> Any:
    """Parse a text in the form of its column: a class of values may have several texts for one."""
    parse_text(text, field)
    form = form_of(field.sql_type)
    if form is not None and not form.fits(text):
        raise BadValue(f"should be {form.expected}")
    if not field.is_text_of_a_class:
        return text
    try:
        value = field.adapter.validate_strings(text)
        return value if field.to_column is not None else str(value)
    except ValidationError:
        return text  # the class writes no value in this way, but the column may have it


def _parse_float(text: str, _field: Field) -> float:
    value = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise BadValue("should be a finite number")
    return value


def _parse_decimal(text: str, _field: Field) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise BadValue("should be a decimal number")
    value = Decimal(text)
    if abs(value.adjusted()) > 1000:
        raise BadValue("should be a decimal number of a reasonable size")
    return value


def _parse_uuid(text: str, field: Field) -> uuid.UUID | str:
    try:
        value = uuid.UUID(text)
    except ValueError:
        raise BadValue("should be a UUID") from None
    return value if form_of(field.sql_type) is None else str(value)


def _parse_enum(text: str, field: Field) -> Enum | str:
    known = {str(getattr(m, "value", m)): m for m in members_of(field.annotation, field.sql_type)}
    if text not in known:
        raise BadValue(f"should be one of {', '.join(known)}")
    return known[text]


def _parse_datetime(text: str, field: Field) -> dt.datetime:
    value: dt.datetime = _parse_with(_DATETIME, "a date and time, as in 2026-01-31T12:00:00Z", text)
    try:
        utc = moment_in_utc(value)
    except OverflowError:
        raise BadValue("should be a date from year 1 to year 9999 in UTC") from None
    return utc if has_offset(field.sql_type) else utc.replace(tzinfo=None)


def _parse_date(text: str, _field: Field) -> dt.date:
    value: dt.date = _parse_with(_DATE, "a date, as in 2026-01-31", text)
    return value


def _parse_time(text: str, field: Field) -> dt.time:
    value: dt.time = _parse_with(_TIME, "a time, as in 12:00:00", text)
    if has_offset(field.sql_type):
        return time_in_utc(value)
    if value.tzinfo is not None:
        raise BadValue("should be a time without an offset, as in 12:00:00")
    return value


def _parse_interval(text: str, _field: Field) -> dt.timedelta:
    value: dt.timedelta = _parse_with(_INTERVAL, "a duration (ISO 8601), as in PT1H30M", text)
    fault = check_interval(value)
    if fault:
        raise BadValue(fault[1])
    return value


def _parse_other(text: str, field: Field) -> Any:
    try:
        return field.adapter.validate_strings(text)
    except ValidationError:
        raise BadValue("should be a value of its type") from None


def _parse_bytes(text: str, field: Field) -> bytes:
    form = field.text_form
    try:
        return text.encode() if form is None else form.read(text)
    except ValueError:
        raise BadValue("should be bytes as they are shown") from None


def _parse_with(adapter: TypeAdapter[Any], expected: str, text: str) -> Any:
    # Pydantic would parse a bare number as a Unix time; here it is a mistake.
    try:
        if text.lstrip("+-").replace(".", "", 1).isdigit():
            raise BadValue(f"should be {expected}")
        return adapter.validate_strings(text)
    except ValidationError:
        hint = "; in a URL, a + is a space, so write %2B" if _LOST_PLUS.search(text) else ""
        raise BadValue(f"should be {expected}{hint}") from None


_LOST_PLUS = re.compile(r":\d\d(\.\d+)? \d\d(:?\d\d)?$")
"""End of a time whose offset has lost its plus sign."""

_DATETIME: TypeAdapter[dt.datetime] = TypeAdapter(dt.datetime)
_DATE: TypeAdapter[dt.date] = TypeAdapter(dt.date)
_TIME: TypeAdapter[dt.time] = TypeAdapter(dt.time)
_INTERVAL: TypeAdapter[dt.timedelta] = TypeAdapter(dt.timedelta)

_PARSERS: Mapping[Kind, Callable[[str, Field], Any]] = {
    Kind.INTEGER: parse_integer,
    Kind.FLOAT: _parse_float,
    Kind.DECIMAL: _parse_decimal,
    Kind.BOOLEAN: parse_boolean,
    Kind.TEXT: _parse_value_of_text,
    Kind.UUID: _parse_uuid,
    Kind.ENUM: _parse_enum,
    Kind.DATETIME: _parse_datetime,
    Kind.DATE: _parse_date,
    Kind.TIME: _parse_time,
    Kind.INTERVAL: _parse_interval,
    Kind.BYTES: _parse_bytes,
    Kind.JSON: _parse_other,
    Kind.VALUE: _parse_other,
    Kind.LIST: _parse_other,
    Kind.OTHER: _parse_other,
}

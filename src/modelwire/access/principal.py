"""The caller of one request: its identity and the values that policies compare with."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy.types import TypeEngine

from ..characters import check_characters
from ..errors import CallerError
from .attributes import KINDS, Attribute

Rule = bool | str
"""A rule that holds for all rows or none: true, false, or a parameter that holds a bool."""


class Parameter(NamedTuple):
    """Statement parameter that holds an attribute of the caller.

    Args:
        name: Its name in statements.
        attribute: The attribute.
        sql_type: The type of the column that it is compared with, or else that of the attribute.
        is_aware: Whether datetimes and times must have an offset from UTC.
    """

    name: str
    attribute: Attribute
    sql_type: TypeEngine[Any]
    is_aware: bool = True


class Principal(Struct, frozen=True):
    """The caller of one request.

    Args:
        who: The object that the dependency returned.
        values: The value of each parameter that a policy of the application uses, by its name. None
            is NULL, and a collection is a tuple. A value that no column can hold, such as a NaN or
            a text with a NUL character, is None, too, and matches nothing.
        identity: The values that tell it from other callers.
    """

    who: object
    values: Mapping[str, Any]
    identity: tuple[object, ...]

    @property
    def key(self) -> bytes | None:
        """The identity as bytes; None for an anonymous caller, whose identity has no values."""
        if all(part is None for part in self.identity):
            return None
        parts = [f"{type(part).__name__} {_spell(part)}" for part in self.identity]
        return repr(parts).encode(errors="surrogatepass")

    def allows(self, rule: Rule) -> bool:
        """Whether a rule holds for this caller."""
        return rule if isinstance(rule, bool) else self.values[rule] is True

    def assign(self, parameter: Parameter) -> Any:
        """Return the value of an attribute to be stored in a row.

        Raises:
            CallerError: No column can hold it.
        """
        value, attribute = self.values[parameter.name], parameter.attribute
        if value is None and getattr(self.who, attribute.name) is not None:
            raise CallerError(attribute.name, "has a value that no column can hold")
        return value


def freeze(values: Mapping[str, Any]) -> Hashable:
    """Return values of a caller as a hashable key that differs from those of other callers."""
    return tuple(map(_freeze, values.values()))


def _spell(value: object) -> str:
    """Return a text that is unique to a value, even if its class overrides `__repr__`."""
    if isinstance(value, Enum):
        return value.name
    show: Any = next((kind.__repr__ for kind in KINDS if isinstance(value, kind)), repr)
    return str(show(value))


def _freeze(value: Any) -> Hashable:
    """Return a hashable of its own for a value: enums may override equality and `__repr__`."""
    if isinstance(value, Enum):
        return type(value), value.name
    return tuple(map(_freeze, value)) if isinstance(value, tuple) else value


ANYONE = Principal(None, {}, ())
"""The caller where none is known; statements that need one of its attributes are not run."""


class PrincipalReader:
    """Reader that makes principals of the objects that a caller's dependency returns.

    Args:
        key: The attributes that identify a caller.
        parameters: The parameters that the policies of an application use.
    """

    def __init__(self, key: Sequence[Attribute], parameters: Collection[Parameter]) -> None:
        self._key = tuple(key)
        self._parameters = tuple(parameters)

    def read(self, who: object) -> Principal:
        """Read a caller.

        Raises:
            CallerError: An attribute does not match its annotation, or raises an error.
        """
        # Values that no column can hold still identify a caller.
        identity = tuple(_take(who, attribute) for attribute in self._key)
        for attribute, value in zip(self._key, identity, strict=True):
            _read_optional(attribute, value)
        values = {parameter.name: _read(who, parameter) for parameter in self._parameters}
        return Principal(who, values, identity)


def _take(who: object, attribute: Attribute) -> Any:
    try:
        return getattr(who, attribute.name)
    except Exception as exc:
        raise CallerError(attribute.name, "can't be read") from exc


def _read(who: object, parameter: Parameter) -> Any:
    attribute = parameter.attribute
    value = _take(who, attribute)
    if not attribute.is_many:
        return _read_optional(attribute, value, is_aware=parameter.is_aware)
    if value is None and attribute.takes_none:
        return (None,)  # IN and NOT IN are never true then, on every database
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Collection):
        fault = f"is of the class {_class_name(value)}, not a collection"
        raise CallerError(attribute.name, fault)
    return tuple(_read_items(attribute, value, is_aware=parameter.is_aware))


def _read_items(attribute: Attribute, items: Collection[Any], *, is_aware: bool) -> Iterator[Any]:
    for item in items:
        if item is None and attribute.holds_none:
            yield None
            continue
        read = _read_value(attribute, item, is_aware=is_aware)
        if read is not None:  # a value that no column can hold equals nothing
            yield read


def _read_optional(attribute: Attribute, value: Any, *, is_aware: bool | None = None) -> Any:
    if value is None and attribute.takes_none:
        return None
    return _read_value(attribute, value, is_aware=is_aware)


def _read_value(attribute: Attribute, value: Any, *, is_aware: bool | None) -> Any:
    expected = attribute.type_ if attribute.kind is Enum else attribute.kind
    is_number = expected is float and type(value) is int
    # In Python, a bool is an int and a datetime is a date; in no database.
    is_other = (expected is int and isinstance(value, bool)) or (
        expected is dt.date and isinstance(value, dt.datetime)
    )
    if is_other or not (isinstance(value, expected) or is_number):
        found = _class_name(value)
        raise CallerError(attribute.name, f"is of the class {found}, not {expected.__name__}")
    if is_aware is not None and isinstance(value, (dt.datetime, dt.time)):
        _check_offset(attribute, value, is_aware=is_aware)
    read = _HOLDABLE.get(attribute.kind)
    return value if read is None else read(value)


def _check_offset(attribute: Attribute, value: dt.datetime | dt.time, *, is_aware: bool) -> None:
    if (value.tzinfo is not None) is not is_aware:
        wanted = "an offset from UTC" if is_aware else "no offset from UTC"
        raise CallerError(attribute.name, f"should have {wanted}, as its column has")


def _class_name(value: object) -> str:
    return type(value).__name__


def _hold_integer(value: int) -> int | None:
    return int(value) if -(2**63) <= value < 2**63 else None


def _hold_float(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if math.isnan(number) else number


def _hold_decimal(value: Decimal) -> Decimal | None:
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    is_kept = value.adjusted() <= _MOST_DIGITS and int(exponent) >= -_MOST_DECIMALS
    return value if is_kept else None


_MOST_DIGITS, _MOST_DECIMALS = 131_071, 16_383
"""Digits before and after the point of a number (PostgreSQL's manual, section 8.1.2)."""


def _hold_text(value: str) -> str | None:
    plain = value if type(value) is str else str.__str__(value)
    return None if check_characters(plain) else plain


def _hold_moment(value: dt.datetime) -> dt.datetime | None:
    try:
        return value if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        return None


_HOLDABLE: Mapping[type, Callable[[Any], Any]] = {
    int: _hold_integer,
    float: _hold_float,
    Decimal: _hold_decimal,
    str: _hold_text,
    dt.datetime: _hold_moment,
}
"""Converters of values to what databases can hold; they return None for values that can't be."""

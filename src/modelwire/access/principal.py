"""The caller of one request: what policies compare with, and what tells it from others."""

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
"""What decides for every row alike: true, false, or a parameter that holds a bool."""


class Parameter(NamedTuple):
    """A parameter of statements that holds what an attribute of the caller is.

    Args:
        name: Its name in statements.
        attribute: The attribute.
        sql_type: The type of what it is compared with, or else of the attribute.
        is_aware: Whether moments have to have an offset from UTC.
    """

    name: str
    attribute: Attribute
    sql_type: TypeEngine[Any]
    is_aware: bool = True


class Principal(Struct, frozen=True):
    """The caller of one request.

    Args:
        who: What the dependency has given.
        values: The value of each parameter that a policy of the application uses, by its name.
            None is NULL, and a collection a tuple. It is None, too, where no column could hold the
            value: such as a NaN, or a text with a NUL character. That matches nothing.
        identity: What tells it from other callers.
    """

    who: object
    values: Mapping[str, Any]
    identity: tuple[object, ...]

    @property
    def key(self) -> bytes | None:
        """What tells it from other callers, as bytes; None where nothing does: it is nobody."""
        if all(part is None for part in self.identity):
            return None
        parts = [f"{type(part).__name__} {_spell(part)}" for part in self.identity]
        return repr(parts).encode(errors="surrogatepass")

    @property
    def known(self) -> Hashable:
        """All that policies compare with: whoever has the same may see the same."""
        return freeze(self.values)

    def allows(self, rule: Rule) -> bool:
        """Whether a rule holds for it."""
        return rule if isinstance(rule, bool) else self.values[rule] is True

    def assign(self, parameter: Parameter) -> Any:
        """The value of an attribute as a row is to have it.

        Raises:
            CallerError: No column can hold it.
        """
        value, attribute = self.values[parameter.name], parameter.attribute
        if value is None and getattr(self.who, attribute.name) is not None:
            raise CallerError(attribute.name, "has a value that no column can hold")
        return value


def freeze(values: Mapping[str, Any]) -> Hashable:
    """Values of callers as something by which those of one are told from those of another."""
    return tuple(map(_freeze, values.values()))


def _spell(value: object) -> str:
    """A value in words that no other one has, however its class says that it is shown."""
    if isinstance(value, Enum):
        return value.name
    show: Any = next((kind.__repr__ for kind in KINDS if isinstance(value, kind)), repr)
    return str(show(value))


def _freeze(value: Any) -> Hashable:
    """A value by itself: members of an enum may say that they are equal, or how they are shown."""
    if isinstance(value, Enum):
        return type(value), value.name
    return tuple(map(_freeze, value)) if isinstance(value, tuple) else value


ANYONE = Principal(None, {}, ())
"""A caller of whom nothing is known: whatever asks for something of it does not run."""


class PrincipalReader:
    """Makes principals of what a caller's dependency gives.

    Args:
        key: The attributes that tell one caller from another.
        parameters: What the policies of an application use.
    """

    def __init__(self, key: Sequence[Attribute], parameters: Collection[Parameter]) -> None:
        self._key = tuple(key)
        self._parameters = tuple(parameters)

    def read(self, who: object) -> Principal:
        """Read a caller.

        Raises:
            CallerError: An attribute is not what its annotation says, or raises an error.
        """
        # Whatever no column can hold tells callers apart all the same.
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
        return (None,)  # IN and NOT IN are true of nothing then, on every database
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Collection):
        raise CallerError(attribute.name, f"is of the class {_class_name(value)}, no collection")
    return tuple(_read_items(attribute, value, is_aware=parameter.is_aware))


def _read_items(attribute: Attribute, items: Collection[Any], *, is_aware: bool) -> Iterator[Any]:
    for item in items:
        if item is None and attribute.holds_none:
            yield None
            continue
        read = _read_value(attribute, item, is_aware=is_aware)
        if read is not None:  # nothing is equal to what no column can hold
            yield read


def _read_optional(attribute: Attribute, value: Any, *, is_aware: bool | None = None) -> Any:
    if value is None and attribute.takes_none:
        return None
    return _read_value(attribute, value, is_aware=is_aware)


def _read_value(attribute: Attribute, value: Any, *, is_aware: bool | None) -> Any:
    expected = attribute.type_ if attribute.kind is Enum else attribute.kind
    is_number = expected is float and type(value) is int
    # A bool is an int to Python, and a datetime a date; to no database.
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
"""What makes of a value what its database can take; None where it can't take it."""

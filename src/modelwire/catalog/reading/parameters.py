"""The parameters of an application's policies, which hold attributes of the caller."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum

from sqlalchemy import ColumnElement, DateTime, String, Time
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.types import TypeEngine

from ...access.attributes import Attribute
from ...access.caller import CallerValue
from ...access.principal import Parameter
from ...compat.sqlmodel import AutoString
from ...dialect import Dialect
from ..kinds import NUMBERS, Kind, is_decorated, kind_of_class, storage_type, stored_kind, type_on

_FITTING: Mapping[type, frozenset[Kind]] = {
    Enum: frozenset({Kind.ENUM}),
    bool: frozenset({Kind.BOOLEAN}),
    int: NUMBERS,
    float: NUMBERS,
    Decimal: NUMBERS,
    str: frozenset({Kind.TEXT}),
    uuid.UUID: frozenset({Kind.UUID}),
    dt.datetime: frozenset({Kind.DATETIME}),
    dt.date: frozenset({Kind.DATE}),
    dt.time: frozenset({Kind.TIME}),
}
"""The kinds of columns that attributes of each class may be compared with."""

_SAID = frozenset().union(*_FITTING.values())


class Parameters:
    """Parameters of all policies of an application.

    An attribute that is compared with columns of several types has one parameter for each type.

    Args:
        dialect: The dialect of the database; None for no particular one.
    """

    def __init__(self, dialect: Dialect | None) -> None:
        self._dialect = dialect
        self._known: dict[str, Parameter] = {}

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._known.values())

    def add(
        self, value: CallerValue, compared: ColumnElement[object] | None = None
    ) -> tuple[str, Parameter | None]:
        """Add the parameter of an attribute, unless it exists.

        Args:
            value: The attribute.
            compared: The expression that it is compared with, if any.

        Returns:
            An empty text and the parameter; or an error message and None.
        """
        attribute, sql_type = value.attribute, value.type
        if compared is not None:
            other = type_on(compared, self._dialect.name if self._dialect else None)
            fault = _find_misfit(attribute, other)
            if fault:
                return fault, None
            sql_type = _wider(attribute, sql_type, other)
        return "", self._name(attribute, value.key, sql_type)

    def _name(self, attribute: Attribute, name: str, sql_type: TypeEngine[object]) -> Parameter:
        number, known = 1, self._known.get(name)
        while known is not None:
            if known.attribute == attribute and _are_alike(known.sql_type, sql_type):
                return known
            number += 1
            known = self._known.get(f"{name}__{number}")
        stored = storage_type(sql_type)
        is_aware = bool(getattr(stored, "timezone", False) and isinstance(stored, (DateTime, Time)))
        chosen = name if number == 1 else f"{name}__{number}"
        self._known[chosen] = Parameter(chosen, attribute, sql_type, is_aware)
        return self._known[chosen]


def fits(attribute: Attribute, kind: Kind) -> bool:
    """Whether the values of an attribute are of a kind, or can be converted to it."""
    meant = kind_of_class(attribute.type_)
    return meant is kind or (meant in NUMBERS and kind in NUMBERS and meant is Kind.INTEGER)


def _find_misfit(attribute: Attribute, other: TypeEngine[object]) -> str:
    if is_decorated(other):
        return ""  # the user's own type decides what it accepts
    kind = stored_kind(other)
    if kind not in _SAID:
        return ""
    is_fitting = kind in _FITTING[attribute.kind]
    stored = storage_type(other)
    if is_fitting and isinstance(stored, SQLEnum) and stored.enum_class is not attribute.type_:
        is_fitting = False
    if is_fitting:
        return ""
    noun = kind.noun if kind is not None else "something else"
    return (
        f"me.{attribute.name} is of the class {attribute.type_.__name__} and is compared with "
        f"{noun}; give the caller an attribute of that type."
    )


def _wider(
    attribute: Attribute, own: TypeEngine[object], other: TypeEngine[object]
) -> TypeEngine[object]:
    """Return the type for comparing an attribute: the other's, unless its own is as good."""
    if is_decorated(other):
        return other
    is_plain = isinstance(other, AutoString) or type(other) is String
    if attribute.kind in (bool, int) or is_plain:
        return own
    is_same = stored_kind(other) is kind_of_class(attribute.type_)
    return other if is_same else own


def _are_alike(some: TypeEngine[object], other: TypeEngine[object]) -> bool:
    if some is other:
        return True
    is_known = not is_decorated(some) and type(some) is type(other)
    return is_known and repr(some) == repr(other)

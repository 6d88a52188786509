"""The declaration of callers, whose attributes are SQL parameters in policies."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NoReturn

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Date,
    DateTime,
    Double,
    Numeric,
    String,
    Text,
    Time,
    Uuid,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..errors import ConfigurationError
from ..suggestions import did_you_mean, naming_arguments
from .attributes import Attribute, is_method, name_of, read_attributes

PREFIX = "me_"
"""The prefix of the names of parameters that hold attributes of the caller."""


class MemberName(TypeDecorator[Enum]):
    """Type of enum members that are compared with each other, not with a column: their names."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Enum | None, _dialect: Dialect) -> str | None:
        return None if value is None else value.name


_TYPES: Mapping[type, TypeEngine[Any]] = {
    Enum: MemberName(),
    bool: Boolean(),
    int: BigInteger(),
    float: Double(),
    str: Text(),
    Decimal: Numeric(),
    uuid.UUID: Uuid(),
    dt.datetime: DateTime(timezone=True),
    dt.date: Date(),
    dt.time: Time(),
}
"""The types of parameters that are compared with no column."""


class CallerValue(BindParameter[Any]):
    """Parameter that is bound to an attribute of the caller when a request is executed.

    Args:
        caller: The caller.
        attribute: The attribute. A collection can only be used as the operand of `.in_(…)`.
    """

    inherit_cache = True

    def __init__(self, caller: Caller, attribute: Attribute) -> None:
        super().__init__(
            f"{PREFIX}{attribute.name}",
            type_=_TYPES[attribute.kind],
            required=True,
            expanding=attribute.is_many,
        )
        self.caller = caller
        self.attribute = attribute

    def __bool__(self) -> bool:
        raise ConfigurationError(
            f"me.{self.attribute.name} has no value before a request: it is a parameter of SQL. "
            "Join conditions by & and |, and negate them by ~."
        )

    def __contains__(self, column: object) -> NoReturn:
        raise ConfigurationError(
            f"`in me.{self.attribute.name}` is decided by Python, before any request. Write "
            f"Model.column.in_(me.{self.attribute.name})."
        )


@naming_arguments
class Caller:
    """The caller of a request, as returned by a FastAPI dependency.

    Its attributes, as in `me.organisation_ids`, are SQLAlchemy expressions: parameters that are
    bound to the attributes of what the dependency returns.

    Args:
        dependency: Any dependency whose return annotation is a class with annotated attributes: a
            Pydantic or SQLModel class, a dataclass, a NamedTuple or a msgspec struct.
        key: The attribute, or attributes, that identify a caller.

    Raises:
        ConfigurationError: The dependency has no such annotation, or `key` names no attribute.
    """

    def __init__(self, dependency: Callable[..., Any], *, key: str | Sequence[str] = "id") -> None:
        # All other names are attributes of the caller.
        self.__dependency = dependency
        self.__attributes = read_attributes(dependency)
        self.__key = self.__read_key((key,) if isinstance(key, str) else tuple(key))

    def __read_key(self, names: tuple[str, ...]) -> tuple[Attribute, ...]:
        start = f"Caller({name_of(self.__dependency)}, key={names}): "
        if not names:
            raise ConfigurationError(f"{start}name the attributes that identify a caller.")
        try:
            found = tuple(self.__find(name) for name in names)
        except ConfigurationError as exc:
            raise ConfigurationError(
                f"{start}{exc} A key names the attributes that identify a caller."
            ) from None
        for attribute in found:
            if attribute.is_many:
                raise ConfigurationError(f"{start}{attribute.name} is a collection.")
        return found

    def __find(self, name: str) -> Attribute:
        found = self.__attributes.get(name)
        if isinstance(found, Attribute):
            return found
        if found is not None:
            raise ConfigurationError(found)
        it_has = f"it has {', '.join(self.__attributes)}"
        if is_method(self.__dependency, name):
            raise ConfigurationError(
                f"`{name}` is a method of the caller; make it a @property. For now {it_has}."
            )
        suggestion = did_you_mean(name, self.__attributes)
        raise ConfigurationError(f"The caller has no attribute `{name}`{suggestion}; {it_has}.")

    def __getattr__(self, name: str) -> CallerValue:
        if name.startswith("_"):
            raise AttributeError(name)
        return CallerValue(self, self.__find(name))

    @property
    def __clause_element__(self) -> NoReturn:
        """Refuse the caller in an expression, where SQLAlchemy would take it for a value."""
        raise ConfigurationError(
            "The caller itself is no value; write one of its attributes, as in "
            f"me.{self.__key[0].name}. It has {', '.join(self.__attributes)}."
        )

    def __repr__(self) -> str:
        return f"Caller({name_of(self.__dependency)})"


def dependency_of(caller: Caller) -> Callable[..., Any]:
    """Return the dependency that returns the caller of a request."""
    found: Callable[..., Any] = vars(caller)["_Caller__dependency"]
    return found


def key_of(caller: Caller) -> tuple[Attribute, ...]:
    """Return the attributes that identify a caller."""
    found: tuple[Attribute, ...] = vars(caller)["_Caller__key"]
    return found

"""Attributes of a caller's class, read from its annotations."""

from __future__ import annotations

import datetime as dt
import inspect
import sys
import types
import typing
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping
from collections.abc import Sequence as AbstractSequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from functools import cached_property, partial
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import (
    AwareDatetime,
    BaseModel,
    EmailStr,
    FutureDate,
    FutureDatetime,
    NaiveDatetime,
    PastDate,
    PastDatetime,
)
from sqlmodel import SQLModel

from ..errors import ConfigurationError

# Subclasses come before their base classes: bool is an int, datetime is a date.
KINDS: tuple[type, ...] = (
    Enum,
    bool,
    int,
    float,
    str,
    Decimal,
    uuid.UUID,
    dt.datetime,
    dt.date,
    dt.time,
)
"""The classes of values that statements can have as parameters."""

CONSTRAINED_TIMES: Mapping[Any, type] = {
    AwareDatetime: dt.datetime,
    NaiveDatetime: dt.datetime,
    PastDatetime: dt.datetime,
    FutureDatetime: dt.datetime,
    PastDate: dt.date,
    FutureDate: dt.date,
}
"""Pydantic's constrained time types, which have no instances, and the classes of their values."""

_DESCRIBED: Mapping[Any, type] = {EmailStr: str, **CONSTRAINED_TIMES}

_BASES = (BaseModel, SQLModel)
"""Base classes whose own attributes, such as `model_extra`, say nothing about a caller."""

_COLLECTIONS = (list, set, frozenset, AbstractSequence, AbstractSet)
_GENERATORS = (Iterator, Generator, AsyncIterator, AsyncGenerator)


class Attribute(NamedTuple):
    """Attribute of a caller.

    Args:
        name: Its name.
        type_: The class of its value; of a collection, the class of the items.
        kind: The one of `KINDS` that this class is, or is derived from.
        is_many: Whether it is a collection.
        takes_none: Whether it may be None; of a collection, whether the collection as a whole may
            be.
        holds_none: Whether the items of a collection may be None.
    """

    name: str
    type_: type
    kind: type
    is_many: bool = False
    takes_none: bool = False
    holds_none: bool = False


def read_attributes(dependency: Callable[..., Any]) -> Mapping[str, Attribute | str]:
    """Read the attributes of the class that a dependency returns.

    Returns:
        The attributes by name; in place of one that can't be compared with a column, an error
        message.

    Raises:
        ConfigurationError: The dependency has no return annotation, or the class has no attribute
            that can be used.
    """
    cls = _class_of(dependency)
    found = {
        name: _read_attribute(name, hint)
        for name, hint in _hints_of(cls).items()
        if not name.startswith("_") and get_origin(hint) is not typing.ClassVar
    }
    if not any(isinstance(attribute, Attribute) for attribute in found.values()):
        raise ConfigurationError(
            f"Caller({name_of(dependency)}): {cls.__name__} has no attribute of a type that a "
            "policy can compare with, such as `id: int`."
        )
    return found


def name_of(dependency: object) -> str:
    """Return the name of a dependency for error messages."""
    return str(getattr(dependency, "__name__", type(dependency).__name__))


def is_method(dependency: Callable[..., Any], name: str) -> bool:
    """Whether a name is a method of the class that a dependency returns."""
    return inspect.isroutine(getattr(_class_of(dependency), name, None))


def _class_of(dependency: Callable[..., Any]) -> type:
    """Return the class that a dependency returns or yields."""
    if isinstance(dependency, type):
        return dependency
    function: Any = dependency
    while isinstance(function, partial):
        function = function.func
    if not inspect.isroutine(function):
        function = type(function).__call__
    given = _evaluate(
        getattr(function, "__annotations__", {}).get("return"),
        getattr(inspect.unwrap(function), "__globals__", {}),
    )
    given = _bare(given)
    if get_origin(given) in _GENERATORS:
        given = _bare(get_args(given)[0])
    if not isinstance(given, type) or given in (types.NoneType, dict, *KINDS):
        raise ConfigurationError(
            f"Caller({name_of(dependency)}): its return annotation should be a class with "
            "annotated attributes, as in -> Member; names in it have to be defined at run time. "
            "For callers who are not logged in, return an instance too, or raise "
            "HTTPException(401)."
        )
    return given


def _hints_of(cls: type) -> Mapping[str, Any]:
    """Return the annotations of a class's attributes and properties."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base in _BASES:
            continue
        scope = vars(sys.modules.get(base.__module__, typing))
        for name, hint in inspect.get_annotations(base).items():
            hints[name] = _evaluate(hint, scope)
        for name, member in vars(base).items():
            getter = member.fget if isinstance(member, property) else getattr(member, "func", None)
            if isinstance(member, (property, cached_property)) and getter is not None:
                given = inspect.get_annotations(getter).get("return", inspect.Signature.empty)
                hints[name] = _evaluate(given, scope)
    return hints


def _evaluate(hint: Any, scope: Mapping[str, Any]) -> Any:
    """Evaluate an annotation; one with unknown names is returned as it is written."""

    def holder() -> None: ...

    holder.__annotations__ = {"value": hint}
    try:
        return get_type_hints(holder, {**scope}, include_extras=True)["value"]
    except (NameError, TypeError):
        return hint


def _read_attribute(name: str, hint: Any) -> Attribute | str:
    """Read an attribute's annotation; return an error message for a type that SQL does not have."""
    bare, takes_none = _optional(hint)
    origin, arguments = get_origin(bare), get_args(bare)
    is_many = origin in _COLLECTIONS or (origin is tuple and arguments[1:] == (...,))
    item, holds_none = _optional(arguments[0]) if is_many else (bare, False)
    type_ = _value_class(item)
    kind = next((kind for kind in KINDS if type_ is not None and issubclass(type_, kind)), None)
    if type_ is not None and kind is not None:
        return Attribute(name, type_, kind, is_many, takes_none, holds_none)
    written = getattr(hint, "__name__", hint) if isinstance(hint, type) else hint
    fault = f"is annotated as {written}, with which no column can be compared"
    if hint is inspect.Signature.empty:
        fault = "has no annotation of what it returns"
    return (
        f"me.{name} {fault}. It can be int, str, bool, float, Decimal, UUID, date, time, "
        "datetime, an Enum, any of them or None, or a list, set, frozenset or tuple[X, ...] of "
        "them."
    )


def _value_class(item: Any) -> type | None:
    if get_origin(item) is Literal:
        classes = {type(value) for value in get_args(item)}
        return classes.pop() if len(classes) == 1 else None
    found = _DESCRIBED.get(item, item) if isinstance(item, type) else None
    return found if isinstance(found, type) else None


def _optional(hint: Any) -> tuple[Any, bool]:
    """Return an annotation without metadata and without None, and whether it allows None."""
    bare = _bare(hint)
    if get_origin(bare) not in (Union, types.UnionType):
        return bare, False
    members = [kind for kind in get_args(bare) if kind is not types.NoneType]
    takes_none = len(members) < len(get_args(bare))
    return (_bare(members[0]) if len(members) == 1 else bare), takes_none


def _bare(hint: Any) -> Any:
    """Return an annotation without metadata, NewTypes and type aliases."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    for alias in ("__supertype__", "__value__"):  # of a NewType, and of `type Name = …`
        if alias in getattr(hint, "__dict__", ()) or hasattr(type(hint), alias):
            return _bare(getattr(hint, alias))
    return hint

"""Parts of documents and their types, as annotations declare them."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from functools import lru_cache, partial
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

from ..compat.pydantic import declared_fields_of
from .invalid_values import Unreadable
from .kinds import Kind, bare_class, strip_optional
from .names import shown_name


class View(StrEnum):
    """Typed view of a part of a document; NULL where the part has another type."""

    NUMBER = "number"
    DIGITS = "digits"
    """A number, or a text that is written as a number, as decimals are."""

    TEXT = "text"
    BOOLEAN = "boolean"
    VALUE = "value"
    """Any value except JSON's null."""

    RANK = "rank"
    """The position of the value's type in the sort order: numbers, texts, booleans, containers."""

    LABEL = "label"
    """A text, or a boolean as text, for sorting."""


def view_of(annotation: Any) -> tuple[View, Kind]:
    """Return the view and the kind of an annotation's values."""
    if get_origin(annotation) is Literal:
        classes = {type(value) for value in get_args(annotation)}
        annotation = classes.pop() if len(classes) == 1 else Any
    if get_origin(annotation) in _UNIONS:
        return _view_of_union({view_of(unwrap(member)) for member in get_args(annotation)})
    cls = bare_class(annotation)
    if cls is None or cls in (Any, object):
        return View.VALUE, Kind.VALUE
    if members_of(annotation) is not None or issubclass(cls, Mapping):
        return View.VALUE, Kind.JSON
    if _holds_items(cls):
        return View.VALUE, Kind.LIST
    return _view_of_class(cls)


def _view_of_union(members: set[tuple[View, Kind]]) -> tuple[View, Kind]:
    if {view for view, _ in members} == {View.NUMBER}:
        return View.NUMBER, Kind.FLOAT
    return members.pop() if len(members) == 1 else (View.VALUE, Kind.VALUE)


def _view_of_class(cls: type) -> tuple[View, Kind]:
    if issubclass(cls, bool):
        return View.BOOLEAN, Kind.BOOLEAN
    if issubclass(cls, Enum):
        are_texts = all(isinstance(member.value, str) for member in cls)
        return (View.TEXT, Kind.ENUM) if are_texts else (View.VALUE, Kind.VALUE)
    if issubclass(cls, int):
        return View.NUMBER, Kind.INTEGER
    if issubclass(cls, Decimal):
        return View.DIGITS, Kind.DECIMAL
    return (View.NUMBER, Kind.FLOAT) if issubclass(cls, float) else (View.TEXT, Kind.TEXT)


def _holds_items(cls: type) -> bool:
    return issubclass(cls, Iterable) and not issubclass(cls, (str, bytes, Enum, Mapping))


def annotation_below(annotation: Any, step: str) -> Any:
    """Return the annotation of a part of an annotated value; None if it has no such part."""
    if step in excluded_names(annotation):
        return None
    if view_of(annotation)[0] is View.VALUE and get_origin(annotation) in _UNIONS:
        below = (annotation_below(unwrap(member), step) for member in get_args(annotation))
        return Union[(*(found for found in below if found is not None), Any)]
    members = members_of(annotation)
    if members is not None:
        return members.get(step, members.get(_ANY_NAME))
    cls = bare_class(annotation)
    if cls is None or cls in (Any, object):
        return Any
    args = get_args(annotation)
    if issubclass(cls, Mapping):
        return args[1] if len(args) == 2 else Any
    if not _holds_items(cls):
        return None
    return _item_at(cls, args, step) if POSITION.fullmatch(step) else None


def _item_at(cls: type, args: Sequence[Any], step: str) -> Any:
    if not args:
        return Any
    if not issubclass(cls, tuple) or args[-1] is ...:
        return args[0]
    return args[int(step)] if int(step) < len(args) else None


@lru_cache(maxsize=1024)
def _members_of_class(cls: type) -> Mapping[str, Any] | None:
    if issubclass(cls, BaseModel):
        found = {
            shown_name(k, i): i.annotation for k, i in cls.model_fields.items() if not i.exclude
        }
        computed = cls.model_computed_fields.items()
        found |= {info.alias or key: info.return_type for key, info in computed}
        return found | ({_ANY_NAME: Any} if cls.model_config.get("extra") == "allow" else {})
    hints = _hints_of(cls)
    if hints is None:
        return None
    excluded = excluded_names(cls)
    return {name: hint for name, hint in hints.items() if name not in excluded}


def _hints_of(cls: type) -> Mapping[str, Any] | None:
    """Return the annotations of a TypedDict's or a dataclass's parts; None for other classes."""
    is_typed_dict = hasattr(cls, "__required_keys__")  # one of typing_extensions too
    if not (is_typed_dict or is_dataclass(cls)):
        return None
    try:
        return get_type_hints(cls, include_extras=True)
    except NameError:  # a name that is imported only for type checkers
        return {_ANY_NAME: Any}


def _infos_of(hint: Any) -> Sequence[FieldInfo]:
    """Return what `Annotated` has of Pydantic's in an annotation."""
    if get_origin(hint) in (Required, NotRequired):
        hint = get_args(hint)[0]
    given = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return [one for one in given if isinstance(one, FieldInfo)]


@lru_cache(maxsize=1024)
def _excluded_by_class(cls: type) -> frozenset[str]:
    infos = declared_fields_of(cls)
    if infos is None:
        infos = {name: i for name, hint in (_hints_of(cls) or {}).items() for i in _infos_of(hint)}
    excluded = {
        name
        for key, info in infos.items()
        if info.exclude
        for name in (key, info.alias, info.validation_alias, info.serialization_alias)
        if isinstance(name, str)
    }
    shown = {shown_name(key, info) for key, info in infos.items() if not info.exclude}
    return frozenset(excluded - shown)


def excluded_names(annotation: Any) -> frozenset[str]:
    """Return the names of the parts that an annotation excludes from what is shown."""
    if get_origin(annotation) in _UNIONS:
        members = [unwrap(member) for member in get_args(annotation)]
        shown = {name for member in members for name in members_of(member) or ()}
        return frozenset(name for m in members for name in excluded_names(m) if name not in shown)
    cls = bare_class(annotation)
    return frozenset() if cls is None else _excluded_by_class(cls)


def excluder_of(annotation: Any) -> Callable[[Any], Any] | None:
    """Return what removes from a document the parts that its annotation excludes.

    Documents that were stored by other code may have such parts. None if nothing is excluded.
    """
    seen: list[Any] = []
    pending = [annotation]
    while pending:
        found = unwrap(pending.pop())
        if found in seen:
            continue
        if excluded_names(found):
            return partial(_exclude, unwrap(annotation))
        seen.append(found)
        pending += [*(members_of(found) or {}).values(), *get_args(found)]
    return None


def _exclude(annotation: Any, value: Any) -> Any:
    """Copy a document without excluded parts, however deeply other code has nested it."""
    if isinstance(value, Unreadable):
        return None  # a text that is no JSON may have such parts
    whole: list[Any] = [value]
    pending: list[tuple[Any, Any, Any]] = [(whole, 0, annotation)]
    while pending:
        holder, place, annotated = pending.pop()
        found = holder[place]
        if isinstance(found, dict):
            excluded = excluded_names(annotated)
            holder[place] = {name: found[name] for name in found if name not in excluded}
        elif isinstance(found, list):
            holder[place] = list(found)
        else:
            continue
        places: Iterable[Any] = holder[place] if isinstance(found, dict) else range(len(found))
        pending += [
            (holder[place], at, unwrap(annotation_below(annotated, str(at)))) for at in places
        ]
    return whole[0]


def members_of(annotation: Any) -> Mapping[str, Any] | None:
    """Return the annotations of the named parts; None if the names are not declared."""
    cls = bare_class(annotation)
    return None if cls is None else _members_of_class(cls)


_ANY_NAME = ""
"""The key for undeclared names, among the names that an annotation declares."""


POSITION = re.compile(r"0|[1-9][0-9]{0,8}")
"""Array positions, from 0."""


_UNIONS = (Union, types.UnionType)


def unwrap(annotation: Any) -> Any:
    """Strip an annotation of None, type aliases and `Annotated`, which don't matter for
    documents."""
    inner = _unwrap_once(annotation)
    # A union without None is a new object each time.
    return annotation if inner == annotation else unwrap(inner)


def _unwrap_once(annotation: Any) -> Any:
    annotation = strip_optional(annotation)
    if get_origin(annotation) in (Annotated, Required, NotRequired):
        return get_args(annotation)[0]
    if hasattr(annotation, "__supertype__"):  # of a NewType
        return annotation.__supertype__
    if hasattr(type(annotation), "__value__"):  # of `type Name = …`
        return annotation.__value__
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return annotation.model_fields["root"].annotation
    return annotation

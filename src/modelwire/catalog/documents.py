"""What stands inside of JSON columns: a part of a document is a field with a path."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from functools import lru_cache
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
from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, Boolean, Integer, Numeric, Text
from sqlalchemy.types import TypeEngine

from .codecs import Convert
from .field import Field
from .kinds import Kind, bare_class, storage_type, strip_optional
from .names import shown_name


class View(StrEnum):
    """What is taken of a part of a document; NULL where it is nothing of the kind."""

    NUMBER = "number"
    DIGITS = "digits"
    """A number, or a text that is written as one, as decimals are."""

    TEXT = "text"
    BOOLEAN = "boolean"
    VALUE = "value"
    """Whatever it is, but JSON's null."""

    RANK = "rank"
    """Where its type stands in the order of all: numbers, texts, booleans, what holds others."""

    LABEL = "label"
    """A text, or a boolean as one, by which they are ordered."""


_TYPES: Mapping[View, type[TypeEngine[Any]]] = {
    View.NUMBER: Numeric,
    View.DIGITS: Numeric,
    View.TEXT: Text,
    View.BOOLEAN: Boolean,
    View.VALUE: JSON,
    View.RANK: Integer,
    View.LABEL: Text,
}

_SEEN_AS: Mapping[View, tuple[Kind, Any]] = {
    View.NUMBER: (Kind.FLOAT, float),
    View.TEXT: (Kind.TEXT, str),
    View.BOOLEAN: (Kind.BOOLEAN, bool),
    View.VALUE: (Kind.VALUE, Any),
    View.RANK: (Kind.INTEGER, int),
    View.LABEL: (Kind.TEXT, str),
}
"""The kind of what is taken of any part, and its annotation."""


@dataclass(frozen=True, eq=False)
class Part(Field):
    """A part of the documents in a JSON column, as the wire sees it.

    Two of the same column, path and view are equal.

    Args:
        whole: The column.
        steps: The names and positions that lead to it.
        view: What is taken of it.
    """

    whole: Field
    steps: tuple[str, ...]
    view: View

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[Field, tuple[str, ...], View]:
        return self.whole, self.steps, self.view

    @property
    def root(self) -> Part:
        """The part alone, as a document of its own."""
        return _make(self.whole, (), self.view, self.kind, self.annotation)

    def seen_as(self, view: View) -> Part:
        """The same part, of which something else is taken."""
        return _make(self.whole, self.steps, view, *_SEEN_AS[view])


def views_in_order(part: Part) -> Sequence[Part]:
    """What values of any type are ordered by: their types, and then their values; what holds others
    has none."""
    return [part.seen_as(view) for view in (View.RANK, View.NUMBER, View.LABEL)]


def is_document(field: Field) -> bool:
    """Whether a field's column holds JSON, into which paths lead."""
    return (
        field.kind is Kind.JSON
        and not isinstance(field, Part)
        and isinstance(storage_type(field.sql_type), JSON)
    )


def whole_of(field: Field) -> Part:
    """All of a document, as its own part."""
    return _part_of(field, (), _unwrap(field.annotation))


def enter(field: Field, steps: tuple[str, ...]) -> Part | None:
    """Follow a path into the documents of a column.

    Args:
        field: The column.
        steps: The names and positions.

    Returns:
        The part; None where the column's annotation has no such name.
    """
    annotation = _unwrap(field.annotation)
    for step in steps:
        found = _below(annotation, step)
        if found is None:
            return None
        annotation = _unwrap(found)
    return _part_of(field, steps, annotation)


def item_of(part: Part) -> Part | None:
    """Any item of what is or may be an array; None where nothing says what all of them are."""
    if part.kind is not Kind.LIST:
        return None
    args = get_args(part.annotation)
    is_mixed = bare_class(part.annotation) is tuple and len(set(args) - {...}) > 1
    return None if is_mixed else enter(part.whole, (*part.steps, "0"))


def described_parts(field: Field) -> Sequence[Part]:
    """The parts with a value that an annotation names, those that are no deeper than documents of
    an API go on about; of arrays and of names that may be any, none."""
    found: list[Part] = []
    level = [whole_of(field)] if is_document(field) else []
    for _ in range(DESCRIBED_DEPTH):
        parts = [(part, name) for part in level for name in names_below(field, part.steps)]
        inner = (enter(field, (*part.steps, name)) for part, name in parts)
        level = [part for part in inner if part is not None]
        found += [part for part in level if part.kind is not Kind.JSON]
    return found[:MOST_DESCRIBED]


DESCRIBED_DEPTH = 3
"""Names that a described path has behind that of its column, at most."""

MOST_DESCRIBED = 50
"""Parts of one column that are described."""


def names_below(field: Field, steps: tuple[str, ...]) -> Iterator[str]:
    """The names that an annotation gives the parts of what a path leads to."""
    annotation = _unwrap(field.annotation)
    for step in steps:
        annotation = _unwrap(_below(annotation, step))
    yield from filter(None, _members(annotation) or ())


def _part_of(field: Field, steps: tuple[str, ...], annotation: Any) -> Part:
    view, kind = _view_of(annotation)
    return _make(field, steps, view, kind, annotation)


def _make(field: Field, steps: tuple[str, ...], view: View, kind: Kind, annotation: Any) -> Part:
    return Part(
        name=".".join((field.name, *map(write_step, steps))),
        key=field.key,
        column=field.column,
        sql_type=_TYPES[view](),
        info=field.info,
        declared=annotation,
        annotation=annotation,
        kind=kind,
        to_column=_WRITERS.get(kind) if view in _OPERANDS else None,
        from_column=_to_number if view is View.NUMBER else None,
        text_form=None,
        nullable=True,
        primary_key=False,
        readable=field.readable,
        hidden_by_name=False,
        writable=False,
        filled=False,
        default=None,
        computed=None,
        whole=field,
        steps=steps,
        view=view,
    )


def write_step(step: str) -> str:
    """Write a name as one step of a path: in double quotes where it has a dot, or one of these."""
    if step and not set(step) & set('."') and "__" not in step:
        return step
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _to_number(value: Any) -> float:
    """A number as JSON shows it."""
    whole = int(value)
    return whole if whole == value else float(value)


def to_decimal(value: float) -> Decimal:
    """A number of JSON in the digits that it has there."""
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def _to_member(member: Any) -> str:
    return str(getattr(member, "value", member))


_OPERANDS = frozenset({View.NUMBER, View.TEXT})
"""The views whose values are written otherwise than their annotation has them."""

_WRITERS: Mapping[Kind, Convert] = {
    Kind.INTEGER: to_decimal,
    Kind.FLOAT: to_decimal,
    Kind.ENUM: _to_member,
    Kind.TEXT: to_jsonable_python,
}


def _view_of(annotation: Any) -> tuple[View, Kind]:
    """What is taken of values of an annotation, and of which kind they are."""
    if get_origin(annotation) is Literal:
        classes = {type(value) for value in get_args(annotation)}
        annotation = classes.pop() if len(classes) == 1 else Any
    if get_origin(annotation) in _UNIONS:
        return _view_of_union({_view_of(_unwrap(member)) for member in get_args(annotation)})
    cls = bare_class(annotation)
    if cls is None or cls in (Any, object):
        return View.VALUE, Kind.VALUE
    if _members(annotation) is not None or issubclass(cls, Mapping):
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


def _below(annotation: Any, step: str) -> Any:
    """The annotation of a part of what another one annotates; None where it has no such part."""
    if _view_of(annotation)[0] is View.VALUE and get_origin(annotation) in _UNIONS:
        return Any
    members = _members(annotation)
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
def _members_of(cls: type) -> Mapping[str, Any] | None:
    if issubclass(cls, BaseModel):
        found = {
            shown_name(k, i): i.annotation for k, i in cls.model_fields.items() if not i.exclude
        }
        computed = cls.model_computed_fields.items()
        found |= {info.alias or key: info.return_type for key, info in computed}
        return found | ({_ANY_NAME: Any} if cls.model_config.get("extra") == "allow" else {})
    is_typed_dict = hasattr(cls, "__required_keys__")  # one of typing_extensions too
    if not (is_typed_dict or is_dataclass(cls)):
        return None
    try:
        return get_type_hints(cls, include_extras=True)
    except NameError:  # a name that was imported for type checkers only
        return {_ANY_NAME: Any}


def _members(annotation: Any) -> Mapping[str, Any] | None:
    """The annotations of the parts that have names; None where nothing says these."""
    cls = bare_class(annotation)
    return None if cls is None else _members_of(cls)


_ANY_NAME = ""
"""Stands among the names that an annotation gives where there may be others."""

POSITION = re.compile(r"0|[1-9][0-9]{0,8}")
"""How positions in arrays are written, from 0."""

_UNIONS = (Union, types.UnionType)


def _unwrap(annotation: Any) -> Any:
    """An annotation without what says nothing of documents: None, names of types, `Annotated`."""
    inner = _unwrap_once(annotation)
    # What a union becomes without None is made anew each time.
    return annotation if inner == annotation else _unwrap(inner)


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

"""Parts of documents in JSON columns, as fields with a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import (
    Any,
    get_args,
)

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, Boolean, Integer, Numeric, Text
from sqlalchemy.types import TypeEngine

from .codecs import Convert
from .document_types import View, annotation_below, members_of, unwrap, view_of
from .field import Field
from .kinds import Kind, bare_class, storage_type

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
"""The kind and annotation of each view of any part."""


@dataclass(frozen=True, eq=False)
class Part(Field):
    """Part of the documents in a JSON column, as a field.

    Two parts of the same column, path and view are equal.

    Args:
        whole: The column.
        steps: The names and positions that lead to the part.
        view: The view of it.
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
        """The same part as a document by itself."""
        return _make(self.whole, (), self.view, self.kind, self.annotation)

    def seen_as(self, view: View) -> Part:
        """Return another view of the same part."""
        return _make(self.whole, self.steps, view, *_SEEN_AS[view])


def views_in_order(part: Part) -> Sequence[Part]:
    """Return the views that values of any type are sorted by: first the type, then the value;
    containers have no value."""
    return [part.seen_as(view) for view in (View.RANK, View.NUMBER, View.LABEL)]


def is_document(field: Field) -> bool:
    """Whether a field's column holds JSON documents that paths can lead into."""
    return (
        field.kind is Kind.JSON
        and not isinstance(field, Part)
        and isinstance(storage_type(field.sql_type), JSON)
    )


def whole_of(field: Field) -> Part:
    """Return a document as a whole, as a part."""
    return _part_of(field, (), unwrap(field.annotation))


def enter(field: Field, steps: tuple[str, ...]) -> Part | None:
    """Follow a path into the documents of a column.

    Args:
        field: The column.
        steps: The names and positions.

    Returns:
        The part; None if the column's annotation has no such part.
    """
    annotation = unwrap(field.annotation)
    for step in steps:
        found = annotation_below(annotation, step)
        if found is None:
            return None
        annotation = unwrap(found)
    return _part_of(field, steps, annotation)


def item_of(part: Part) -> Part | None:
    """Return the part for any item of an array; None if it is not one, or has mixed items."""
    if part.kind is not Kind.LIST:
        return None
    args = get_args(part.annotation)
    is_mixed = bare_class(part.annotation) is tuple and len(set(args) - {...}) > 1
    return None if is_mixed else enter(part.whole, (*part.steps, "0"))


def described_parts(field: Field) -> Sequence[Part]:
    """Return the parts with values that an annotation declares, down to the depth that is
    documented in OpenAPI; none for arrays and undeclared names."""
    found: list[Part] = []
    level = [whole_of(field)] if is_document(field) else []
    for _ in range(DESCRIBED_DEPTH):
        parts = [(part, name) for part in level for name in names_below(field, part.steps)]
        inner = (enter(field, (*part.steps, name)) for part, name in parts)
        level = [part for part in inner if part is not None]
        found += [part for part in level if part.kind is not Kind.JSON]
    return found[:MOST_DESCRIBED]


DESCRIBED_DEPTH = 3
"""Names after the column's name in a documented path, at most."""


MOST_DESCRIBED = 50
"""Parts of one column that are documented, at most."""


def names_below(field: Field, steps: tuple[str, ...]) -> Iterator[str]:
    """Yield the names that an annotation declares below a path."""
    annotation = unwrap(field.annotation)
    for step in steps:
        annotation = unwrap(annotation_below(annotation, step))
    yield from filter(None, members_of(annotation) or ())


def _part_of(field: Field, steps: tuple[str, ...], annotation: Any) -> Part:
    view, kind = view_of(annotation)
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
    """Write a name as one step of a path, quoted if it contains a dot, a quote or `__`."""
    if step and not set(step) & set('."') and "__" not in step:
        return step
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _to_number(value: Any) -> float:
    """Return a number as JSON shows it."""
    whole = int(value)
    return whole if whole == value else float(value)


def to_decimal(value: float) -> Decimal:
    """Return a JSON number as a decimal with the same digits."""
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def _to_member(member: Any) -> str:
    return str(getattr(member, "value", member))


_OPERANDS = frozenset({View.NUMBER, View.TEXT})
"""The views whose operands are written differently from values of their annotation."""


_WRITERS: Mapping[Kind, Convert] = {
    Kind.INTEGER: to_decimal,
    Kind.FLOAT: to_decimal,
    Kind.ENUM: _to_member,
    Kind.TEXT: to_jsonable_python,
}

"""Expressions on parts of documents in JSON columns, compiled for each database in `dialects`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Text,
    bindparam,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ..catalog.documents import Part, views_in_order
from ..catalog.kinds import storage_type


class OfPart(FunctionElement[Any]):
    """Base of expressions on a part of the documents in a column.

    Args:
        column: The column.
        part: The part.
        given: A parameter that holds a JSON array.
    """

    inherit_cache = False

    def __init__(
        self, column: ColumnElement[Any], part: Part, given: BindParameter[str] | None = None
    ) -> None:
        self.type = self._type_of(part)
        self.steps = part.steps
        self.view = part.view
        self.is_binary = isinstance(storage_type(part.whole.sql_type), JSONB)
        steps = [literal(step, Text()) for step in part.steps]
        super().__init__(column, *steps, *([] if given is None else [given]))

    def _type_of(self, _part: Part) -> TypeEngine[Any]:
        return Boolean()


class PartOf(OfPart):
    """Value of a part in its view; NULL if it has another type."""

    inherit_cache = False

    def _type_of(self, part: Part) -> TypeEngine[Any]:
        return part.sql_type


class TextOf(PartOf):
    """Part as a text: on PostgreSQL, also of values that are not texts, so that a plain index
    applies."""

    inherit_cache = False


class IsText(OfPart):
    """Whether a part is a text, where `TextOf` is not restricted to texts."""

    inherit_cache = False


class IsAbsent(OfPart):
    """Whether a part is missing or null."""

    inherit_cache = False


class Holds(OfPart):
    """Whether a part is an array with one of the given values."""

    inherit_cache = False


class Occurs(OfPart):
    """Whether a part is one of the given values."""

    inherit_cache = False


def ranked(value: ColumnElement[Any], part: Part) -> Sequence[ColumnElement[Any]]:
    """Return the sort keys of values of any type: their types, then the values themselves.

    Args:
        value: The values, as an unconverted part of documents.
        part: The part.
    """
    return [PartOf(value, view) for view in views_in_order(part.root)]


def is_absent(column: ColumnElement[Any], part: Part) -> ColumnElement[bool]:
    """Write that a part of the documents in a column is missing or null."""
    return IsAbsent(column, part)


def holds(column: ColumnElement[Any], part: Part, name: str) -> ColumnElement[bool]:
    """Write that a part is an array that has an item, given as a JSON array in a parameter."""
    return Holds(column, part, bindparam(name, type_=Text()))


def occurs(column: ColumnElement[Any], part: Part, name: str) -> ColumnElement[bool]:
    """Write that a part is one of the values in a parameter, which is a JSON array."""
    return Occurs(column, part, bindparam(name, type_=Text()))


def text_and_guard(
    column: ColumnElement[Any], part: Part
) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """Write a part as a text to compare, and a condition that must hold in addition."""
    return TextOf(column, part), IsText(column, part)

"""Parts of the documents in JSON columns; how each database finds them is told in `dialects`."""

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
    """What is told of a part of the documents in a column.

    Args:
        column: The column.
        part: The part.
        given: A parameter that holds an array in JSON.
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
    """What a part is, as its view says; NULL where it is nothing of the kind."""

    inherit_cache = False

    def _type_of(self, part: Part) -> TypeEngine[Any]:
        return part.sql_type


class TextOf(PartOf):
    """A part as a text: on PostgreSQL also what is none, so that a plain index is of use."""

    inherit_cache = False


class IsText(OfPart):
    """Whether a part is a text, where that is not told by its being one."""

    inherit_cache = False


class IsAbsent(OfPart):
    """Whether a part is not there, or null."""

    inherit_cache = False


class Holds(OfPart):
    """Whether a part is an array with one of the given values."""

    inherit_cache = False


class Occurs(OfPart):
    """Whether a part is one of the given values."""

    inherit_cache = False


def ranked(value: ColumnElement[Any], part: Part) -> Sequence[ColumnElement[Any]]:
    """Write what values of any type are ordered by: their types, and then they themselves.

    Args:
        value: The values, as a part of documents that is taken as it is.
        part: The part.
    """
    return [PartOf(value, view) for view in views_in_order(part.root)]


def is_absent(column: ColumnElement[Any], part: Part) -> ColumnElement[bool]:
    """Write that a part of the documents in a column is not there, or null."""
    return IsAbsent(column, part)


def holds(column: ColumnElement[Any], part: Part, name: str) -> ColumnElement[bool]:
    """Write that a part is an array with the value in a parameter, an array in JSON itself."""
    return Holds(column, part, bindparam(name, type_=Text()))


def occurs(column: ColumnElement[Any], part: Part, name: str) -> ColumnElement[bool]:
    """Write that a part is one of the values in a parameter, an array in JSON."""
    return Occurs(column, part, bindparam(name, type_=Text()))


def text_and_guard(
    column: ColumnElement[Any], part: Part
) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """Write a part as a text to compare, and what must hold beside the comparison."""
    return TextOf(column, part), IsText(column, part)

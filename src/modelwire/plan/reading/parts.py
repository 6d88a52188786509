"""Comparisons of parts of documents with undeclared types: the operand's type decides."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any

from msgspec.structs import replace

from ...catalog.document_types import View
from ...catalog.documents import Part, item_of, to_decimal
from ...catalog.domain import MAX_INT64, MIN_INT64
from ...catalog.field import Field
from ...catalog.kinds import Kind
from ...shape.conditions import Predicate
from ..parameters import Pair
from ..values import BadValue, parse_text, parse_value
from .operators import EQUAL, PATTERNS
from .paths import is_quoted, unquote

Scalar = str | bool | Decimal

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DIGITS = 20


def part_told_by_operand(field: Field, operator: str) -> Part | None:
    """Return the field if it is a part that is compared by the type of the operand."""
    if operator == "isnull" or not isinstance(field, Part):
        return None
    return field if field.kind is Kind.VALUE or operator == "has" else None


def compare_part(
    predicate: Predicate, part: Part, texts: Sequence[str], quoted: Sequence[bool] | None
) -> tuple[Predicate, Any]:
    """Compare a part of a document by the types of its operands.

    Args:
        predicate: The comparison.
        part: The part.
        texts: The operands.
        quoted: Whether each was in double quotes, if these are removed already.

    Returns:
        The comparison of the view of that type, and the operand.

    Raises:
        BadValue: An operand is not valid for the operator.
    """
    pairs = list(zip(texts, quoted or repeat(None)))  # noqa: B905  # one of them is endless
    if predicate.operator == "has":
        return predicate, write_array([_read_item(part, *pair) for pair in pairs])
    if predicate.operator in PATTERNS:
        return replace(predicate, field=part.seen_as(View.TEXT)), _read_text(*pairs[0])
    values = [read_scalar(*pair) for pair in pairs]
    views = {_view_of(value) for value in values}
    if predicate.operator in ("in", "not_in") and len(views) > 1:
        return predicate, write_array(values)
    if len(views) > 1:
        raise BadValue("should be of the same type as the other one, a number or a text")
    if predicate.operator not in EQUAL and View.BOOLEAN in views:
        raise BadValue("should be a number or a text; in double quotes it is a text")
    compared = replace(predicate, field=part.seen_as(views.pop()))
    if predicate.operator in ("in", "not_in"):
        return compared, values
    return compared, Pair(*values) if predicate.operator == "between" else values[0]


def read_scalar(text: str, quoted: bool | None = None) -> Scalar:
    """Parse a text as a JSON scalar: a number, true or false; otherwise a text.

    Args:
        text: The text; in double quotes, it is always a text.
        quoted: Whether it was in double quotes, which are removed already; None if not checked yet.

    Raises:
        BadValue: It is a number outside the range of 64 bits.
    """
    if quoted or (quoted is None and is_quoted(text)):
        return _read_text(text, quoted)
    if text in ("true", "false"):
        return text == "true"
    found = _NUMBER.fullmatch(text)
    if found is None:
        return parse_text(text)
    if found[1] or found[2]:
        number = float(text)
        if not math.isfinite(number):
            raise BadValue("should be a number within those of 64 bits, or a text in double quotes")
        return to_decimal(number)
    whole = int(text) if len(text) <= _DIGITS else MAX_INT64 + 1
    if not MIN_INT64 <= whole <= MAX_INT64:
        raise BadValue("should be an integer within 64 bits, or a text in double quotes")
    return Decimal(whole)


def write_array(values: Sequence[Scalar]) -> str:
    """Write values as a JSON array."""
    return f"[{','.join(map(_write, values))}]"


def _write(value: Scalar) -> str:
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _read_text(text: str, quoted: bool | None) -> str:
    return parse_text(unquote(text) if quoted is None else text)


def _read_item(part: Part, text: str, quoted: bool | None) -> Scalar:
    """Read an item of an array, by the annotation of its items."""
    item = item_of(part)
    if item is None or item.kind in (Kind.VALUE, Kind.JSON, Kind.LIST):
        return read_scalar(text, quoted)
    value: Scalar = parse_value(text, item)
    # Decimals are texts in an array.
    return text if item.kind is Kind.DECIMAL else value


def _view_of(value: Scalar) -> View:
    if isinstance(value, bool):
        return View.BOOLEAN
    return View.TEXT if isinstance(value, str) else View.NUMBER

"""The reference: what is true of the parts of documents, computed in plain Python."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any

from tests.query.model import compare_text

ABSENT: Any = None
"""Marker of an absent value, which counts as null."""

TEXT_OPERATORS = ("contains", "startswith", "endswith", "like")
OPERATORS = (
    *("eq", "ne", "in", "not_in", "isnull", "gt", "gte", "lt", "lte", "between", "has"),
    *TEXT_OPERATORS,
    *(f"i{operator}" for operator in TEXT_OPERATORS),
)


@dataclass(frozen=True)
class Question:
    """A comparison of a part of a document.

    Args:
        column: The column.
        steps: The names and positions that lead to the part.
        operator: The operator.
        operands: One, or those of a list.
        through: The relations that lead to the column.
    """

    column: str
    steps: tuple[str, ...]
    operator: str
    operands: tuple[Any, ...]
    through: str = ""

    @property
    def path(self) -> str:
        """The path, as it is asked."""
        return ".".join(filter(None, (self.through, self.column, *map(write_step, self.steps))))

    @property
    def name(self) -> str:
        return f"{self.path}__{self.operator}"

    @property
    def texts(self) -> list[str]:
        """The operands, as they are asked outside of `or`."""
        return [write(operand) for operand in self.operands]

    def holds(self, document: Any) -> bool:
        """Whether it is true of a document."""
        return compare(find(document, self.steps), self.operator, self.operands)

    def holds_for(self, row: dict[str, Any], boxes: dict[int, dict[str, Any]]) -> bool:
        """Whether it is true of a row, or of the one that its relation leads to."""
        if not self.through:
            return self.holds(document_in(row, self.column, boxes))
        box = boxes.get(row["box_id"])
        return box is not None and self.holds(box[self.column])


def document_in(row: dict[str, Any], column: str, boxes: dict[int, dict[str, Any]]) -> Any:
    """The document in a column of a row, or the one that is computed."""
    if column == "boxed":
        return boxes.get(row["box_id"], {}).get("meta")
    return row["binary" if column == "shadow" else column]


def write_step(step: str) -> str:
    """A step of a path; in quotes wherever it must be."""
    if re.fullmatch(r"[A-Za-z0-9é😀$%'=*-]+", step):
        return step
    return quote(step)


def quote(text: str) -> str:
    """A text in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(operand: Any) -> str:
    """An operand as it is asked: what would be read as something else, or as two, in quotes."""
    if not isinstance(operand, str):
        return json.dumps(operand)
    try:
        json.loads(operand)
    except ValueError:
        return operand if not set(operand) & set('",') else quote(operand)
    return quote(operand)


def find(document: Any, steps: Sequence[str]) -> Any:
    """The part of a document that a path leads to."""
    for step in steps:
        if isinstance(document, dict):
            document = document.get(step, ABSENT)
        elif isinstance(document, list) and re.fullmatch("0|[1-9][0-9]*", step):
            document = document[int(step)] if int(step) < len(document) else ABSENT
        else:
            return ABSENT
    return document


def compare(value: Any, operator: str, operands: Sequence[Any]) -> bool:
    """Whether a comparison holds, where null is a value like any other type's."""
    if operator == "isnull":
        return (value is None) is operands[0]
    if operator == "has":
        return isinstance(value, list) and any(same(item, operands[0]) for item in value)
    if operator in ("eq", "in"):
        return any(same(value, operand) for operand in operands)
    if operator in ("ne", "not_in"):
        return not any(same(value, operand) for operand in operands)
    if operator.removeprefix("i") in TEXT_OPERATORS:
        return type_of(value) == "text" and compare_text(operator, value, operands[0])
    alike = {type_of(value)} == {type_of(operand) for operand in operands}
    return alike and _COMPARED[operator](exact(value), *map(exact, operands))


_COMPARED: dict[str, Callable[..., bool]] = {
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
    "between": lambda value, low, high: bool(low <= value <= high),
}


def same(left: Any, right: Any) -> bool:
    """Whether two values are one in JSON; nothing is the same as null, or as what holds others."""
    is_scalar = type_of(left) in ("number", "text", "boolean")
    return is_scalar and type_of(left) == type_of(right) and exact(left) == exact(right)


def type_of(value: Any) -> str:
    """The type of a value of JSON."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "null" if value is None else "other"


def exact(value: Any) -> Any:
    """A number as its digits in JSON have it, whether these are an integer's or a float's."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Fraction(repr(value))
    return value


def place(value: Any) -> tuple[Any, ...]:
    """Return the position of a value in the order of all: by its type, then within that."""
    match type_of(value):
        case "number":
            return (0, exact(value))
        case "text":
            return (1, value)
        case "boolean":
            return (2, value)
        case "other":
            return (3,)
    return (4,)

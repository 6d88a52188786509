"""What a list answers, computed in Python over the rows that were read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.query.model import lower

from .tables import Column

Row = dict[str, Any]


@dataclass(frozen=True)
class Filter:
    """A comparison of a column."""

    column: Column
    operator: str
    operands: tuple[Any, ...]

    def holds(self, row: Row) -> bool:
        """Whether it holds of a row, as JSON has it."""
        value = row[self.column.wire]
        if self.operator == "isnull":
            return (value is None) is self.operands[0]
        if self.operator in ("ne", "not_in"):
            return value is None or not self._compare("in", value)
        return value is not None and self._compare(self.operator, value)

    def _compare(self, operator: str, value: Any) -> bool:
        decode = self.column.kind.decode
        operands = [decode(one) for one in self.operands]
        left, right = decode(value), operands[0]
        match operator:
            case "eq":
                return bool(left == right)
            case "in":
                return left in operands
            case "gt":
                return bool(left > right)
            case "gte":
                return bool(left >= right)
            case "lt":
                return bool(left < right)
            case "lte":
                return bool(left <= right)
            case "between":
                return bool(right <= left <= operands[1])
        return _holds_of_text(operator, left, right)


def _holds_of_text(operator: str, value: str, operand: str) -> bool:
    if operator.startswith("i"):
        return _holds_of_text(operator[1:], lower(value), lower(operand))
    match operator:
        case "contains":
            return operand in value
        case "startswith":
            return value.startswith(operand)
        case "endswith":
            return value.endswith(operand)
    wild = {"%": ".*", "_": "."}
    parts = re.findall(r"\\.|.", operand, re.DOTALL)
    pattern = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(pattern, value, re.DOTALL) is not None


def place(column: Column, row: Row) -> tuple[bool, Any]:
    """Where a row stands in an order by a column."""
    value = row[column.wire]
    return (value is None, 0 if value is None else column.kind.decode(value))


def sort_rows(rows: list[Row], order: list[tuple[Column, bool]], key: list[Column]) -> list[Row]:
    """Put rows in an order; the key comes last."""
    ordered = list(rows)
    for column, descending in reversed([*order, *((one, False) for one in key)]):
        ordered.sort(key=lambda row, by=column: place(by, row), reverse=descending)  # type: ignore[misc]
    return ordered

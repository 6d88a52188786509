"""The response of a list, computed in Python from the rows that were read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.query.model import compare_value

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
        return compare_value(operator, decode(value), [*map(decode, self.operands)])


def place(column: Column, row: Row) -> tuple[bool, Any]:
    """Return the position of a row in an order by a column."""
    value = row[column.wire]
    return (value is None, 0 if value is None else column.kind.decode(value))


def sort_rows(rows: list[Row], order: list[tuple[Column, bool]], key: list[Column]) -> list[Row]:
    """Put rows in an order; the key comes last."""
    ordered = list(rows)
    for column, descending in reversed([*order, *((one, False) for one in key)]):
        ordered.sort(key=lambda row, by=column: place(by, row), reverse=descending)  # type: ignore[misc]
    return ordered

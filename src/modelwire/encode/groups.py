"""Groups of rows as JSON: their keys and measures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from ..catalog.kinds import TIMES, Kind
from ..shape.aggregates import Function, GroupKey, Measure
from .fallback import write_unknown
from .structs import Convert, converter_of
from .tree import Row

_encoder = msgspec.json.Encoder(enc_hook=write_unknown)


class GroupEncoder:
    """Encoder of groups.

    Args:
        columns: The keys and measures of each group, in order.
    """

    def __init__(self, columns: Sequence[GroupKey | Measure]) -> None:
        self.names: Sequence[str] = [column.name for column in columns]
        self.times: Collection[str] = [c.name for c in columns if c.shown.kind in TIMES]
        found = ((i, _converter_of(column)) for i, column in enumerate(columns))
        self._converts: list[tuple[int, Convert]] = [(i, c) for i, c in found if c is not None]

    def encode_many(self, rows: Sequence[Row]) -> bytes:
        """Write groups as a JSON array."""
        return _encoder.encode(self._build(rows))

    def encode_lines(self, rows: Sequence[Row]) -> bytes:
        """Write each group as a JSON object on its own line."""
        return _encoder.encode_lines(self._build(rows))

    def _build(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [dict(zip(self.names, self._values(row), strict=True)) for row in rows]

    def _values(self, row: Row) -> list[Any]:
        values = list(row)
        for position, convert in self._converts:
            if values[position] is not None:
                values[position] = convert(values[position])
        return values


def _converter_of(column: GroupKey | Measure) -> Convert | None:
    """Return the conversion of a value; an average of decimals keeps all places of small values."""
    is_mean = isinstance(column, Measure) and column.function is Function.AVG
    is_decimal = is_mean and column.shown.kind is Kind.DECIMAL
    return _write_places if is_decimal else converter_of(column.shown)


def _write_places(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value

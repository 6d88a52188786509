"""Compares what clients send back with what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..catalog.tables import Catalog
from ..execute.connect.lane import Lane, Row
from ..execute.write.update import Look
from ..plan.writing.echoes import compare_shown, compare_values, includes_of
from ..plan.writing.update import UpdatePlan
from ..shape.reads import SelectShape
from .encoding import encode_each
from .includes import IncludeReader

_decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])


def look_for_echoes(catalog: Catalog, includes: IncludeReader, lane: Lane) -> Look:
    """What looks whether all that was sent back with some changes is as it is shown.

    Values are compared as they are; what differs from them, or is no field, as it is written.

    Args:
        catalog: The catalog.
        includes: Reads what rows include.
        lane: Where the rows were read.
    """

    async def look(plan: UpdatePlan, stored: Sequence[Row]) -> None:
        table = plan.table
        width = len(table.selected)
        rows = [row[:width] for row in stored]
        pairs = zip(plan.echoes, rows, strict=True)
        left = [compare_values(table, echo, row) for echo, row in pairs]
        if not any(left):
            return
        shown = includes_of(catalog, table, left)
        branches = await includes.read(lane, SelectShape(table), rows, shown)
        lines = encode_each(table, rows, branches, shown)
        for echo, line, row in zip(left, lines, plan.rows, strict=True):
            compare_shown(table, echo, _decoder.decode(line), row.pointer)

    return look

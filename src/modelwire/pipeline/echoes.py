"""Comparison of read-only fields that clients send back with their actual values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..execute.connect.lane import Lane, Row
from ..plan.writing.echoes import compare_shown, compare_values, includes_of
from ..plan.writing.update import UpdatePlan
from ..shape.reads import SelectShape
from .encoding import encode_each
from .pipeline import Pipeline

_decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])


async def compare_echoes(
    pipeline: Pipeline, lane: Lane, plan: UpdatePlan, stored: Sequence[Row]
) -> None:
    """Compare the read-only fields that an update sends back with those of the rows.

    Fields are compared by their stored values; a field that differs, or a member that is not a
    field, is compared by its JSON.

    Args:
        pipeline: The pipeline.
        lane: The lane on which the rows were read.
        plan: The update.
        stored: The rows as stored.

    Raises:
        InvalidRequest: A field differs.
    """
    table = plan.table
    width = len(table.selected)
    rows = [row[:width] for row in stored]
    pairs = zip(plan.echoes, rows, strict=True)
    left = [compare_values(table, echo, row) for echo, row in pairs]
    if not any(left):
        return
    shown = includes_of(pipeline.catalog, table, left)
    branches = await pipeline.includes.read(lane, SelectShape(table), rows, shown)
    lines = encode_each(table, rows, branches, shown)
    for echo, line, row in zip(left, lines, plan.rows, strict=True):
        compare_shown(table, echo, _decoder.decode(line), row.pointer)

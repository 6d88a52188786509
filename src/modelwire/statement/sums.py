"""Aggregates and truncation of datetimes: one record for each database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement

from ..catalog.kinds import Kind
from ..shape.aggregates import Bucket

Value = ColumnElement[Any]


class Number(Struct, frozen=True):
    """Kind of the numbers to aggregate.

    Args:
        kind: The kind as which they are shown.
        stored: The kind that their column stores.
        scale: Decimal places of the column; None if they are unlimited.
    """

    kind: Kind
    stored: Kind
    scale: int | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sums:
    """Aggregate functions of a database.

    Args:
        has_zones: Whether it has its own time zones, which may differ from Python's.
        total: The exact sum of numbers.
        mean: The mean of numbers, to be shown as a decimal or a float.
        floats: The sum of floats, which fails if it overflows.
        durations: The sum of durations, in the canonical spelling of their type.
        cut: A datetime truncated to a unit of time, in a time zone if one is given, otherwise in
            UTC: a date, or for hours a value of the same type.
    """

    has_zones: bool
    total: Callable[[Value, Number], Value]
    mean: Callable[[Value, Number], Value]
    floats: Callable[[Value], Value]
    durations: Callable[[Value], Value]
    cut: Callable[[Value, Bucket, Value | None], Value]

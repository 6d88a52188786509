"""How a database adds up, and cuts instants to spans of time: one record for each."""

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
    """The numbers that are added up.

    Args:
        kind: The kind as which they are shown.
        stored: The kind of what their column stores.
        scale: Digits after the point that it keeps; None where it keeps all.
    """

    kind: Kind
    stored: Kind
    scale: int | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sums:
    """How a database adds up.

    Args:
        has_zones: Whether it has time zones of its own, which need not be those that Python has.
        total: The exact sum of numbers.
        mean: The mean of numbers, to be shown as a decimal or as a float.
        floats: The sum of floats, which fails where none can hold it.
        durations: The sum of durations, each in the one spelling of its type.
        cut: The start of a span of time, in a time zone if one is given, in UTC otherwise. It is a
            date, or for an hour of the value's own type.
    """

    has_zones: bool
    total: Callable[[Value, Number], Value]
    mean: Callable[[Value, Number], Value]
    floats: Callable[[Value], Value]
    durations: Callable[[Value], Value]
    cut: Callable[[Value, Bucket, Value | None], Value]

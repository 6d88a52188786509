"""Sums over groups of rows: what they are grouped by, and what is told of each group."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ..catalog.field import Field
from ..catalog.tables import Table
from .conditions import Condition, Through


class Bucket(StrEnum):
    """The spans of time by which dates and instants are grouped."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"


class Function(StrEnum):
    """What is told of a group."""

    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


class GroupKey(Struct, frozen=True, cache_hash=True):
    """What rows are grouped by.

    Args:
        name: What it is called in the answer.
        field: The field.
        shown: The field as which its values are shown and ordered.
        through: How it is reached, by relations that lead to one row; a missing row is NULL.
        bucket: The span of time that values are cut to the start of.
        zoned: Whether that is done in the time zone that is the parameter `tz`; in UTC otherwise.
    """

    name: str
    field: Field
    shown: Field
    through: Through = ()
    bucket: Bucket | None = None
    zoned: bool = False


class Measure(Struct, frozen=True, cache_hash=True):
    """What is told of a group.

    Args:
        name: What it is called in the answer.
        function: What is done with the values.
        shown: The field as which it is shown, compared and ordered.
        field: The field whose values they are; None to count the rows.
        through: How it is reached, by relations that lead to one row.
    """

    name: str
    function: Function
    shown: Field
    field: Field | None = None
    through: Through = ()

    @property
    def adds(self) -> bool:
        """Whether the values are added up."""
        return self.function in (Function.SUM, Function.AVG)


class ColumnOrder(Struct, frozen=True, cache_hash=True):
    """One term of the order of groups.

    Args:
        position: Where the column stands in the answer, from 0.
        descending: Whether its largest value comes first.
    """

    position: int
    descending: bool = False


class AggregateShape(Struct, frozen=True, cache_hash=True):
    """Groups of the rows of one table, with what is told of each. Their number is limited.

    Args:
        table: The table.
        groups: What its rows are grouped by; all are one group, if nothing.
        measures: What is told of each group; those that are shown come first.
        shown: How many of the measures are shown.
        order: A total order of the groups.
        conditions: What rows must fulfil.
        having: What groups must fulfil; its values are numbered after those of `conditions`.
        offset: Whether groups are skipped.
    """

    table: Table
    groups: tuple[GroupKey, ...]
    measures: tuple[Measure, ...]
    shown: int
    order: tuple[ColumnOrder, ...]
    conditions: tuple[Condition, ...] = ()
    having: tuple[Condition, ...] = ()
    offset: bool = False

    @property
    def columns(self) -> tuple[GroupKey | Measure, ...]:
        """All that is told of a group, in its order."""
        return (*self.groups, *self.measures)

    @property
    def answered(self) -> tuple[GroupKey | Measure, ...]:
        """What of that is shown."""
        return self.columns[: len(self.groups) + self.shown]

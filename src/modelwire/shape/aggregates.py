"""Aggregates of groups of rows: the keys that rows are grouped by, and the measures of each
group."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ..catalog.field import Field
from ..catalog.tables import Table
from .conditions import Condition, Through


class Bucket(StrEnum):
    """Units of time that dates and datetimes are truncated to, in order to group by them."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"


class Function(StrEnum):
    """Aggregate functions."""

    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


class GroupKey(Struct, frozen=True, cache_hash=True):
    """Expression that rows are grouped by.

    Args:
        name: Its name in the answer.
        field: The field.
        shown: The field that describes how its values are shown and ordered.
        through: The relations that lead to the field, each to one row; a missing row is NULL.
        bucket: The unit of time that values are truncated to.
        zoned: Whether they are truncated in the time zone of the parameter `tz`; otherwise in UTC.
    """

    name: str
    field: Field
    shown: Field
    through: Through = ()
    bucket: Bucket | None = None
    zoned: bool = False


class Measure(Struct, frozen=True, cache_hash=True):
    """Aggregate of a group.

    Args:
        name: Its name in the answer.
        function: The aggregate function.
        shown: The field that describes how it is shown, compared and ordered.
        field: The field whose values are aggregated; None to count the rows.
        through: The relations that lead to the field, each to one row.
    """

    name: str
    function: Function
    shown: Field
    field: Field | None = None
    through: Through = ()

    @property
    def adds(self) -> bool:
        """Whether the function adds up values."""
        return self.function in (Function.SUM, Function.AVG)


class ColumnOrder(Struct, frozen=True, cache_hash=True):
    """Term of the order of groups.

    Args:
        position: The position of the column in the answer, from 0.
        descending: Whether the largest value comes first.
    """

    position: int
    descending: bool = False


class AggregateShape(Struct, frozen=True, cache_hash=True):
    """Groups of the rows of one table, with the measures of each. Their number is limited.

    Args:
        table: The table.
        groups: The keys to group by; if empty, all rows are one group.
        measures: The measures of each group; those that are shown come first.
        shown: The number of measures that are shown.
        order: A total order of the groups.
        conditions: The conditions on rows.
        having: The conditions on groups; their values are numbered after those of `conditions`.
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
        """All columns of a group, in order."""
        return (*self.groups, *self.measures)

    @property
    def answered(self) -> tuple[GroupKey | Measure, ...]:
        """The columns that are shown."""
        return self.columns[: len(self.groups) + self.shown]

"""The origin of the values in a statement's rows, for reports of unreadable ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog.field import Field
from ..catalog.invalid_values import Unreadable
from ..shape.aggregates import AggregateShape
from ..shape.lookups import DescendShape, LookupShape
from ..shape.reads import ChildrenShape, ExistingShape, SelectShape
from ..shape.writes import InsertShape, UpdateShape

logger = logging.getLogger("modelwire")

ReadShape = (
    SelectShape | AggregateShape | ChildrenShape | ExistingShape | LookupShape | DescendShape
)

Row = Sequence[Any]

Log = Callable[[str, str, str], None]

_REMEMBERED = 1024
"""Values that are remembered as reported."""


class Origin(Struct, frozen=True):
    """Source of the rows of a statement.

    Args:
        table: The table.
        columns: Its columns, in the order of a row.
        log: Reports a value, by its table, column and key.
        start: The position in a row at which they begin.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    log: Log
    start: int = 0

    def report(self, rows: Sequence[Row], converted: Collection[int]) -> None:
        """Log the unreadable values, each once.

        Args:
            rows: The rows.
            converted: The positions at which values are converted; only these can be unreadable.
        """
        for position, column in enumerate(self.columns, self.start):
            for row in rows if position in converted else ():
                if type(row[position]) is Unreadable:
                    self.log(self.table.fullname, column.name, self._key_of(row))

    def _key_of(self, row: Row) -> str:
        key = (column for column in self.table.primary_key if column in self.columns)
        return ", ".join(str(row[self.start + self.columns.index(column)]) for column in key)


def log_each_once() -> Log:
    """Return a function that logs each unreadable value once."""
    return lru_cache(_REMEMBERED)(_log)


def _log(table: str, column: str, key: str) -> None:
    logger.warning(
        "The column %s of %s has a value that can't be read as one of its type, in the row with "
        "the key %s. It is shown as the database has it",
        column,
        table,
        key,
    )


def origin_of(shape: ReadShape | InsertShape | UpdateShape, log: Log) -> Origin | None:
    """Return the source of a shape's rows; None for aggregates."""
    match shape:
        case AggregateShape():
            return None
        case SelectShape():
            return _origin(shape.table.sql, shape.read.fields, log)
        case ChildrenShape():
            start = 1 if shape.placed else len(shape.before)
            return _origin(shape.target.sql, shape.target.selected, log, start)
        case ExistingShape():
            return _origin(shape.table.sql, shape.read.fields, log, 1)
        case LookupShape():
            return Origin(shape.table, shape.shown, log, int(shape.placed))
        case DescendShape():
            return Origin(shape.table, tuple(shape.table.primary_key.columns), log)
        case InsertShape() | UpdateShape():
            return _origin(shape.table.sql, shape.table.selected, log)


def _origin(table: SQLTable, fields: Sequence[Field], log: Log, start: int = 0) -> Origin:
    return Origin(table, tuple(field.column for field in fields), log, start)

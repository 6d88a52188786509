"""Parameters that are computed for each execution of a write, from its row: defaults of columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Column

from ..catalog.defaults import RowContext, row_maker, value_maker
from ..catalog.field import Field
from ..catalog.tables import Table
from ..shape.writes import InsertShape, UpdateShape

Values = Mapping[str, Any]
Make = Callable[[RowContext], Any]


def defaults_left_by(table: Table, fields: Collection[Field]) -> Mapping[Column[Any], Make]:
    """Return the defaults of a new row that are computed from the row, for columns that are not
    given.

    All other defaults in Python are evaluated when the row is planned.
    """
    written = {field.column for field in fields}
    left = (column for column in table.columns if column not in written)
    found = ((column, row_maker(column.default)) for column in left)
    return {column: make for column, make in found if make is not None}


def updates_left_by(table: Table, fields: Collection[Field]) -> Mapping[Column[Any], Make]:
    """Return the `onupdate` functions in Python for columns that an update does not set."""
    written = {field.column for field in fields}
    left = (column for column in table.columns if column not in written)
    found = ((column, _updater_of(table, column)) for column in left)
    return {column: make for column, make in found if make is not None}


def _updater_of(table: Table, column: Column[Any]) -> Make | None:
    make, field = value_maker(column.onupdate), table.by_column.get(column.name)
    if make is None:
        return row_maker(column.onupdate)
    convert = None if field is None else field.to_column

    def update(_row: RowContext) -> Any:
        value = make()
        return value if value is None or convert is None else convert(value)

    return update


def default_name(column: Column[Any]) -> str:
    """Return the name of the parameter with a column's default for a new row."""
    return f"d_{column.key}"


def update_name(column: Column[Any]) -> str:
    """Return the name of the parameter with a column's `onupdate` value."""
    return f"u_{column.key}"


value_name: Callable[[Field], str] = attrgetter("value_name")
"""Returns the name of the parameter with a field's new value."""


def makers_of(shape: InsertShape | UpdateShape) -> Callable[[Values], Values] | None:
    """Return a function that computes the additional parameters of a write from the given ones."""
    table, fields, steps = shape.table, shape.fields, []
    if isinstance(shape, UpdateShape):
        steps = [_Step(fields, updates_left_by(table, fields), update_name)]
    else:
        merged = None if shape.conflict is None else shape.conflict.merged
        if not shape.many:
            steps.append(_Step(fields, defaults_left_by(table, fields), default_name))
        if merged:
            steps.append(_Step(merged, updates_left_by(table, merged), update_name))
    steps = [step for step in steps if step.made]
    return partial(_make_all, steps) if steps else None


class _Step(NamedTuple):
    written: Collection[Field]
    made: Mapping[Column[Any], Make]
    name: Callable[[Column[Any]], str]

    def make(self, values: Values) -> Values:
        """Compute values; each may depend on those before it."""
        names = {f.column.key: value_name(f) for f in self.written}
        row = RowContext({key: values[name] for key, name in names.items() if name in values})
        for column, make in self.made.items():
            row.current_parameters[column.key] = make(row)
        return {self.name(column): row.current_parameters[column.key] for column in self.made}


def _make_all(steps: Sequence[_Step], values: Values) -> Values:
    return {name: value for step in steps for name, value in step.make(values).items()}

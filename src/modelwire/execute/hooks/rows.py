"""Conversion between rows of a write and rows as hooks see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, overload

from ...catalog.domain import find_fault
from ...catalog.field import Field
from ...catalog.invalid_values import Unreadable
from ...catalog.names import escape_pointer
from ...catalog.tables import Table
from ...dialect import Dialect
from ...errors import Faults, HookError, NotNull, Violation
from ...hooks import RowChange, Values, find_changed
from ...plan.writing.bodies import refuse
from ...plan.writing.new_rows import NewRow, locate_fault
from ..connect.lane import Row


class _Source:
    """Reader of the values of one table's rows."""

    writable = False

    def __init__(self, table: Table) -> None:
        self.model = table.model.__name__
        self.names = tuple(table.by_key)


class _StoredSource(_Source):
    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._fields = table.stored

    def read(self, row: Row) -> dict[str, Any]:
        """Return the values of a stored row."""
        return {f.key: _to_model(f, v) for f, v in zip(self._fields, row, strict=True)}


class _NewSource(_Source):
    writable = True

    def read(self, row: NewRow) -> dict[str, Any]:
        """Return the values of a row that is to be written."""
        return {field.key: _to_model(field, value) for field, value in row.items()}


class RowChanges(Sequence[RowChange]):
    """Rows of a change, each made when a hook first accesses it, since most hooks access few.

    Args:
        count: Their number.
        make: Makes the row at an index.
    """

    def __init__(self, count: int, make: Callable[[int], RowChange]) -> None:
        self._made: list[RowChange | None] = [None] * count
        self._make = make

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, place: int) -> RowChange: ...
    @overload
    def __getitem__(self, place: slice) -> list[RowChange]: ...
    def __getitem__(self, place: int | slice) -> RowChange | list[RowChange]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        made = self._made[place]
        if made is None:
            made = self._made[place] = self._make(range(len(self))[place])
        return made

    def seen(self, place: int) -> RowChange | None:
        """Return the row at an index, if a hook has accessed it."""
        return self._made[place]


class HookRows:
    """Converter of a table's rows to hooks, and of what hooks have set back to rows.

    Args:
        table: The table.
        dialect: The database's dialect.
    """

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self._table = table
        self._dialect = dialect
        self._stored = _StoredSource(table)
        self._new = _NewSource(table)

    def show_stored(self, row: Row) -> Values:
        """Return a stored row, given its values in the order of `Table.stored`."""
        return Values(self._stored, row)

    def show_new(self, row: NewRow) -> Values:
        """Return a row that is to be written."""
        return Values(self._new, row)

    def take(self, rows: Sequence[NewRow], changes: RowChanges) -> tuple[NewRow, ...]:
        """Apply the assignments of hooks to rows.

        Args:
            rows: The rows as they were.
            changes: The same rows as hooks have left them.

        Returns:
            The rows to write.

        Raises:
            HookError: A value is not of its field's type.
            NotNull, TooLong, OutOfRange, InvalidRequest: A value does not fit its column.
        """
        faults, nulls = Faults(), Faults()
        taken = tuple(
            row if (seen := changes.seen(i)) is None else self._take_row(row, seen, faults, nulls)
            for i, row in enumerate(rows)
        )
        if nulls:
            raise NotNull(nulls.first[0].message, nulls.first, nulls.more)
        refuse(faults)
        return taken

    def _take_row(self, row: NewRow, change: RowChange, faults: Faults, nulls: Faults) -> NewRow:
        values = None if change.new is None else find_changed(change.new)
        if values is None:
            return row
        before, stored = self._new.read(row), dict(row.items())
        by_key = self._table.by_key
        kept: dict[Field, Any] = {}
        for key in [*(k for k in before if k in values), *(k for k in values if k not in before)]:
            field, value = by_key[key], values[key]
            is_same = key in before and _are_same(before[key], value)
            kept[field] = stored[field] if is_same else self._convert(field, value)
            if not is_same:
                self._check(field, kept[field], row.pointer, faults, nulls)
        same = frozenset(f for f in stored if f in kept and kept[f] is stored[f])
        ties = tuple(tie & same for tie in row.ties)
        return NewRow(tuple(kept), tuple(kept.values()), row.pointer, ties, row.claims)

    def _convert(self, field: Field, value: Any) -> Any:
        """Return a value as its column stores it.

        Raises:
            HookError: It is not of the field's type, or the field can't be set.
        """
        name = f"{self._stored.model}.{field.key}"
        if field.column.computed is not None or field.computed is not None:
            raise HookError(f"A hook has set {name}, which the database computes")
        if value is None:
            return None
        try:
            value = field.adapter.validate_python(value)
            return value if field.to_column is None else field.to_column(value)
        except ValueError:
            # The cause would quote the value, and the log has no values of rows.
            kind = type(value).__name__
            raise HookError(
                f"A hook has set {name} to a value of the type {kind}, which the field can't have"
            ) from None

    def _check(self, field: Field, value: Any, pointer: str, faults: Faults, nulls: Faults) -> None:
        if value is None:
            if not field.nullable:
                place = f"{pointer}/{escape_pointer(field.name)}"
                nulls.add(Violation(f"{field.title} can't be null", "not_null", place))
            return
        fault = find_fault(value, field.sql_type, self._dialect)
        if fault is not None:
            faults.add(locate_fault(fault, field, pointer))


def _to_model(field: Field, value: Any) -> Any:
    """Return a column's value as its model has it; a value of another type is left unchanged."""
    if value is None or isinstance(value, Unreadable):
        return value
    if field.from_column is not None:
        try:
            return field.from_column(value)
        except ValueError:
            return value
    return deepcopy(value) if isinstance(value, (list, dict)) else value


def _are_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)

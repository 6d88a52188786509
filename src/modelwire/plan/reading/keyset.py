"""Keyset pagination: rows before or after a position, and cursors to the adjacent pages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...catalog.invalid_values import Octets, SpelledUUID, Unreadable
from ...catalog.tables import Table
from ...memory import kept
from ...shape.parts import Include, Keyset, Order
from ...shape.reads import SelectShape
from ..parameters import Values
from .cipher import CursorCipher
from .cursor import Position, read_cursor, write_cursor
from .order import reverse_order

Row = Sequence[Any]


class Page(Struct, frozen=True):
    """Page of a list.

    Args:
        rows: Its rows, in the order of the list.
        next: Cursor of the next page; None if there is none.
        previous: Cursor of the previous page; None if there is none.
    """

    rows: Sequence[Row]
    next: str | None
    previous: str | None


class CursorPlan(Struct, frozen=True):
    """Read of one page of a list from a cursor that is still sealed.

    Args:
        rows: The rows of the list.
        operands: The parameters of the conditions.
        includes: The includes of the rows.
        limit: The maximum number of rows on the page.
        cursor: The cursor; empty for the start of the list.
        binding: The digest that its cursors are bound to.
    """

    rows: SelectShape
    operands: Values
    includes: tuple[Include, ...]
    limit: int
    cursor: str
    binding: bytes

    def open(self, cipher: CursorCipher) -> KeysetPlan:
        """Plan the page.

        Args:
            cipher: The cipher that opens the cursor, and seals those of the page.

        Raises:
            InvalidRequest: It is not a cursor of this list.
        """
        order, binding = self.rows.order, self.binding
        position = read_cursor(self.cursor, order, binding, cipher) if self.cursor else None
        return KeysetPlan(
            self.rows, self.operands, self.includes, self.limit, position, binding, cipher
        )


class KeysetPlan(Struct, frozen=True):
    """Read of one page of a list from a position.

    Args:
        rows: The rows of the list.
        operands: The parameters of the conditions.
        includes: The includes of the rows.
        limit: The maximum number of rows on the page.
        position: The start of the page; None for the start of the list.
        binding: The digest that its cursors are bound to.
        cipher: The cipher that seals them.
    """

    rows: SelectShape
    operands: Values
    includes: tuple[Include, ...]
    limit: int
    position: Position | None
    binding: bytes
    cipher: CursorCipher

    @property
    def shape(self) -> SelectShape:
        """The rows of the page, and one more that tells whether it is the last page.

        Each ends with a flag for whether there are rows on the other side of the position.
        """
        return self._from_position(self.position, probes=True)

    @property
    def values(self) -> Values:
        """The parameters of the shape: operands, limit and position."""
        values = {**self.operands, "limit": self.limit + 1}
        return values if self.position is None else values | after_values(self.position.values)

    @property
    def other_side(self) -> SelectShape:
        """The rows on the other side of the position, for an empty page."""
        return self._from_position(self._turned(), probes=False)

    def cut(self, found: Sequence[Row]) -> Page:
        """Make the page from the rows that were found, of which there is at least one."""
        rows = found[: self.limit]
        position = self.position
        beyond = position is not None and bool(rows[0][-1])
        is_last = len(found) <= self.limit
        if position is not None and position.backward:
            rows = rows[::-1]
            return self._page(rows, has_next=beyond, has_previous=not is_last)
        return self._page(rows, has_next=not is_last, has_previous=beyond)

    def cut_empty(self, others: Sequence[Row]) -> Page:
        """Make an empty page, with a cursor to the other side if there are rows."""
        turned = self._turned()
        cursor = self._write(turned) if turned and others else None
        if turned is None or turned.backward:
            return Page((), None, cursor)
        return Page((), cursor, None)

    def _page(self, rows: Sequence[Row], *, has_next: bool, has_previous: bool) -> Page:
        return Page(
            rows,
            self._cursor_at(rows[-1], backward=False) if has_next else None,
            self._cursor_at(rows[0], backward=True) if has_previous else None,
        )

    def _cursor_at(self, row: Row, *, backward: bool) -> str:
        return self._write(Position(values_in_order(self.rows, row), backward))

    def _write(self, position: Position) -> str:
        return write_cursor(position, self.rows.order, self.binding, self.cipher)

    def _turned(self) -> Position | None:
        """Return the position with the opposite direction."""
        position = self.position
        if position is None:
            return None
        return Position(position.values, not position.backward, not position.inclusive)

    def _from_position(self, position: Position | None, *, probes: bool) -> SelectShape:
        if position is None:
            return rows_from(self.rows)
        after = keyset_after(position.values, inclusive=position.inclusive, probes=probes)
        return rows_from(self.rows, after, backward=position.backward)


def rows_from(
    shape: SelectShape, after: Keyset | None = None, *, backward: bool = False
) -> SelectShape:
    """Return the shape of rows from a position in a list, with all values of their own positions.

    Args:
        shape: The rows of the list.
        after: The position; None for the start of the list.
        backward: Whether to read backwards from there.
    """
    return _rows_from(shape.table, shape, after, backward=backward)


@kept
def _rows_from(
    _table: Table, shape: SelectShape, after: Keyset | None, *, backward: bool
) -> SelectShape:
    order = reverse_order(shape.order) if backward else shape.order
    return replace(shape, order=order, traces=True, after=after)


def values_in_order(shape: SelectShape, row: Row) -> tuple[Any, ...]:
    """Return the values of a row in the terms of the order; values that are not among its columns
    follow these.

    Args:
        shape: The shape that the row was read by.
        row: The row.

    Returns:
        The values.
    """
    positions = shape.read.positions
    traced = iter(row[len(positions) :])
    values = (next(traced) if term.traced else row[positions[term.field]] for term in shape.order)
    return tuple(map(_place_by, shape.order, values))


def _place_by(term: Order, value: Any) -> Any:
    """Return the value that determines the position; the spelling counts only in an arbitrary
    order."""
    spelled = isinstance(value, SpelledUUID) and term.asked
    return uuid.UUID(int=value.int) if spelled else value


def keyset_after(values: Sequence[Any], *, inclusive: bool = False, probes: bool = False) -> Keyset:
    """Return the start of the page of rows after given values."""
    return Keyset(tuple(map(_form_of, values)), inclusive, probes)


def _form_of(value: Any) -> str:
    if not isinstance(value, (Unreadable, SpelledUUID)):
        return "null" if value is None else "value"
    return "octets" if isinstance(value.stored, Octets) else "stored"


def after_values(values: Sequence[Any]) -> Values:
    """Name the values that rows come after as the statement does: `after0`, `after1`, …"""
    given = (v.stored if isinstance(v, (Unreadable, SpelledUUID)) else v for v in values)
    return {f"after{i}": value for i, value in enumerate(given)}

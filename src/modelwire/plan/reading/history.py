"""Plans of reads of a row's history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct

from ...catalog.domain import MAX_INT64
from ...catalog.tables import Catalog, Table
from ...errors import InvalidRequest
from ...memory import kept
from ...request.query import Parameter
from ...shape.entries import EntriesShape, ThenShape
from ...shape.parts import Projection
from ...shape.reads import SelectShape
from ..keys import key_values
from ..parameters import Values, predicate_values, refuse_parameter
from .cipher import CursorCipher
from .cursor import bind_query, seal, unseal
from .query import Query

FIRST = MAX_INT64
"""A number greater than that of any change."""


class HistoryPlan(Struct, frozen=True):
    """Read of one page of a row's history.

    Args:
        table: The resource, including deleted rows if the request asks for them.
        key: The parameters with the key of the row.
        limit: The maximum number of changes on the page.
        cursor: The start of the page, sealed; None or empty for the latest change.
        binding: The digest that its cursors are bound to.
    """

    table: Table
    key: Values
    limit: int
    cursor: str | None
    binding: bytes

    def open(self, cipher: CursorCipher) -> tuple[int, bool]:
        """Open the cursor of the page.

        Args:
            cipher: The cipher that opens it.

        Returns:
            The number of a change, and whether the page has older changes than that.

        Raises:
            InvalidRequest: It is not a cursor of this history.
        """
        if not self.cursor:
            return FIRST, True
        number, is_older = unseal(self.cursor, self.binding, cipher)
        return int(number), bool(is_older)

    def write_cursor(self, number: int, cipher: CursorCipher, *, older: bool) -> str:
        """Write the cursor of the page with the changes before or after a change."""
        return seal([number, older], self.binding, cipher)


def plan_history(
    catalog: Catalog, table: Table, key: str, parameters: Sequence[Parameter]
) -> HistoryPlan:
    """Plan a read of one page of a row's history.

    Args:
        catalog: The catalog.
        table: The resource.
        key: The key of the row in the path.
        parameters: The query.

    Raises:
        InvalidRequest: The key or a parameter is not valid.
    """
    values = key_values(table, key)
    resource = table.resource
    query = Query(catalog, table, parameters, ("limit", "cursor"), reads=True)
    limit = query.take_integer("limit", resource.default_limit, 1, resource.max_limit)
    cursor = query.take("cursor")
    query.finish()
    binding = bind_query([table.name, "history", *map(repr, values)], parameters)
    return HistoryPlan(query.table, predicate_values(values), limit, cursor, binding)


def read_number(text: str) -> int:
    """Parse the number of a change in a path.

    Raises:
        InvalidRequest: It is not valid.
    """
    if text.isascii() and text.isdecimal() and len(text) < len(str(MAX_INT64)):
        return int(text)
    raise refuse_parameter("change_number", "should be the number of a change")


def read_instant(text: str) -> dt.datetime:
    """Parse the parameter `as_of`.

    Raises:
        InvalidRequest: It is not a datetime with an offset.
    """
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise _refuse_instant()
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _refuse_instant() from None


def check_kept(table: Table, at: dt.datetime) -> None:
    """Check that the log of a table reaches back to a time.

    Raises:
        InvalidRequest: Later entries may have been removed.
    """
    changes = table.resource.changes
    days = None if changes is None else changes.keep_days
    if days is not None and at < dt.datetime.now(dt.UTC) - dt.timedelta(days):
        raise refuse_parameter(
            "as_of", f"is earlier than the changes that are kept, those of {days} days"
        )


def _refuse_instant() -> InvalidRequest:
    return refuse_parameter(
        "as_of", "should be an instant with an offset from UTC, such as 2026-11-01T00:00:00Z"
    )


def keeps_history(table: Table) -> bool:
    """Whether clients may read the history of the rows of a resource."""
    changes = table.resource.changes
    return changes is not None and changes.history


@kept
def select_given(table: Table, *, whole: bool = False) -> SelectShape:
    """Return the shape of given rows that the caller may see.

    Args:
        table: The resource.
        whole: Whether to read every field, including those that clients may not see.
    """
    projection = Projection(table.stored, len(table.readable)) if whole else None
    return SelectShape(table, projection=projection, given=True)


@kept
def entries_of(table: Table, *, older: bool) -> EntriesShape:
    """Return the shape of the log entries of a row."""
    return EntriesShape(table, older)


@kept
def select_then(table: Table, *, before: bool) -> ThenShape:
    """Return the shape of an earlier state of a row."""
    return ThenShape(table, before)

"""Plans of what reads the history of a row."""

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
"""A number after that of every change."""


class HistoryPlan(Struct, frozen=True):
    """Reading one page of the history of a row.

    Args:
        table: The resource, with deleted rows if the request asks for them.
        key: The parameters that hold the key of the row.
        limit: Changes on the page, at most.
        cursor: Where the page starts, sealed; None or empty for the latest change.
        binding: What its cursors belong to.
    """

    table: Table
    key: Values
    limit: int
    cursor: str | None
    binding: bytes

    def open(self, cipher: CursorCipher) -> tuple[int, bool]:
        """Find where the page starts.

        Args:
            cipher: Opens the cursor.

        Returns:
            The number of a change, and whether the page has older ones than that.

        Raises:
            InvalidRequest: It is no cursor of this history.
        """
        if not self.cursor:
            return FIRST, True
        number, is_older = unseal(self.cursor, self.binding, cipher)
        return int(number), bool(is_older)

    def write_cursor(self, number: int, cipher: CursorCipher, *, older: bool) -> str:
        """Write the cursor of the page that has what is older than a change, or newer."""
        return seal([number, older], self.binding, cipher)


def plan_history(
    catalog: Catalog, table: Table, key: str, parameters: Sequence[Parameter]
) -> HistoryPlan:
    """Plan reading a page of the history of a row.

    Args:
        catalog: The catalog.
        table: The resource.
        key: The key of the row as it stands in the path.
        parameters: The query.

    Raises:
        InvalidRequest: The key or a parameter is not valid.
    """
    values = key_values(table, key)
    resource = table.resource
    query = Query.reading(catalog, table, parameters, ("limit", "cursor"))
    limit = query.take_integer("limit", resource.default_limit, 1, resource.max_limit)
    cursor = query.take("cursor")
    query.finish()
    binding = bind_query([table.name, "history", *map(repr, values)], parameters)
    return HistoryPlan(query.table, predicate_values(values), limit, cursor, binding)


def read_number(text: str) -> int:
    """Read the number of a change as it stands in a path.

    Raises:
        InvalidRequest: It is none.
    """
    if text.isascii() and text.isdecimal() and len(text) < len(str(MAX_INT64)):
        return int(text)
    raise refuse_parameter("change_number", "should be the number of a change")


def read_instant(text: str) -> dt.datetime:
    """Read the parameter `as_of`.

    Raises:
        InvalidRequest: It is no instant.
    """
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise _refuse_instant()
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _refuse_instant() from None


def check_kept(table: Table, at: dt.datetime) -> None:
    """Check that the log of a table reaches back to an instant.

    Raises:
        InvalidRequest: Entries since then may have been removed.
    """
    changes = table.resource.changes
    days = None if changes is None else changes.keep_days
    if days is not None and at < dt.datetime.now(dt.UTC) - dt.timedelta(days):
        raise refuse_parameter("as_of", f"is before what is kept: changes of {days} days")


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
    """The shape of rows that are given, as far as the caller may see them.

    Args:
        table: The resource.
        whole: Whether every field is read, also those that clients may not see.
    """
    projection = Projection(table.stored, len(table.readable)) if whole else None
    return SelectShape(table, projection=projection, given=True)


@kept
def entries_of(table: Table, *, older: bool) -> EntriesShape:
    """The shape of what has become of a row."""
    return EntriesShape(table, older)


@kept
def select_then(table: Table, *, before: bool) -> ThenShape:
    """The shape of a row as it was."""
    return ThenShape(table, before)

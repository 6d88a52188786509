"""Plans of reads: one row, a page of a list, a stream."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...catalog.domain import MAX_INT64
from ...catalog.field import Field
from ...catalog.tables import Catalog, Table
from ...dialect import Dialect
from ...memory import kept, kept_if_short
from ...request.headers import FORMATS, Format
from ...request.query import Parameter, parse_query
from ...shape.conditions import ChildOf, Condition
from ...shape.parts import Include, Order, Projection
from ...shape.reads import CountShape, SelectShape
from ..keys import key_values, select_by_key
from ..parameters import Values, predicate_values
from ..parent import Parent
from .cursor import bind_query
from .history import keeps_history, read_instant
from .includes import can_join, project_list, project_row
from .keyset import CursorPlan, after_values, keyset_after, rows_from, values_in_order
from .query import Query

_SHOWING = ("sort", "fields", "include", "q", "or")
_PAGING = ("skip", "limit", "cursor", "count")


class Counting(StrEnum):
    """Ways of counting the rows of a list."""

    EXACT = "exact"
    NONE = "none"
    ESTIMATE = "estimate"


_COUNTING = {mode.value: mode for mode in Counting}


class ReadPlan(Struct, frozen=True):
    """Read of one row by its key.

    Args:
        shape: The row; its parameters are the key.
        includes: The includes of the row.
        is_whole: Whether one statement reads the row and its includes.
        as_of: The time as of which it is read, from the log of changes; None for now.
    """

    shape: SelectShape
    includes: tuple[Include, ...]
    is_whole: bool
    as_of: dt.datetime | None = None


class ListPlan(Struct, frozen=True):
    """Read of one page of a list, with an offset and a limit.

    Args:
        shape: The rows of the page, and one more that tells whether there is a next page.
        values: The parameters of the conditions, the limit and the offset.
        includes: The includes of the rows.
        skip: The number of rows to skip.
        limit: The maximum number of rows on the page.
        counting: The way of counting the rows of the list.
        operands: Those of the values that a count needs.
    """

    shape: SelectShape
    values: Values
    includes: tuple[Include, ...]
    skip: int
    limit: int
    counting: Counting
    operands: Values

    def total_of(self, found: int) -> int | None:
        """Return the number of rows in the list, if the rows that were found determine it."""
        if found > self.limit or (found == 0 and self.skip > 0):
            return None
        return self.skip + found

    def fit_estimate(self, estimate: int, found: int) -> int:
        """Adjust an estimate of the number of rows in the list to the rows of the page."""
        if found == 0:
            return min(estimate, self.skip)
        return max(estimate, self.skip + found)

    def count_shape(self, *, estimated: bool) -> CountShape:
        """Return the shape that counts the rows of the list."""
        return CountShape(self.shape.table, self.shape.conditions, estimated)


class StreamPlan(Struct, frozen=True):
    """Read of all matching rows, a batch at a time.

    Args:
        shape: The rows.
        values: The parameters of the conditions. The size of a batch is the parameter `limit`.
        includes: The includes of the rows.
        format: The format that the query names, if it does.
    """

    shape: SelectShape
    values: Values
    includes: tuple[Include, ...]
    format: Format | None


def plan_key(table: Table, key: str) -> Values:
    """Plan the key of the row to read.

    Args:
        table: The resource.
        key: The key in the path, percent-encoded.

    Returns:
        The parameters of its statement.

    Raises:
        InvalidRequest: The key is not valid.
    """
    return predicate_values(key_values(table, key))


def plan_read(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], dialect: Dialect
) -> ReadPlan:
    """Plan the read of one row, regardless of its key.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query; it may have `fields` and `include`.
        dialect: The database's dialect.

    Returns:
        The plan. The whole row is always read, even if only a part of it is shown.

    Raises:
        InvalidRequest: A parameter is not valid.
    """
    has_history = keeps_history(table)
    known = ("fields", "include", "as_of")[: 2 + has_history]
    query = Query(catalog, table, parameters, known, reads=True)
    as_of = query.take("as_of") if has_history else None
    if as_of is not None:
        # The earlier state of included rows is not known.
        shown = query.take_shown()
        query.finish()
        then = replace(_select_row(query.table, (), shown, dialect), conditions=(), given=True)
        return ReadPlan(then, (), False, read_instant(as_of))
    includes = query.take_includes(table.resource.include_by_default)
    shown = query.take_shown()
    query.finish()
    shape = _select_row(query.table, includes, shown, dialect)
    is_whole = all(i in shape.joined and not i.includes for i in includes)
    return ReadPlan(shape, includes, is_whole)


@kept
def _select_row(
    table: Table, includes: tuple[Include, ...], shown: tuple[Field, ...] | None, dialect: Dialect
) -> SelectShape:
    projection = None if shown is None else project_row(table, shown)
    joined = tuple(include for include in includes if can_join(include, dialect))
    return select_by_key(table, projection, joined)


def plan_list(
    catalog: Catalog,
    table: Table,
    parameters: Sequence[Parameter],
    parent: Parent | None = None,
) -> ListPlan | CursorPlan:
    """Plan the read of one page.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        parent: The row whose children are listed; None for all rows.

    Returns:
        The plan: by a cursor if the query has one, otherwise by an offset.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or has an invalid value.
    """
    resource = table.resource
    query = Query(catalog, table, parameters, (*_PAGING, *_SHOWING), reads=True)
    limit = query.take_integer("limit", resource.default_limit, 1, resource.max_limit)
    cursor = query.take("cursor")
    if cursor is not None:
        shape, values, includes = _plan_rows(query, parent)
        binding = bind_query(_path_of(table, parent), parameters)
        return CursorPlan(shape, values, includes, limit, cursor, binding)
    skip = query.take_integer("skip", 0, 0, MAX_INT64)
    counting = query.take_choice("count", _COUNTING, Counting.EXACT)
    shape, operands, includes = _plan_rows(query, parent, offset=skip > 0)
    values = {**operands, "limit": limit + 1}
    if skip:
        values["offset"] = skip
    return ListPlan(shape, values, includes, skip, limit, counting, operands)


def plan_stream(catalog: Catalog, table: Table, parameters: Sequence[Parameter]) -> StreamPlan:
    """Plan the read of all matching rows.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query; parameters of pagination are not allowed.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or has an invalid value.
    """
    query = Query(catalog, table, parameters, ("format", *_SHOWING), reads=True)
    format_ = query.take_choice("format", FORMATS, None)
    shape, values, includes = _plan_rows(query)
    return StreamPlan(rows_from(shape), values, includes, format_)


def select_next_batch(plan: StreamPlan, last: Sequence[Any]) -> tuple[SelectShape, Values]:
    """Plan the batch after a row.

    Args:
        plan: The stream.
        last: The last row of the previous batch.

    Returns:
        The shape and the values of the next batch.
    """
    after = values_in_order(plan.shape, last)
    shape = rows_from(plan.shape, keyset_after(after))
    return shape, {**plan.values, **after_values(after)}


@kept_if_short
def plan_includes(catalog: Catalog, table: Table, query_string: bytes) -> tuple[Include, ...]:
    """Plan the includes in the answer to a write, whose query may only have `include`.

    Args:
        catalog: The catalog.
        table: The resource.
        query_string: The raw query.

    Returns:
        The includes.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or does not name an include.
    """
    parameters = parse_query(query_string, catalog.limits.max_query_bytes)
    query = Query(catalog, table, parameters, ("include",))
    includes = query.take_includes()
    query.finish()
    return includes


def _plan_rows(
    query: Query, parent: Parent | None = None, *, offset: bool = False
) -> tuple[SelectShape, Values, tuple[Include, ...]]:
    """Plan the common parts of lists, lists of children, and streams."""
    table = query.table
    order = query.take_order(None if parent is None else parent.relation)
    includes, shown = query.take_includes(), query.take_shown()
    operands: list[Any] = list(parent.key) if parent is not None else []
    conditions: tuple[Condition, ...] = query.take_conditions(operands)
    if parent is not None:
        conditions = (ChildOf(parent.table, parent.relation), *conditions)
    query.finish()
    projection = None if shown is None else project_list(table, shown, includes, order)
    shape = _select(table, conditions, order, projection, offset=offset)
    return shape, predicate_values(operands), includes


@kept
def _select(
    table: Table,
    conditions: tuple[Condition, ...],
    order: tuple[Order, ...],
    projection: Projection | None,
    *,
    offset: bool,
) -> SelectShape:
    return SelectShape(table, conditions, order, limited=True, offset=offset, projection=projection)


def _path_of(table: Table, parent: Parent | None) -> tuple[Any, ...]:
    if parent is None:
        return (table.name,)
    return (parent.table.name, parent.relation.name, *map(repr, parent.key))

"""Plans of the reading requests: one row, a page of a list, a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..catalog import Catalog, Table
from ..catalog.domain import MAX_INT64
from ..request import Parameter
from .keys import Values, key_values, predicate_values, select_by_key
from .query import Query
from .shapes import CountShape, Include, SelectShape


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Reading one row by its key."""

    shape: SelectShape
    values: Values
    includes: tuple[Include, ...]


@dataclass(frozen=True, slots=True)
class ListPlan:
    """Reading one page of a list."""

    shape: SelectShape
    count: CountShape
    values: Values
    includes: tuple[Include, ...]
    skip: int
    limit: int


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Reading every matching row, a batch at a time."""

    shape: SelectShape
    values: Values
    includes: tuple[Include, ...]


def plan_read(
    catalog: Catalog, table: Table, key: str, parameters: Sequence[Parameter]
) -> ReadPlan:
    """Plan reading one row.

    Args:
        catalog: The catalog.
        table: The resource.
        key: The key as it stands in the path, percent-encoded.
        parameters: The query; it may hold `include`.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The key or a parameter is not valid.
    """
    values = key_values(table, key)
    includes = plan_includes(catalog, table, parameters)
    return ReadPlan(select_by_key(table), predicate_values(values), includes)


def plan_list(catalog: Catalog, table: Table, parameters: Sequence[Parameter]) -> ListPlan:
    """Plan reading one page.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or has a value that is not valid.
    """
    resource = table.resource
    query = Query(catalog, table, parameters, ("skip", "limit", "sort", "include"))
    skip = query.take_integer("skip", 0, 0, MAX_INT64)
    limit = query.take_integer("limit", resource.default_limit, 1, resource.max_limit)
    order = query.take_order()
    includes = query.take_includes(())
    predicates, operands = query.take_filters()
    query.finish()
    values = predicate_values(operands)
    values["limit"] = limit
    if skip:
        values["offset"] = skip
    shape = SelectShape(table, predicates, order, limited=True, offset=skip > 0)
    return ListPlan(shape, CountShape(table, predicates), values, includes, skip, limit)


def plan_stream(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], batch: int
) -> StreamPlan:
    """Plan reading every matching row.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query; `skip` and `limit` are not for streams.
        batch: Rows that are read at a time.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or has a value that is not valid.
    """
    query = Query(catalog, table, parameters, ("sort", "include"))
    order = query.take_order()
    includes = query.take_includes(())
    predicates, operands = query.take_filters()
    query.finish()
    shape = SelectShape(table, predicates, order, limited=True)
    return StreamPlan(shape, {**predicate_values(operands), "limit": batch}, includes)


def select_next_batch(plan: StreamPlan, last: Sequence[Any]) -> tuple[SelectShape, Values]:
    """Plan the batch after a row.

    Args:
        plan: The stream.
        last: The last row that was read.

    Returns:
        The shape and the values of the next batch.
    """
    positions = plan.shape.table.positions
    after = [last[positions[term.field]] for term in plan.shape.order]
    shape = replace(plan.shape, after=tuple(value is None for value in after))
    return shape, {**plan.values, **{f"after{i}": value for i, value in enumerate(after)}}


def plan_includes(
    catalog: Catalog,
    table: Table,
    parameters: Sequence[Parameter],
    default: Sequence[str] | None = None,
) -> tuple[Include, ...]:
    """Plan what a request about one row includes; nothing but `include` may stand in its query.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        default: What is included when the query does not say; what the resource declares, if None.

    Returns:
        The includes.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or names no include.
    """
    query = Query(catalog, table, parameters, ("include",))
    declared = table.resource.include_by_default if default is None else default
    includes = query.take_includes(declared)
    query.finish()
    return includes

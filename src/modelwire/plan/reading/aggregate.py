"""Plans of aggregates over groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from msgspec import Struct

from ...catalog.domain import MAX_INT64
from ...catalog.tables import Catalog, Table
from ...request.logic import HAVING, Comparison, parse_logic
from ...request.query import Parameter
from ...settings import Limits
from ...shape.aggregates import AggregateShape, ColumnOrder, Measure
from ...shape.conditions import ChildOf, Condition, Measured, Predicate
from ...suggestions import did_you_mean
from ..parameters import Values, predicate_values, refuse_parameter
from ..parent import Parent
from .filters import check_operator, filter_by
from .grouping import COUNT, MEASURES, Columns, Grouping, plan_groups, plan_measures
from .logic import plan_group, read_term
from .paths import ParameterSpan, split_operator
from .query import Query

PARAMETERS = ("group", "measures", "having", "sort", "tz", "skip", "limit", "q", "or")
"""The parameters of aggregates that are not filters, whatever the names of the resource's
fields."""

DEFAULT_LIMIT = 100
"""Groups in an answer if the request gives no limit."""

UTC = "UTC"


class AggregatePlan(Struct, frozen=True):
    """Read of some groups, with an offset and a limit.

    Args:
        shape: The groups, and one more that tells whether there are more.
        values: The parameters of the conditions, the limit and the offset.
        skip: The number of groups to skip.
        limit: The maximum number of groups.
    """

    shape: AggregateShape
    values: Values
    skip: int
    limit: int


def default_limit(limits: Limits) -> int:
    """Return the number of groups in an answer if the request gives no limit."""
    return min(DEFAULT_LIMIT, limits.max_groups)


def plan_aggregate(
    catalog: Catalog,
    table: Table,
    parameters: Sequence[Parameter],
    parent: Parent | None = None,
) -> AggregatePlan:
    """Plan aggregates over groups of rows.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        parent: The row whose children are aggregated; None for all rows.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, is given twice, or has an invalid value.
    """
    limits, query = catalog.limits, Query(catalog, table, parameters, PARAMETERS, reads=True)
    table = query.table
    limit = query.take_integer("limit", default_limit(limits), 1, limits.max_groups)
    skip = query.take_integer("skip", 0, 0, MAX_INT64)
    zone = _check_zone(query.take("tz"))
    grouping = Grouping(table, zone != UTC)
    groups = plan_groups(catalog, grouping, query.take("group") or "")
    measures = _take_measures(query)
    columns = Columns(catalog, table, groups, measures)
    order = _plan_order(limits, columns, len(groups), query.take("sort") or "")
    having = query.take("having")
    operands: list[Any] = list(parent.key) if parent is not None else []
    conditions: tuple[Condition, ...] = query.take_conditions(operands)
    if parent is not None:
        conditions = (ChildOf(parent.table, parent.relation), *conditions)
    chosen = () if having is None else (_plan_having(limits, columns, having, operands),)
    columns.check()
    query.finish()
    shape = AggregateShape(
        table,
        groups,
        tuple(columns.measures),
        len(measures),
        order,
        conditions,
        chosen,
        offset=skip > 0,
    )
    values = {**predicate_values(operands), "limit": limit + 1}
    if skip:
        values["offset"] = skip
    if any(group.zoned for group in groups):
        values["tz"] = zone
    return AggregatePlan(shape, values, skip, limit)


def _take_measures(query: Query) -> tuple[Measure, ...]:
    text = query.take("measures")
    if text == "":
        raise MEASURES.refuse(f"should name at least one, such as `{COUNT}`")
    return plan_measures(query.catalog, query.table, COUNT if text is None else text)


def _check_zone(name: str | None) -> str:
    """Check the name of a time zone.

    Raises:
        InvalidRequest: There is no such time zone.
    """
    if name is None:
        return UTC
    if name not in _zones():
        message = (
            f"should be the name of a time zone, as in Europe/Berlin{did_you_mean(name, _zones())}"
        )
        raise refuse_parameter("tz", message)
    return name


@cache
def _zones() -> frozenset[str]:
    # Clients should not ask for the server's own time zone.
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def _plan_order(
    limits: Limits, columns: Columns, groups: int, text: str
) -> tuple[ColumnOrder, ...]:
    """Plan the order: first by `sort`, then by the groups."""
    parts, place = text.split(",") if text else [], ParameterSpan("sort")
    if len(parts) > limits.max_sort_terms:
        message = f"should name at most {limits.max_sort_terms} groups and measures"
        raise place.refuse(message, "too_many_terms")
    order: dict[int, ColumnOrder] = {}
    for part in parts:
        name = part.removeprefix("-")
        position = columns.find(name, place, grouped=True)
        if position in order:
            raise place.refuse(f"names `{name}` twice")
        order[position] = ColumnOrder(position, part.startswith("-"))
    for position in range(groups):
        order.setdefault(position, ColumnOrder(position))
    return tuple(order.values())


def _plan_having(limits: Limits, columns: Columns, text: str, operands: list[Any]) -> Condition:
    """Plan the value of `having`: comparisons of measures that must all hold."""

    def plan(term: Comparison) -> Condition:
        place = ParameterSpan("having", term.position)
        name, operator = _split_measure(term.name)
        position = columns.find(name, place, grouped=False)
        shown = columns.shown(position)
        check_operator(shown, operator, name, place)
        _, operand = read_term(filter_by(Predicate(shown, operator)), term, "having", limits)
        operands.append(operand)
        return Measured(position, shown, operator)

    logic = parse_logic(text, limits.max_logic_depth, limits.max_logic_terms, HAVING)
    return plan_group(logic, plan)


def _split_measure(name: str) -> tuple[str, str]:
    """Split `amount:sum__gte` into the measure and its operator."""
    path, colon, function = name.rpartition(":")
    function, operator = split_operator(function)
    return f"{path}{colon}{function}", operator or "eq"

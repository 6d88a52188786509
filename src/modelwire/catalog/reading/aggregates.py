"""Aggregates in expressions: they depend on many rows and have no value for each row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ClauseElement, Over, WithinGroup
from sqlalchemy.sql.functions import FunctionElement

from ..conditions import outside_subqueries

_OF_MANY = frozenset(
    (
        *("count", "sum", "avg", "total", "any_value", "every", "bool_and", "bool_or"),
        *("bit_and", "bit_or", "bit_xor", "range_agg", "range_intersect_agg", "xmlagg"),
        *("stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"),
        *("corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy", "regr_count", "regr_slope"),
        *("regr_intercept", "regr_r2", "regr_sxx", "regr_sxy", "regr_syy", "median"),
        *("group_concat", "string_agg", "aggregate_strings", "array_agg"),
        *("json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "json_arrayagg"),
        *("json_agg_strict", "jsonb_agg_strict", "json_objectagg", "json_object_agg_strict"),
        *("jsonb_object_agg_strict", "json_object_agg_unique", "jsonb_object_agg_unique"),
        *("json_object_agg_unique_strict", "jsonb_object_agg_unique_strict"),
        *("json_group_array", "json_group_object", "jsonb_group_array", "jsonb_group_object"),
    )
)
"""Aggregate functions (PostgreSQL manual, 9.21; SQLite, Built-in Aggregate Functions)."""

_OF_MANY_IF_ALONE = ("min", "max")
"""Functions that are aggregates with one argument; with more, they compare them on SQLite."""


def find_of_many(expression: ClauseElement) -> str | None:
    """Find an aggregate or window function in an expression, except inside its subqueries.

    Args:
        expression: The expression.

    Returns:
        Its description for a message; None if there is none.
    """
    told = (_tell(part) for part in outside_subqueries(expression))
    return next((found for found in told if found is not None), None)


def _tell(part: Any) -> str | None:
    """Describe a part if it is an aggregate or window function."""
    if isinstance(part, Over):
        return "a window function"
    if isinstance(part, WithinGroup):
        return f"`{part.element.name}`"
    name = str(getattr(part, "name", "")).lower() if isinstance(part, FunctionElement) else ""
    is_alone = name in _OF_MANY_IF_ALONE and len(part.clauses) == 1
    return f"`{name}`" if is_alone or name in _OF_MANY else None

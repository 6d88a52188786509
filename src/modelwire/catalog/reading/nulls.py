"""Nullability of expressions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, Cast, TypeCoerce
from sqlalchemy.sql import functions, operators, visitors
from sqlalchemy.sql.expression import ColumnClause, Grouping, Label
from sqlalchemy.sql.selectable import Exists, ScalarSelect, Select

from ...compat.sqlalchemy import is_one_group

_NULL_ONLY_OF_NULL = (operators.add, operators.sub, operators.mul, operators.concat_op)
_OF_GROUPS = (functions.count, functions.sum, functions.min, functions.max)


def may_be_null(element: Any) -> bool:
    """Whether an expression may be NULL for some row; assumed if it is not known.

    Args:
        element: The expression.
    """
    match element:
        case functions.count() | Exists():
            return False
        case Label() | Grouping():
            return may_be_null(element.element)
        case Cast() | TypeCoerce():
            return may_be_null(element.clause)
        case ColumnClause():
            return bool(getattr(element, "nullable", True))
        case BindParameter():
            return element.value is None
        case functions.coalesce():
            return all(map(may_be_null, element.clauses))
        case BinaryExpression() if element.operator in _NULL_ONLY_OF_NULL:
            return may_be_null(element.left) or may_be_null(element.right)
        case ScalarSelect():
            return _may_have_no_value(element.element)
        case _:
            return True


def _may_have_no_value(query: Any) -> bool:
    """Whether a scalar query may return no row, or NULL."""
    if not isinstance(query, Select) or not is_one_group(query):
        return True
    (column,) = query.selected_columns
    is_of_group = any(isinstance(part, _OF_GROUPS) for part in visitors.iterate(column))
    return not is_of_group or may_be_null(column)

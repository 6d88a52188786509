"""The scale of an expression's values: the number of their decimal places."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BinaryExpression, BindParameter, Case, Integer
from sqlalchemy.sql import functions, operators
from sqlalchemy.sql.expression import ColumnClause, Grouping, Label, UnaryExpression
from sqlalchemy.sql.selectable import ScalarSelect, Select

from ..kinds import scale_of, storage_type


class Digits(NamedTuple):
    """Range of the number of decimal places.

    Args:
        least: The minimum of all values.
        most: The maximum of all values.
    """

    least: int
    most: int


_OF_VALUES = (functions.sum, functions.min, functions.max, functions.coalesce)


def digits_of(element: Any) -> Digits | None:
    """Return the decimal places of an expression as PostgreSQL computes it; None if unknown.

    Sums and differences have the larger number of both operands, products the sum of both.

    Args:
        element: The expression.
    """
    match element:
        case Label() | Grouping():
            return digits_of(element.element)
        case UnaryExpression() if element.operator is operators.neg:
            return digits_of(element.element)
        case ColumnClause():
            return _digits_of_type(element.type)
        case BindParameter():
            return _digits_of_value(element.value)
        case BinaryExpression():
            return _digits_of_both(element)
        case Case():
            others = () if element.else_ is None else (element.else_,)
            return _any_of((*(then for _, then in element.whens), *others))
        case ScalarSelect() if isinstance(element.element, Select):
            return _any_of(element.element.selected_columns)
        case _ if isinstance(element, _OF_VALUES):
            return _any_of(element.clauses)
        case _:
            return None


def _digits_of_type(sql_type: Any) -> Digits | None:
    scale = 0 if isinstance(storage_type(sql_type), Integer) else scale_of(sql_type)
    return None if scale is None else Digits(scale, scale)


def _digits_of_value(value: object) -> Digits | None:
    if isinstance(value, Decimal) and value.is_finite():
        scale = max(0, -int(value.as_tuple().exponent))
        return Digits(scale, scale)
    return Digits(0, 0) if isinstance(value, int) else None


def _digits_of_both(element: BinaryExpression[Any]) -> Digits | None:
    left, right = digits_of(element.left), digits_of(element.right)
    if left is None or right is None:
        return None
    if element.operator is operators.mul:
        return Digits(left.least + right.least, left.most + right.most)
    if element.operator in (operators.add, operators.sub):
        return Digits(max(left.least, right.least), max(left.most, right.most))
    return None


def _any_of(elements: Iterable[Any]) -> Digits | None:
    found = [digits_of(element) for element in elements]
    known = [digits for digits in found if digits is not None]
    if not known or len(known) < len(found):
        return None
    return Digits(min(digits.least for digits in known), max(digits.most for digits in known))

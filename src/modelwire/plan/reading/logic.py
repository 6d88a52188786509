"""The parameter `or`: what was parsed, as conditions on fields that exist."""

from __future__ import annotations

from typing import Any

from ...catalog.tables import Catalog, Table
from ...request.logic import Comparison, Group, parse_logic
from ...shape.conditions import AllOf, AnyOf, Condition, Negation
from .filters import has_operator, make_predicate, parse_comparison, takes_list
from .paths import FieldPath, ParameterSpan, TooDeep, find_compared, suggest_path


def plan_logic(catalog: Catalog, table: Table, text: str, operands: list[Any]) -> Condition:
    """Plan the value of `or`.

    Args:
        catalog: The catalog.
        table: The resource.
        text: The value.
        operands: Where its values are appended, as they occur.

    Returns:
        The condition.

    Raises:
        InvalidRequest: It can't be parsed, or names what there is not; says at which character.
    """
    limits = catalog.limits
    group = parse_logic(text, limits.max_logic_depth, limits.max_logic_terms)
    return _plan_group(catalog, table, group, operands)


def _plan_group(catalog: Catalog, table: Table, group: Group, operands: list[Any]) -> Condition:
    terms = tuple(
        _plan_group(catalog, table, term, operands)
        if isinstance(term, Group)
        else _plan_comparison(catalog, table, term, operands)
        for term in group.terms
    )
    if group.kind == "not":
        return Negation(terms[0])
    if len(terms) == 1:
        return terms[0]
    return AllOf(terms) if group.kind == "and" else AnyOf(terms)


def _plan_comparison(
    catalog: Catalog, table: Table, term: Comparison, operands: list[Any]
) -> Condition:
    place = ParameterSpan("or", term.position)
    found, operator = _find(catalog, table, term, place)
    predicate = make_predicate(found, operator, place)
    value_place = ParameterSpan("or", term.value_position)
    if term.is_list != takes_list(predicate.operator):
        shown = "values in parentheses" if takes_list(predicate.operator) else "a single value"
        raise value_place.refuse(f"`{predicate.operator}` should have {shown} here")
    compared, operand = parse_comparison(
        predicate, term.values, value_place, catalog.limits, term.quoted
    )
    operands.append(operand)
    return compared


def _find(
    catalog: Catalog, table: Table, term: Comparison, place: ParameterSpan
) -> tuple[FieldPath, str | None]:
    found, operator = find_compared(catalog, table, term.name)
    if isinstance(found, FieldPath):
        return found, operator
    if isinstance(found, TooDeep):
        raise place.refuse(str(found), "too_deep")
    suggestion = suggest_path(
        catalog, table, found.path, lambda _, near: has_operator(near, operator)
    )
    raise place.refuse(f"can't name `{found.path}`{suggestion}", "unknown_field")

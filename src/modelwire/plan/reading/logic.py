"""The parameter `or`: parsed conditions on existing fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...catalog.tables import Catalog, Table
from ...request.logic import Comparison, Group, parse_logic
from ...settings import Limits
from ...shape.conditions import AllOf, AnyOf, Condition, Measured, Negation
from .filters import has_operator, make_predicate, parse_comparison, parse_operand, takes_list
from .paths import FieldPath, ParameterSpan, TooDeep, find_compared, suggest_path


def plan_logic(catalog: Catalog, table: Table, text: str, operands: list[Any]) -> Condition:
    """Plan the value of `or`.

    Args:
        catalog: The catalog.
        table: The resource.
        text: The value.
        operands: The list that its operands are appended to, in order of occurrence.

    Returns:
        The condition.

    Raises:
        InvalidRequest: It can't be parsed, or names something that does not exist; the error says
            at which character.
    """
    limits = catalog.limits
    group = parse_logic(text, limits.max_logic_depth, limits.max_logic_terms)

    def plan(term: Comparison) -> Condition:
        place = ParameterSpan("or", term.position)
        found, operator = _find(catalog, table, term, place)
        predicate = make_predicate(found, operator, place)
        at = _place_of_value(predicate.operator, term, "or")
        compared, operand = parse_comparison(predicate, term.values, at, limits, term.quoted)
        operands.append(operand)
        return compared

    return plan_group(group, plan)


def plan_group(group: Group, plan: Callable[[Comparison], Condition]) -> Condition:
    """Plan a group of comparisons.

    Args:
        group: The comparisons.
        plan: Plans one of them; called in the order in which they occur.
    """
    terms = tuple(
        plan_group(term, plan) if isinstance(term, Group) else plan(term) for term in group.terms
    )
    if group.kind == "not":
        return Negation(terms[0])
    if len(terms) == 1:
        return terms[0]
    return AllOf(terms) if group.kind == "and" else AnyOf(terms)


def take_operand(measured: Measured, term: Comparison, parameter: str, limits: Limits) -> Any:
    """Parse the operand of a comparison with a measure.

    Raises:
        InvalidRequest: It is not valid for the operator.
    """
    place = _place_of_value(measured.operator, term, parameter)
    return parse_operand(measured, term.values, place, limits)


def _place_of_value(operator: str, term: Comparison, parameter: str) -> ParameterSpan:
    """Return the place of an operand, after checking that it is a list only if the operator takes
    one."""
    place = ParameterSpan(parameter, term.value_position)
    if term.is_list != takes_list(operator):
        shown = "values in parentheses" if takes_list(operator) else "a single value"
        raise place.refuse(f"`{operator}` should have {shown} here")
    return place


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

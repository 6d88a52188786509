"""The parameter `or`: parsed conditions on existing fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...catalog.tables import Catalog, Table
from ...request.logic import Comparison, Group, parse_logic
from ...settings import Limits
from ...shape.conditions import AllOf, AnyOf, Condition, Negation, Predicate
from .filters import Filter, has_operator, make_filter
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
        compared, operand = read_term(make_filter(found, operator, place), term, "or", limits)
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
        return Negation(*terms)
    if len(terms) == 1:
        return terms[0]
    return AllOf(terms) if group.kind == "and" else AnyOf(terms)


def read_term(
    found: Filter, term: Comparison, parameter: str, limits: Limits
) -> tuple[Predicate, Any]:
    """Parse the operand of a term.

    Args:
        found: The comparison.
        term: The term.
        parameter: The parameter that has the term.
        limits: The limits on texts and lists.

    Returns:
        The comparison and the operand, as `Filter.read` returns them.

    Raises:
        InvalidRequest: It is not valid for the operator.
    """
    place = ParameterSpan(parameter, term.value_position)
    if term.is_list != found.takes_list:
        shown = "values in parentheses" if found.takes_list else "a single value"
        raise place.refuse(f"`{found.predicate.operator}` should have {shown} here")
    return found.read(term.values, place, limits, term.quoted)


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

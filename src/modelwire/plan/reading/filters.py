"""Filters: fields, operators and operands of comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...catalog.documents import is_document, whole_of
from ...catalog.field import Field
from ...catalog.forms import form_of
from ...catalog.kinds import Kind
from ...catalog.names import did_you_mean
from ...catalog.tables import Catalog, Table
from ...memory import kept_if_short
from ...settings import Limits
from ...shape.conditions import Measured, Predicate
from ..parameters import Pair
from ..values import BadValue, parse_boolean, parse_text, parse_value
from .operators import EQUAL, OPERATORS, PATTERNS, Takes, operators_of
from .parts import compare_part, part_told_by_operand
from .paths import FieldPath, ParameterSpan, TooDeep, find_compared


class NoFilter(LookupError):
    """The name of a parameter does not refer to a field."""


@kept_if_short
def find_filter(catalog: Catalog, table: Table, name: str) -> Predicate:
    """Find the comparison that the name of a parameter stands for.

    Args:
        catalog: The catalog.
        table: The resource.
        name: The name, as in `team.name__icontains`.

    Returns:
        The comparison.

    Raises:
        NoFilter: It does not refer to a field.
        InvalidRequest: It goes through too many relations, or the field has no such operator.
    """
    place = ParameterSpan(name)
    found, operator = find_compared(catalog, table, name)
    if isinstance(found, TooDeep):
        raise place.refuse(str(found), "too_deep")
    if not isinstance(found, FieldPath):
        raise NoFilter(name)
    return make_predicate(found, operator, place)


def make_predicate(found: FieldPath, operator: str | None, place: ParameterSpan) -> Predicate:
    """Make a comparison.

    Args:
        found: The field.
        operator: The operator's name; None for the one that the field's resource declares.
        place: Its place in the request.

    Returns:
        The comparison.

    Raises:
        InvalidRequest: The field has no such operator.
    """
    operator = _default_of(found) if operator is None else operator
    check_operator(found.field, operator, found.field.name, place)
    of_items = operator == "has" and is_document(found.field)
    field = whole_of(found.field) if of_items else found.field
    return Predicate(field, operator, found.through)


def check_operator(field: Field, operator: str, name: str, place: ParameterSpan) -> None:
    """Check that a field has an operator.

    Args:
        field: The field.
        operator: The operator's name.
        name: The name of the field in the request.
        place: Its place in the request.

    Raises:
        InvalidRequest: It has no such operator.
    """
    allowed = operators_of(field)
    if operator not in allowed:
        suggestion = did_you_mean(operator, allowed)
        known = ", ".join(allowed)
        message = f"`{name}` has no operator `{operator}`{suggestion}; it has {known}"
        raise place.refuse(message, "unknown_operator")


def has_operator(found: FieldPath, operator: str | None) -> bool:
    """Whether a field has an operator; None stands for the one that its resource declares."""
    named = _default_of(found) if operator is None else operator
    return named in operators_of(found.field)


def _default_of(found: FieldPath) -> str:
    return found.table.resource.filters.get(found.field.name, "eq")


def takes_list(operator: str) -> bool:
    """Whether an operator takes several values."""
    return OPERATORS[operator].takes in (Takes.LIST, Takes.PAIR)


def parse_comparison(
    predicate: Predicate,
    texts: Sequence[str],
    place: ParameterSpan,
    limits: Limits,
    quoted: Sequence[bool] | None = None,
) -> tuple[Predicate, Any]:
    """Parse the operand of a comparison; its type may determine the view that is compared.

    Args:
        predicate: The comparison.
        texts: One text, or several if its operator takes a list.
        place: Their place in the request.
        limits: The limits on texts and lists.
        quoted: Whether each text was in double quotes, if these are removed already.

    Returns:
        The comparison, which for parts of documents depends on the operand, and the operand.

    Raises:
        InvalidRequest: The operand is not valid for the operator.
    """
    part = part_told_by_operand(predicate)
    if part is None:
        return predicate, parse_operand(predicate, texts, place, limits)
    _check_size(predicate.operator, texts, place, limits)
    try:
        return compare_part(predicate, part, texts, quoted)
    except BadValue as exc:
        raise place.refuse(str(exc)) from None


def parse_operand(
    predicate: Predicate | Measured, texts: Sequence[str], place: ParameterSpan, limits: Limits
) -> Any:
    """Parse the operand of a comparison.

    Args:
        predicate: The comparison.
        texts: One text, or several if its operator takes a list.
        place: Their place in the request.
        limits: The limits on texts and lists.

    Returns:
        The operand.

    Raises:
        InvalidRequest: The operand is not valid for the operator.
    """
    field, operator = predicate.field, predicate.operator
    takes = OPERATORS[operator].takes
    _check_size(operator, texts, place, limits)
    if takes in (Takes.LIST, Takes.PAIR):
        return _parse_list(texts, field, takes, place)
    parse = _parser_of(operator, field)
    try:
        return parse(texts[0], field)
    except BadValue as exc:
        raise place.refuse(str(exc)) from None


def _check_size(operator: str, texts: Sequence[str], place: ParameterSpan, limits: Limits) -> None:
    takes = OPERATORS[operator].takes
    if takes in (Takes.LIST, Takes.PAIR) and len(texts) > limits.max_list_values:
        message = f"should have at most {limits.max_list_values} values"
        raise place.refuse(message, "too_many_values")
    if takes is Takes.PAIR and len(texts) != 2:
        raise place.refuse(f"should be {takes}")
    if operator in PATTERNS and len(texts[0]) > limits.max_text_length:
        message = f"should have at most {limits.max_text_length} characters"
        raise place.refuse(message, "too_long")


def _parser_of(operator: str, field: Field) -> Callable[[str, Field], Any]:
    if OPERATORS[operator].takes is Takes.FLAG:
        return parse_boolean
    # A text that is searched for, or compared by order, need not be a complete value.
    takes_any = operator in PATTERNS or (operator not in EQUAL and form_of(field.sql_type) is None)
    return parse_text if field.kind is Kind.TEXT and takes_any else parse_value


def _parse_list(texts: Sequence[str], field: Field, takes: Takes, place: ParameterSpan) -> Any:
    try:
        values = [parse_value(text, field) for text in texts]
    except BadValue as exc:
        raise place.refuse(f"each value {exc}") from None
    return Pair(*values) if takes is Takes.PAIR else values

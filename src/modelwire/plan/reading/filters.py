"""Filters: fields, operators and operands of comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from ...catalog.documents import Part, is_document, whole_of
from ...catalog.field import Field
from ...catalog.forms import form_of
from ...catalog.kinds import Kind
from ...catalog.tables import Catalog, Table
from ...memory import kept_if_short
from ...settings import Limits
from ...shape.conditions import Predicate
from ...suggestions import did_you_mean
from ..parameters import Pair
from ..values import BadValue, parse_boolean, parse_text, parse_value
from .operators import EQUAL, OPERATORS, PATTERNS, Takes, operators_of
from .parts import compare_part, part_told_by_operand
from .paths import FieldPath, ParameterSpan, TooDeep, find_compared

Parse = Callable[[str, Field], Any]
"""Parser of a text as a value that a field is compared with."""


class Filter(Struct, frozen=True, eq=False):
    """Comparison of a parameter, with the parser of its operand.

    Args:
        predicate: The comparison.
        takes: What the operator takes.
        parse: Parses one value.
        part: The part of a document that is compared by the type of the operand, if it is one.
        takes_list: Whether the operator takes several values.
    """

    predicate: Predicate
    takes: Takes
    parse: Parse
    part: Part | None
    takes_list: bool

    def read(
        self,
        texts: Sequence[str],
        place: ParameterSpan,
        limits: Limits,
        quoted: Sequence[bool] | None = None,
    ) -> tuple[Predicate, Any]:
        """Parse the operand; its type may determine the view that is compared.

        Args:
            texts: One text, or several if the operator takes a list.
            place: Their place in the request.
            limits: The limits on texts and lists.
            quoted: Whether each text was in double quotes, if these are removed already.

        Returns:
            The comparison, which for parts of documents depends on the operand, and the operand.

        Raises:
            InvalidRequest: The operand is not valid for the operator.
        """
        compared = self.predicate
        if self.takes_list:
            _check_count(texts, self.takes, place, limits)
        elif len(texts[0]) > limits.max_text_length and compared.operator in PATTERNS:
            message = f"should have at most {limits.max_text_length} characters"
            raise place.refuse(message, "too_long")
        try:
            if self.part is not None:
                return compare_part(compared, self.part, texts, quoted)
            values = [self.parse(text, compared.field) for text in texts]
        except BadValue as exc:
            each = "each value " if self.takes_list and self.part is None else ""
            raise place.refuse(f"{each}{exc}") from None
        if self.takes is Takes.PAIR:
            return compared, Pair(*values)
        return compared, values if self.takes_list else values[0]


def _check_count(texts: Sequence[str], takes: Takes, place: ParameterSpan, limits: Limits) -> None:
    if len(texts) > limits.max_list_values:
        message = f"should have at most {limits.max_list_values} values"
        raise place.refuse(message, "too_many_values")
    if takes is Takes.PAIR and len(texts) != 2:
        raise place.refuse(f"should be {takes}")


@kept_if_short
def find_filter(catalog: Catalog, table: Table, name: str) -> Filter | None:
    """Find the comparison that the name of a parameter stands for.

    Args:
        catalog: The catalog.
        table: The resource.
        name: The name, as in `team.name__icontains`.

    Returns:
        The comparison; None if it names no field.

    Raises:
        InvalidRequest: It goes through too many relations, or the field has no such operator.
    """
    place = ParameterSpan(name)
    found, operator = find_compared(catalog, table, name)
    if isinstance(found, TooDeep):
        raise place.refuse(str(found), "too_deep")
    return make_filter(found, operator, place) if isinstance(found, FieldPath) else None


def make_filter(found: FieldPath, operator: str | None, place: ParameterSpan) -> Filter:
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
    return filter_by(Predicate(field, operator, found.through))


def filter_by(predicate: Predicate) -> Filter:
    """Return the filter of a comparison."""
    field, operator = predicate.field, predicate.operator
    takes = OPERATORS[operator].takes
    return Filter(
        predicate,
        takes,
        _parser_of(operator, field),
        part_told_by_operand(field, operator),
        takes_list=takes in (Takes.LIST, Takes.PAIR),
    )


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


def _parser_of(operator: str, field: Field) -> Parse:
    takes = OPERATORS[operator].takes
    if takes is Takes.FLAG:
        return parse_boolean
    # A text that is searched for, or compared by order, need not be a complete value.
    takes_any = operator in PATTERNS or (operator not in EQUAL and form_of(field.sql_type) is None)
    is_text = field.kind is Kind.TEXT and takes_any and takes is Takes.VALUE
    return parse_text if is_text else parse_value

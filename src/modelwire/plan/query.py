"""The parameters of a query, taken one by one by what understands them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..catalog import Catalog, Field, Table
from ..catalog.kinds import SORTABLE
from ..catalog.names import did_you_mean
from ..errors import InvalidRequest, Violation
from ..request import Parameter
from .keys import Pair, refuse_parameter
from .operators import OPERATORS, PATTERNS, Takes, operators_of
from .shapes import Include, Order, Predicate
from .values import BadValue, parse_boolean, parse_integer, parse_value

MAX_LIST = 200
"""Values that one `in` or `not_in` may list."""

MAX_PATTERN = 10_000
"""Characters of a text that is searched for."""

MAX_INCLUDE_DEPTH = 3
"""Relations that one include path may name."""


def refuse_parameters(parameters: Sequence[Parameter]) -> None:
    """Refuse every parameter, for requests that have none.

    Raises:
        InvalidRequest: There is one.
    """
    if parameters:
        raise InvalidRequest(*(_unknown(p.name, ()) for p in parameters))


def total_order(table: Table, order: Sequence[Order]) -> tuple[Order, ...]:
    """Append the key to an order, so that no two rows are equal in it."""
    named = {term.field for term in order}
    return (*order, *(Order(f, descending=False) for f in table.key if f not in named))


class Query:
    """The parameters of one request; each is taken by what understands it, until none is left."""

    def __init__(
        self,
        catalog: Catalog,
        table: Table,
        parameters: Sequence[Parameter],
        reserved: Sequence[str],
    ) -> None:
        self.catalog = catalog
        self.table = table
        self.reserved = tuple(reserved)
        self.left: dict[str, list[str]] = {}
        for parameter in parameters:
            self.left.setdefault(parameter.name, []).append(parameter.value)

    def take(self, name: str) -> str | None:
        values = self.left.pop(name, None)
        if values is None:
            return None
        if len(values) > 1:
            raise refuse_parameter(name, "stands more than once", "repeated_parameter")
        return values[0]

    def take_integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.take(name)
        if text is None:
            return default
        try:
            value = parse_integer(text)
        except BadValue:
            value = low - 1
        if not low <= value <= high:
            raise refuse_parameter(name, f"should be an integer from {low} to {high}")
        return value

    def take_order(self) -> tuple[Order, ...]:
        text = self.take("sort")
        terms = [self._order(part) for part in text.split(",")] if text else []
        fields = [term.field for term in terms]
        if len(set(fields)) < len(fields):
            raise refuse_parameter("sort", "names a field twice")
        return total_order(self.table, terms)

    def _order(self, part: str) -> Order:
        name = part.removeprefix("-")
        field = self.table.readable.get(name)
        known = [f.name for f in self.table.readable.values() if f.kind in SORTABLE]
        if field is None or field.kind not in SORTABLE:
            message = (
                f"can't name `{name}`{did_you_mean(name, known)}; it can name {', '.join(known)}"
            )
            raise refuse_parameter("sort", message, "unknown_field")
        return Order(field, descending=part.startswith("-"))

    def take_includes(self, default: Sequence[str]) -> tuple[Include, ...]:
        text = self.take("include")
        paths = list(default) if text is None else [path for path in text.split(",") if path]
        return _build_includes(self.catalog, self.table, [path.split(".") for path in paths])

    def take_filters(self) -> tuple[tuple[Predicate, ...], list[Any]]:
        predicates, operands = [], []
        for name in list(self.left):
            found = self._find_filter(name)
            if found is None:
                continue
            field, operator = found
            operands.append(_parse_operand(name, self.left.pop(name), field, operator))
            predicates.append(Predicate(field, operator))
        return tuple(predicates), operands

    def _find_filter(self, name: str) -> tuple[Field, str] | None:
        fields = self.table.readable
        if name in fields and name not in self.reserved:
            field = fields[name]
            return field, self._check_operator(
                name, field, self.table.resource.filters.get(name, "eq")
            )
        field_name, separator, operator = name.rpartition("__")
        if separator and field_name in fields:
            return fields[field_name], self._check_operator(name, fields[field_name], operator)
        return None

    def _check_operator(self, parameter: str, field: Field, operator: str) -> str:
        allowed = operators_of(field.kind)
        if operator in allowed:
            return operator
        message = f"`{field.name}` has no operator `{operator}`; it has {', '.join(allowed)}"
        raise refuse_parameter(parameter, message, "unknown_operator")

    def finish(self) -> None:
        if self.left:
            known = [*self.reserved, *self.table.readable]
            raise InvalidRequest(*(_unknown(name, known) for name in self.left))


def _parse_operand(parameter: str, texts: Sequence[str], field: Field, operator: str) -> Any:
    takes = OPERATORS[operator].takes
    if takes in (Takes.LIST, Takes.PAIR):
        parts = texts[0].split(",") if len(texts) == 1 else list(texts)
        return _parse_list(parameter, parts, field, takes)
    if len(texts) > 1:
        raise refuse_parameter(parameter, "stands more than once", "repeated_parameter")
    if operator in PATTERNS and len(texts[0]) > MAX_PATTERN:
        raise refuse_parameter(
            parameter, f"should have at most {MAX_PATTERN} characters", "too_long"
        )
    parse: Callable[[str, Field], Any] = parse_boolean if takes is Takes.FLAG else parse_value
    try:
        return parse(texts[0], field)
    except BadValue as exc:
        raise refuse_parameter(parameter, str(exc)) from None


def _parse_list(parameter: str, parts: Sequence[str], field: Field, takes: Takes) -> Any:
    if len(parts) > MAX_LIST:
        raise refuse_parameter(
            parameter, f"should have at most {MAX_LIST} values", "too_many_values"
        )
    if takes is Takes.PAIR and len(parts) != 2:
        raise refuse_parameter(parameter, f"should be {takes}")
    try:
        values = [parse_value(part, field) for part in parts]
    except BadValue as exc:
        raise refuse_parameter(parameter, f"each value {exc}") from None
    return Pair(*values) if takes is Takes.PAIR else values


def _build_includes(
    catalog: Catalog, table: Table, paths: Sequence[Sequence[str]]
) -> tuple[Include, ...]:
    nested: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        if len(path) > MAX_INCLUDE_DEPTH:
            message = f"should name at most {MAX_INCLUDE_DEPTH} relations in a path"
            raise refuse_parameter("include", message, "too_deep")
        nested.setdefault(path[0], []).extend([path[1:]] if path[1:] else [])
    return tuple(_build_include(catalog, table, name, rest) for name, rest in nested.items())


def _build_include(
    catalog: Catalog, table: Table, name: str, rest: Sequence[Sequence[str]]
) -> Include:
    relation = table.includes.get(name)
    if relation is None:
        known = ", ".join(table.includes) or "nothing here"
        message = f"can't name `{name}`{did_you_mean(name, table.includes)}; it can name {known}"
        raise refuse_parameter("include", message, "unknown_include")
    target = catalog.target_of(relation)
    return Include(relation, target, _build_includes(catalog, target, rest))


def _unknown(name: str, known: Sequence[str]) -> Violation:
    message = f"is not a parameter here{did_you_mean(name, known)}"
    return Violation(message, "unknown_parameter", parameter=name)

"""Plans of the reading requests: one row, a page of a list, a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ..catalog import Catalog, Field, Table
from ..catalog.domain import MAX_INT64
from ..catalog.kinds import SORTABLE
from ..catalog.names import did_you_mean
from ..errors import InvalidRequest, Violation
from ..request import Parameter
from .operators import OPERATORS, PATTERNS, Takes, operators_of
from .shapes import CountShape, Include, Order, Predicate, SelectShape
from .values import BadValue, parse_boolean, parse_integer, parse_value, write_value

Values = dict[str, Any]

MAX_LIST = 200
"""Values that one `in` or `not_in` may list."""

MAX_PATTERN = 10_000
"""Characters of a text that is searched for."""

MAX_INCLUDE_DEPTH = 3
"""Relations that one include path may name."""


class Pair(NamedTuple):
    """The operands of `between`."""

    low: Any
    high: Any


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Reading one row by its key."""

    shape: SelectShape
    values: Values
    includes: tuple[Include, ...]


@dataclass(frozen=True, slots=True)
class ListPlan:
    """Reading one page of a list."""

    shape: SelectShape
    count: CountShape
    values: Values
    includes: tuple[Include, ...]
    skip: int
    limit: int


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Reading every matching row, a batch at a time."""

    shape: SelectShape
    values: Values
    includes: tuple[Include, ...]


def plan_read(
    catalog: Catalog, table: Table, key: str, parameters: Sequence[Parameter]
) -> ReadPlan:
    """Plan reading one row.

    Args:
        catalog: The catalog.
        table: The resource.
        key: The key as it stands in the path, percent-encoded.
        parameters: The query; it may hold `include`.

    Returns:
        The plan.

    Raises:
        InvalidRequest: The key or a parameter is not valid.
    """
    values = key_values(table, key)
    includes = plan_includes(catalog, table, parameters)
    return ReadPlan(select_by_key(table), predicate_values(values), includes)


def plan_list(catalog: Catalog, table: Table, parameters: Sequence[Parameter]) -> ListPlan:
    """Plan reading one page.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or has a value that is not valid.
    """
    resource = table.resource
    query = _Query(catalog, table, parameters, ("skip", "limit", "sort", "include"))
    skip = query.take_integer("skip", 0, 0, MAX_INT64)
    limit = query.take_integer("limit", resource.default_limit, 1, resource.max_limit)
    order = query.take_order()
    includes = query.take_includes(())
    predicates, operands = query.take_filters()
    query.finish()
    values = predicate_values(operands)
    values["limit"] = limit
    if skip:
        values["offset"] = skip
    shape = SelectShape(table, predicates, order, limited=True, offset=skip > 0)
    return ListPlan(shape, CountShape(table, predicates), values, includes, skip, limit)


def plan_stream(
    catalog: Catalog, table: Table, parameters: Sequence[Parameter], batch: int
) -> StreamPlan:
    """Plan reading every matching row.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query; `skip` and `limit` are not for streams.
        batch: Rows that are read at a time.

    Returns:
        The plan.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or has a value that is not valid.
    """
    query = _Query(catalog, table, parameters, ("sort", "include"))
    order = query.take_order()
    includes = query.take_includes(())
    predicates, operands = query.take_filters()
    query.finish()
    shape = SelectShape(table, predicates, order, limited=True)
    return StreamPlan(shape, {**predicate_values(operands), "limit": batch}, includes)


def select_next_batch(plan: StreamPlan, last: Sequence[Any]) -> tuple[SelectShape, Values]:
    """Plan the batch after a row.

    Args:
        plan: The stream.
        last: The last row that was read.

    Returns:
        The shape and the values of the next batch.
    """
    positions = plan.shape.table.positions
    after = [last[positions[term.field]] for term in plan.shape.order]
    shape = replace(plan.shape, after=tuple(value is None for value in after))
    return shape, {**plan.values, **{f"after{i}": value for i, value in enumerate(after)}}


def select_by_key(table: Table) -> SelectShape:
    """The shape of one row, whose key is the parameters `p0`, `p1`, …"""
    return SelectShape(table, tuple(Predicate(f, "eq") for f in table.key))


def write_key(table: Table, row: Sequence[Any]) -> str:
    """Write the key of a row as it stands in a path."""
    values = (row[table.positions[f]] for f in table.key)
    return ",".join(quote(write_value(value), safe="") for value in values)


def plan_includes(
    catalog: Catalog,
    table: Table,
    parameters: Sequence[Parameter],
    default: Sequence[str] | None = None,
) -> tuple[Include, ...]:
    """Plan what a request about one row includes; nothing but `include` may stand in its query.

    Args:
        catalog: The catalog.
        table: The resource.
        parameters: The query.
        default: What is included when the query does not say; what the resource declares, if None.

    Returns:
        The includes.

    Raises:
        InvalidRequest: A parameter is unknown, given twice, or names no include.
    """
    query = _Query(catalog, table, parameters, ("include",))
    declared = table.resource.include_by_default if default is None else default
    includes = query.take_includes(declared)
    query.finish()
    return includes


def refuse_parameters(parameters: Sequence[Parameter]) -> None:
    """Refuse every parameter, for requests that have none.

    Raises:
        InvalidRequest: There is one.
    """
    if parameters:
        raise InvalidRequest(*(_unknown(p.name, ()) for p in parameters))


def key_values(table: Table, key: str) -> list[Any]:
    """Parse the key of a path: its components in the key's order, separated by commas.

    Args:
        table: The resource.
        key: The path's segment, percent-encoded. A comma or a slash inside a component is
            written `%2C` or `%2F`.

    Returns:
        A value for each field of the key.

    Raises:
        InvalidRequest: A component is missing, or is no value of its field.
    """
    fields = table.key
    name = ",".join(f.name for f in fields)
    components = [key] if len(fields) == 1 else key.split(",")
    if len(components) != len(fields):
        components = key.replace("%2c", ",").replace("%2C", ",").split(",")
    if len(components) != len(fields):
        message = f"should have {len(fields)} values separated by commas: {name}"
        raise InvalidRequest(Violation(message, "invalid_key", parameter=name))
    return [_key_value(f, component) for f, component in zip(fields, components, strict=True)]


def predicate_values(operands: Sequence[Any]) -> Values:
    """Name the operands of predicates as their statement does: `p0`, `p1`, …, a pair's in two."""
    values: Values = {}
    for i, operand in enumerate(operands):
        if isinstance(operand, Pair):
            values[f"p{i}_low"], values[f"p{i}_high"] = operand
        else:
            values[f"p{i}"] = operand
    return values


def total_order(table: Table, order: Sequence[Order]) -> tuple[Order, ...]:
    """Append the key to an order, so that no two rows are equal in it."""
    named = {term.field for term in order}
    return (*order, *(Order(f, descending=False) for f in table.key if f not in named))


def _key_value(field: Field, component: str) -> Any:
    try:
        return parse_value(unquote_to_bytes(component).decode(), field)
    except UnicodeDecodeError:
        raise _bad(field.name, "should be percent-encoded UTF-8") from None
    except BadValue as exc:
        raise _bad(field.name, str(exc)) from None


def _bad(parameter: str, message: str, code: str = "invalid_value") -> InvalidRequest:
    return InvalidRequest(Violation(message, code, parameter=parameter))


def _unknown(name: str, known: Sequence[str]) -> Violation:
    message = f"is not a parameter here{did_you_mean(name, known)}"
    return Violation(message, "unknown_parameter", parameter=name)


class _Query:
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
            raise _bad(name, "stands more than once", "repeated_parameter")
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
            raise _bad(name, f"should be an integer from {low} to {high}")
        return value

    def take_order(self) -> tuple[Order, ...]:
        text = self.take("sort")
        terms = [self._order(part) for part in text.split(",")] if text else []
        fields = [term.field for term in terms]
        if len(set(fields)) < len(fields):
            raise _bad("sort", "names a field twice")
        return total_order(self.table, terms)

    def _order(self, part: str) -> Order:
        name = part.removeprefix("-")
        field = self.table.readable.get(name)
        known = [f.name for f in self.table.readable.values() if f.kind in SORTABLE]
        if field is None or field.kind not in SORTABLE:
            message = (
                f"can't name `{name}`{did_you_mean(name, known)}; it can name {', '.join(known)}"
            )
            raise _bad("sort", message, "unknown_field")
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
        raise _bad(parameter, message, "unknown_operator")

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
        raise _bad(parameter, "stands more than once", "repeated_parameter")
    if operator in PATTERNS and len(texts[0]) > MAX_PATTERN:
        raise _bad(parameter, f"should have at most {MAX_PATTERN} characters", "too_long")
    parse: Callable[[str, Field], Any] = parse_boolean if takes is Takes.FLAG else parse_value
    try:
        return parse(texts[0], field)
    except BadValue as exc:
        raise _bad(parameter, str(exc)) from None


def _parse_list(parameter: str, parts: Sequence[str], field: Field, takes: Takes) -> Any:
    if len(parts) > MAX_LIST:
        raise _bad(parameter, f"should have at most {MAX_LIST} values", "too_many_values")
    if takes is Takes.PAIR and len(parts) != 2:
        raise _bad(parameter, f"should be {takes}")
    try:
        values = [parse_value(part, field) for part in parts]
    except BadValue as exc:
        raise _bad(parameter, f"each value {exc}") from None
    return Pair(*values) if takes is Takes.PAIR else values


def _build_includes(
    catalog: Catalog, table: Table, paths: Sequence[Sequence[str]]
) -> tuple[Include, ...]:
    nested: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        if len(path) > MAX_INCLUDE_DEPTH:
            message = f"should name at most {MAX_INCLUDE_DEPTH} relations in a path"
            raise _bad("include", message, "too_deep")
        nested.setdefault(path[0], []).extend([path[1:]] if path[1:] else [])
    return tuple(_build_include(catalog, table, name, rest) for name, rest in nested.items())


def _build_include(
    catalog: Catalog, table: Table, name: str, rest: Sequence[Sequence[str]]
) -> Include:
    relation = table.includes.get(name)
    if relation is None:
        known = ", ".join(table.includes) or "nothing here"
        message = f"can't name `{name}`{did_you_mean(name, table.includes)}; it can name {known}"
        raise _bad("include", message, "unknown_include")
    target = catalog.target_of(relation)
    return Include(relation, target, _build_includes(catalog, target, rest))

"""Keys in paths, and the values of predicates under the names that statements give them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ..catalog import Field, Table
from ..errors import InvalidRequest, Violation
from .shapes import Include, Predicate, Projection, SelectShape
from .values import BadValue, parse_value, write_value

Values = dict[str, Any]

RESERVED = frozenset({"bulk", "stream", "query"})
"""What is no key as it stands in a path, but the start of another route."""


class Pair(NamedTuple):
    """The operands of `between`."""

    low: Any
    high: Any


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


def write_key(table: Table, row: Sequence[Any]) -> str:
    """Write the key of a row as it stands in a path."""
    values = (row[table.positions[f]] for f in table.key)
    key = ",".join(quote(write_value(value), safe="") for value in values)
    # Percent-encoded, a key is told from a path and from a step up.
    return f"%{ord(key[0]):02X}{key[1:]}" if key in RESERVED or key in (".", "..") else key


@lru_cache(maxsize=512)
def select_by_key(
    table: Table, projection: Projection | None = None, joined: tuple[Include, ...] = ()
) -> SelectShape:
    """The shape of one row, whose key is the parameters `p0`, `p1`, …

    Args:
        table: The resource.
        projection: What is read of the row; the whole row, if None.
        joined: What it brings along of what it includes.
    """
    key = tuple(Predicate(f, "eq") for f in table.key)
    return SelectShape(table, key, projection=projection, joined=joined)


def predicate_values(operands: Sequence[Any]) -> Values:
    """Name the operands of predicates as their statement does: `p0`, `p1`, …, a pair's in two."""
    values: Values = {}
    for i, operand in enumerate(operands):
        if isinstance(operand, Pair):
            values[f"p{i}_low"], values[f"p{i}_high"] = operand
        else:
            values[f"p{i}"] = operand
    return values


def _key_value(field: Field, component: str) -> Any:
    try:
        return parse_value(unquote_to_bytes(component).decode(), field)
    except UnicodeDecodeError:
        raise refuse_parameter(field.name, "should be percent-encoded UTF-8") from None
    except BadValue as exc:
        raise refuse_parameter(field.name, str(exc)) from None


def refuse_parameter(
    parameter: str, message: str, code: str = "invalid_value", position: int | None = None
) -> InvalidRequest:
    """The error for one parameter of the query or the path."""
    return InvalidRequest(Violation(message, code, parameter=parameter, position=position))

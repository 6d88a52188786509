"""Keys in paths and bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ..access.policy import Action
from ..catalog.field import Field
from ..catalog.kinds import Kind
from ..catalog.tables import Table
from ..errors import InvalidRequest, Violation
from ..memory import kept
from ..shape.conditions import Predicate
from ..shape.parts import Include, Lock, Projection
from ..shape.reads import ExistingShape, SelectShape
from .parameters import refuse_parameter
from .values import BadValue, parse_value, write_value

Key = tuple[Any, ...]
"""The values of a primary key, in its order."""

_NO_FRACTION = re.compile(r"\.0+\Z")

RESERVED = frozenset({"bulk", "stream", "query", "aggregate", "changes"})
"""Path segments that are not keys, but begin other routes."""


def key_values(table: Table, key: str) -> list[Any]:
    """Parse the key in a path: its components in the key's order, separated by commas.

    Args:
        table: The resource.
        key: The path's segment, percent-encoded. A comma or a slash inside a component is written
            `%2C` or `%2F`.

    Returns:
        A value for each field of the key.

    Raises:
        InvalidRequest: A component is missing, or is not a value of its field.
    """
    fields = table.key
    components = [key] if len(fields) == 1 else key.split(",")
    if len(components) != len(fields):
        components = key.replace("%2c", ",").replace("%2C", ",").split(",")
    if len(components) != len(fields):
        name = ",".join(f.name for f in fields)
        message = f"should have {len(fields)} values separated by commas: {name}"
        raise InvalidRequest(Violation(message, "invalid_key", parameter=name))
    values = []
    for field, component in zip(fields, components, strict=True):
        try:
            text = unquote_to_bytes(component).decode() if "%" in component else component
            values.append(parse_value(text, field))
        except UnicodeError:
            raise refuse_parameter(field.name, "should be percent-encoded UTF-8") from None
        except BadValue as exc:
            raise refuse_parameter(field.name, str(exc)) from None
    return values


def read_key(table: Table, value: Any) -> Key:
    """Read the key of a row from a JSON body.

    Args:
        table: The resource.
        value: The JSON value: a scalar; for a composite key, a text as in a path, `"7,12"`.

    Returns:
        A value for each field of the key.

    Raises:
        BadValue: It is not a key of the resource.
    """
    if len(table.key) == 1:
        return (read_component(table.key[0], value),)
    if not isinstance(value, str):
        names = ",".join(f.name for f in table.key)
        raise BadValue(f"should be the text of a key, as in {names}")
    try:
        return tuple(key_values(table, value))
    except InvalidRequest as exc:
        raise BadValue(exc.violations[0].message) from None


def read_component(field: Field, value: Any) -> Any:
    """Read one component of a key from a JSON body.

    Raises:
        BadValue: It is not a value of the field.
    """
    if isinstance(value, bool):
        value = str(value).lower()
    if field.kind is Kind.INTEGER and isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, float)):
        value = str(value)
    if field.kind is Kind.INTEGER and isinstance(value, str) and "." in value:
        # Like other integers in a body, it may be written with a point and zeros.
        value = _NO_FRACTION.sub("", value)
    if not isinstance(value, str):
        raise BadValue(f"should be {field.kind.noun}")
    return parse_value(value, field)


def write_key(table: Table, row: Sequence[Any]) -> str:
    """Write the key of a row for use in a path."""
    return quote_key([row[table.positions[field]] for field in table.key], table.key)


def quote_key(values: Sequence[Any], fields: Sequence[Field]) -> str:
    """Write the values of a key for use in a path."""
    parts = []
    for value, field in zip(values, fields, strict=True):
        text = write_value(value, field)
        parts.append(text if text.isascii() and text.isalnum() else quote(text, safe=""))
    return escape_reserved(",".join(parts))


def escape_reserved(key: str) -> str:
    """Escape a key that would be taken for another route, or for a relative path, in a path."""
    return f"%{ord(key[0]):02X}{key[1:]}" if key in RESERVED or key in (".", "..") else key


@kept
def select_by_key(
    table: Table, projection: Projection | None = None, joined: tuple[Include, ...] = ()
) -> SelectShape:
    """Return the shape of one row, whose key is in the parameters `p0`, `p1`, …

    Args:
        table: The resource.
        projection: The columns to read; None for the whole row.
        joined: The includes to read by the same statement.
    """
    key = tuple(Predicate(f, "eq") for f in table.key)
    return SelectShape(table, key, projection=projection, joined=joined)


@kept
def select_locked(
    table: Table,
    fields: tuple[Field, ...] = (),
    lock: Lock = Lock.CHANGE,
    action: Action = "update",
) -> ExistingShape:
    """Return the shape that locks the rows whose keys are in the parameter `ROWS`.

    Args:
        table: The resource.
        fields: Fields to read in addition to those that are always read.
        lock: The kind of lock.
        action: The action that the rows are locked for, as policies call it.
    """
    whole = table.stored if table.resource.hooks is not None else ()
    read = whole or tuple(dict.fromkeys((*table.selected, *fields)))
    projection = Projection(read, len(table.readable))
    allows = (action,) if table.policy.restricts(action) else ()
    return ExistingShape(table, table.key, projection, lock, allows)

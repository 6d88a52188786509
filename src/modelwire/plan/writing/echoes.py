"""Echoes: fields and relations that are shown but can't be set, sent back as they were read.

Clients that edit a row send all of it: its key, computed fields, included rows. As long as these
are as they are shown, they change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...catalog.field import Field
from ...catalog.names import escape_pointer
from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...errors import Faults, Violation
from ...shape.parts import Include
from ..keys import Key, read_component
from ..reading.includes import build_includes, may_follow
from ..values import BadValue
from .bodies import refuse_read_only

Echo = Mapping[str, Any]
"""The values of a body that clients can't set, by their names."""


def find_echo(table: Table, body: Mapping[str, Any]) -> Echo:
    """Find the values of a body that are shown but can't be set.

    Args:
        table: The resource.
        body: The JSON value of the row.

    Returns:
        The JSON values; empty if the user's own schema is configured to handle unknown fields
        itself.
    """
    sent = {name: value for name, value in body.items() if name in table.echoed}
    return {name: value for name, value in sent.items() if not _is_to_link(table, name, value)}


def leave_out_key(table: Table, echo: Echo, key: Key) -> Echo:
    """Return an echo without the values that equal the key in the path."""
    known = {field.name: (field, value) for field, value in zip(table.key, key, strict=True)}
    return {n: v for n, v in echo.items() if n not in known or not _is_value(v, *known[n])}


def _is_to_link(table: Table, name: str, value: Any) -> bool:
    """Whether a value under a relation's name has keys of rows to link."""
    if name not in table.linked:
        return False
    return not (isinstance(value, list) and value and all(isinstance(v, dict) for v in value))


def includes_of(catalog: Catalog, table: Table, echoes: Iterable[Echo]) -> tuple[Include, ...]:
    """Return the includes that must be read to compare them with an echo.

    Raises:
        InvalidRequest: It goes through too many relations.
    """
    paths = dict.fromkeys(path for echo in echoes for path in _paths_in(catalog, table, echo))
    return build_includes(catalog, table, tuple(paths))


def _paths_in(
    catalog: Catalog, table: Table, sent: Echo, before: Relation | None = None
) -> Iterator[str]:
    """Yield the paths of the relations in an echo, as far as they can be included."""
    for name, relation in table.includes.items():
        if name not in sent or (before is not None and not may_follow(table, relation, before)):
            continue
        yield name
        value = sent[name]
        target = catalog.target_of(relation)
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict):
                below = _paths_in(catalog, target, row, relation)
                yield from (f"{name}.{path}" for path in below)


def compare_values(table: Table, echo: Echo, row: Sequence[Any]) -> Echo:
    """Return an echo without the fields whose values are unchanged.

    Args:
        table: The resource.
        echo: The echo.
        row: The row as it is read.
    """
    # Masked fields are compared as they are shown: clients can't find out stored values by
    # guessing.
    plain = (field for field in table.readable.values() if field.key not in table.masked)
    fields = {field.name: field for field in plain if field.name in echo}
    same = {n for n, f in fields.items() if _is_value(echo[n], f, row[table.positions[f]])}
    return {name: value for name, value in echo.items() if name not in same}


def compare_shown(table: Table, echo: Echo, shown: Mapping[str, Any], pointer: str) -> None:
    """Refuse an echo that differs from the row as it is shown.

    Args:
        table: The resource.
        echo: The echo.
        shown: The row as it is shown, with its includes.
        pointer: The place of the row in the body.

    Raises:
        InvalidRequest: Something differs; the error does not say how.
    """
    differing = [
        (name, value)
        for name, value in echo.items()
        if not _is_same(value, shown.get(name), leaves_out_null=name in table.includes)
    ]
    faults = Faults()
    for name, value in differing:
        for violation in _refuse(table, name, value, pointer):
            faults.add(violation)
    faults.refuse()


def _refuse(table: Table, name: str, value: Any, pointer: str) -> Iterator[Violation]:
    place = f"{pointer}/{escape_pointer(name)}"
    if name in table.linked and isinstance(value, list):
        yield from (refuse_row(f"{place}/{index}") for index in range(len(value)))
    elif name in table.read_only:
        yield refuse_read_only(place)
    else:
        yield Violation("is not a field that can be set here", "unknown_field", place)


def refuse_row(pointer: str) -> Violation:
    """Return the violation for a row in a change, under the name of a relation."""
    message = "should be the key of a row; rows can be created with a new row only"
    return Violation(message, "nested_write", pointer)


def _is_same(sent: Any, shown: Any, *, leaves_out_null: bool) -> bool:
    """Whether JSON values are equal; optionally, members that an object leaves out count as
    null."""
    if isinstance(sent, bool) or isinstance(shown, bool):
        return sent is shown
    if isinstance(sent, dict) and isinstance(shown, dict):
        left_out = [value for name, value in shown.items() if name not in sent]
        return (
            sent.keys() <= shown.keys()
            and not (left_out and not leaves_out_null)
            and all(value is None for value in left_out)
            and all(_is_same(v, shown[n], leaves_out_null=leaves_out_null) for n, v in sent.items())
        )
    if isinstance(sent, list) and isinstance(shown, list):
        pairs = zip(sent, shown, strict=False)
        return len(sent) == len(shown) and all(
            _is_same(*pair, leaves_out_null=leaves_out_null) for pair in pairs
        )
    return bool(sent == shown)


def _is_value(sent: Any, field: Field, value: Any) -> bool:
    """Whether a JSON value stands for a value of a field, in any spelling."""
    if sent is None:
        return value is None
    try:
        return bool(read_component(field, sent) == value)
    except BadValue:
        return False

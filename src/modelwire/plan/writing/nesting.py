"""Values in a body under the names of relations: rows to create, and keys of rows to link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...catalog.names import escape_pointer
from ...catalog.relation import Relation
from ...catalog.tables import Table
from ...errors import Faults, Violation


class Related(NamedTuple):
    """Value in a body under the name of one relation.

    Args:
        relation: The relation.
        bodies: Rows to create, as JSON values.
        pointers: The place of each.
        keys: Keys of rows to link, as JSON values; None if the body gives none.
        key_pointers: The place of each.
    """

    relation: Relation
    bodies: list[Any]
    pointers: list[str]
    keys: list[Any] | None
    key_pointers: list[str]


def relations_in_each(table: Table, bodies: Sequence[Any]) -> Sequence[Mapping[str, Relation]]:
    """Return the relations that each body names; empty if bodies may name none."""
    if not (table.nested or table.linked):
        return ()
    return [relations_in(table, body) for body in bodies]


def relations_in(table: Table, body: Any) -> Mapping[str, Relation]:
    """Return the relations that a body names and that may be written."""
    if not isinstance(body, dict) or not (table.nested or table.linked):
        return {}
    known = {**table.linked, **table.nested}
    return {name: known[name] for name in body if name in known}


def read_related(table: Table, name: str, value: Any, pointer: str, faults: Faults) -> Related:
    """Read the value under the name of a relation.

    Args:
        table: The resource that has the relation.
        name: Its name.
        value: The JSON value.
        pointer: The place of the body that has it.
        faults: The collector of faults.

    Returns:
        The rows and keys in it.
    """
    relation = table.nested.get(name) or table.linked[name]
    place = f"{pointer}/{escape_pointer(name)}"
    found = Related(relation, [], [], [] if name in table.linked else None, [])
    if not relation.many:
        _read_one(found, value, place, faults)
        return found
    if not isinstance(value, list):
        noun = "rows" if name in table.nested else "keys"
        faults.add(Violation(f"should be an array of {noun}", "list_type", place))
        return found
    for index, item in enumerate(value):
        _read_item(table, name, found, item, f"{place}/{index}", faults)
    return found


def _read_one(found: Related, value: Any, place: str, faults: Faults) -> None:
    if isinstance(value, dict):
        found.bodies.append(value)
        found.pointers.append(place)
    elif value is not None:
        faults.add(Violation("should be an object: a row to create", "model_type", place))


def _read_item(
    table: Table, name: str, found: Related, item: Any, place: str, faults: Faults
) -> None:
    is_row = isinstance(item, dict)
    if is_row and name in table.nested:
        found.bodies.append(item)
        found.pointers.append(place)
    elif not is_row and found.keys is not None:
        found.keys.append(item)
        found.key_pointers.append(place)
    elif is_row:
        message = "should be the key of a row; rows can't be created here"
        faults.add(Violation(message, "nested_write", place))
    else:
        faults.add(Violation("should be an object: a row to create", "model_type", place))

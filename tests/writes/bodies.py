"""Faults of a body, before the database sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .known import TABLES, Column, Row, Table

Fault = tuple[str, str]
"""A pointer and a code."""

SMALL, INTEGER = 2**15, 2**31

OWN_CODES = ("too_long", "out_of_range")


class Unknown:
    """The value of a tied column while the row that gives it is not stored yet."""


UNKNOWN = Unknown()

Ties = Mapping[str, Any]
"""The columns of a row whose values another row gives."""


@dataclass
class Faults:
    """Faults of a body, in the order in which one kind hides the next."""

    nulls: list[Fault] = field(default_factory=list)
    invalid: list[Fault] = field(default_factory=list)
    beyond: list[Fault] = field(default_factory=list)

    def refusal(self) -> tuple[str, list[Fault]] | None:
        """The code of the problem and its entries; None where nothing is wrong."""
        if self.nulls:
            return "not_null", self.nulls
        if self.invalid:
            return "invalid", self.invalid
        if not self.beyond:
            return None
        codes = {code for _, code in self.beyond}
        own = [code for code in OWN_CODES if codes == {code}]
        return (own[0] if own else "invalid"), self.beyond


def check_new(name: str, body: Any, pointer: str, faults: Faults, ties: Ties | None = None) -> None:
    """Check the body of a row to create, with those that are nested in it."""
    table = TABLES[name]
    ties = _check_ties(table, body, pointer, faults, ties or {})
    for column, spec in table.writable.items():
        if spec.required and column not in body and column not in ties:
            faults.invalid.append((f"{pointer}/{column}", "missing"))
    for field_, value in body.items():
        relation = table.relations.get(field_)
        if relation is not None and (relation.nested or relation.link):
            _check_related(name, field_, body, f"{pointer}/{field_}", faults)
        elif value is not None or field_ not in ties:
            _check_field(table.writable.get(field_), value, f"{pointer}/{field_}", faults)


def _check_ties(table: Table, body: Any, pointer: str, faults: Faults, ties: Ties) -> Ties:
    """Check that a row names no other parent than the one it stands in, or that stands in it."""
    held: dict[str, Any] = {}
    for field_, relation in table.relations.items():
        if relation.holds and body.get(field_) is not None:
            if relation.own in ties:
                faults.invalid.append((f"{pointer}/{field_}", "other_parent"))
            held[relation.own] = UNKNOWN
    for column, known in (both := {**ties, **held}).items():
        given = body.get(column)
        if given not in (None, known) and _value_fault(table.columns[column], given) is None:
            faults.invalid.append((f"{pointer}/{column}", "other_parent"))
    return both


def check_change(
    table: Table, body: Any, pointer: str, faults: Faults, *, method: str, links: bool = True
) -> None:
    """Check the body of a change; in a PUT null means nothing."""
    for field_, value in body.items():
        if is_echo(table, field_, value):
            continue
        place, spec = f"{pointer}/{field_}", table.writable.get(field_)
        relation = table.relations.get(field_)
        if links and relation is not None and relation.link:
            if value is not None or method != "PUT":
                _check_keys(relation.table, value, place, faults, rows=False)
        elif spec is not None and value is None:
            if method != "PUT" and not spec.nullable:
                faults.nulls.append((place, "not_null"))
        else:
            _check_field(spec, value, place, faults)


def is_echo(table: Table, name: str, value: Any) -> bool:
    """Whether a body has what can't be set, and may be sent back as it is."""
    relation = table.relations.get(name)
    if relation is None:
        return name in table.columns and name not in table.writable
    are_rows = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
    return bool(are_rows) or not relation.link


def check_echoes(table: Table, row: Row, body: Any, pointer: str, *, method: str) -> list[Fault]:
    """Return the echoed fields of a body that differ from the row; relations are not echoed."""
    faults = []
    for name, value in body.items():
        if not is_echo(table, name, value) or (value is None and method == "PUT"):
            continue
        if name in table.relations:
            faults += [(f"{pointer}/{name}/{i}", "nested_write") for i in range(len(value))]
        elif value != row[name]:
            faults.append((f"{pointer}/{name}", "unknown_field"))
    return faults


def _check_field(spec: Column | None, value: Any, place: str, faults: Faults) -> None:
    if spec is None:
        faults.invalid.append((place, "unknown_field"))
        return
    fault = _value_fault(spec, value)
    if fault is not None:
        (faults.beyond if fault in OWN_CODES else faults.invalid).append((place, fault))


def _value_fault(spec: Column, value: Any) -> str | None:
    if spec.kind == "json" or (value is None and spec.nullable):
        return None
    if spec.kind == "text":
        if not isinstance(value, str):
            return "string_type"
        return spec.refused if spec.length is not None and len(value) > spec.length else None
    if value is None:
        return "int_type"
    if isinstance(value, str):
        return "int_parsing"
    limit = SMALL if spec.kind == "small" else INTEGER
    return None if -limit <= value < limit else "out_of_range"


def _check_related(name: str, relation_name: str, body: Any, place: str, faults: Faults) -> None:
    relation, value = TABLES[name].relations[relation_name], body[relation_name]
    if relation.holds:
        if value is not None:
            check_new(relation.table, value, place, faults)
        return
    if not isinstance(value, list):
        faults.invalid.append((place, "list_type"))
        return
    _check_keys(
        relation.table, value, place, faults, rows=relation.nested, keys=bool(relation.link)
    )
    own = body.get(relation.own, UNKNOWN) if TABLES[name].key == (relation.own,) else UNKNOWN
    ties = {} if relation.link else {relation.other: own}
    for index, item in enumerate(value):
        if isinstance(item, dict) and relation.nested:
            check_new(relation.table, item, f"{place}/{index}", faults, ties)


def _check_keys(
    target: str, value: Any, place: str, faults: Faults, *, rows: bool, keys: bool = True
) -> None:
    if not isinstance(value, list):
        faults.invalid.append((place, "list_type"))
        return
    for index, item in enumerate(value):
        where = f"{place}/{index}"
        if isinstance(item, dict):
            if not rows:
                faults.invalid.append((where, "nested_write"))
        elif not keys:
            faults.invalid.append((where, "model_type"))
        elif not is_key(target, item):
            faults.invalid.append((where, "invalid_key"))


def is_key(table: str, value: Any) -> bool:
    """Whether a JSON value is the key of a row, as far as its form goes."""
    spec = TABLES[table].columns[TABLES[table].key[0]]
    if len(TABLES[table].key) > 1:
        return isinstance(value, str) and value.rpartition(",")[2].isdigit()
    if spec.kind == "text":
        return isinstance(value, (str, int, float))
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())

"""Every row, in plain Python, and what constraints say of a change of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from .bodies import Fault
from .known import TABLES, Key, Parent, Relation, Row, is_allowed

Violation = tuple[str, tuple[Fault, ...], str | None]
"""A code, the entries of the problem, and its detail where the model knows it."""


class State:
    """The rows of all tables, by their keys."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Row]] = {name: {} for name in TABLES}

    def copy(self) -> State:
        other = State()
        other.rows = copy.deepcopy(self.rows)
        return other

    def keys(self, table: str) -> list[Key]:
        return sorted(self.rows[table])

    def linked(self, relation: Relation, own: Any) -> list[Any]:
        """The keys at the other end of a many-to-many relation."""
        assert relation.link is not None
        here, there = relation.link
        rows = self.rows["memberships"].values()
        return sorted(row[there] for row in rows if row[here] == own)

    def set_links(self, relation: Relation, own: Any, others: list[Any]) -> None:
        """Make these the links of a row, and no others."""
        for key, row in list(self.rows["memberships"].items()):
            if row[_here(relation)] == own:
                del self.rows["memberships"][key]
        for other in others:
            self.add_link(relation, own, other)

    def add_link(self, relation: Relation, own: Any, other: Any) -> None:
        assert relation.link is not None
        here, there = relation.link
        row = {here: own, there: other}
        ordered = {name: row[name] for name in TABLES["memberships"].columns}
        self.rows["memberships"][TABLES["memberships"].key_of(ordered)] = ordered

    def related(self, table: str, row: Row, name: str) -> Any:
        """Return a row's relation as `include` shows it."""
        relation = TABLES[table].relations[name]
        target = self.rows[relation.table]
        if relation.link:
            keys = self.linked(relation, row[relation.own])
            return [target[(key,)] for key in keys]
        found = [r for _, r in sorted(target.items()) if r[relation.other] == row[relation.own]]
        return found if relation.many else (found[0] if found else None)

    def unique_conflicts(self, table: str, key: Key, row: Row) -> Iterator[tuple[str, ...]]:
        """The unique columns of a row whose values another row has."""
        for columns in TABLES[table].unique:
            values = [row[column] for column in columns]
            if None in values:
                continue
            for other, stored in self.rows[table].items():
                if other != key and [stored[column] for column in columns] == values:
                    yield columns
                    break

    def violations(self, table: str, key: Key, row: Row, pointer: str) -> Iterator[Violation]:
        """Yield the violated constraints of a written row, whose body is at a pointer."""
        for columns in self.unique_conflicts(table, key, row):
            yield taken(columns, pointer)
        if not is_allowed(table, row):
            faults = ((f"{pointer}/{c}", "check") for c in TABLES[table].check)
            yield "check", tuple(faults), None
        for column, parent in TABLES[table].parents.items():
            if not self.has_parent(parent, row[column]):
                yield parent_not_found(parent.table, [f"{pointer}/{column}"])

    def has_parent(self, parent: Parent, value: Any) -> bool:
        return value is None or (value,) in self.rows[parent.table]

    def referrers(self, table: str, row: Row) -> Iterator[tuple[str, Key, str, Parent]]:
        """The rows that refer to a row: their table, key and column, and how they refer."""
        for name, spec in TABLES.items():
            for column, parent in spec.parents.items():
                if parent.table != table:
                    continue
                for key, other in self.rows[name].items():
                    if other[column] == row[parent.column]:
                        yield name, key, column, parent

    def remove(self, table: str, keys: list[Key]) -> dict[Key, set[str]]:
        """Remove rows with what goes along.

        Returns what stays and refers to each of them, or to what went along with it: tables.
        """
        going = {key: self._closure(table, key) for key in keys}
        gone = {row for closure in going.values() for row in closure}
        blocking = {key: self._blocking(closure, gone) for key, closure in going.items()}
        for name, key in gone:
            for other, other_key, column, parent in list(
                self.referrers(name, self.rows[name][key])
            ):
                if parent.on_delete == "set null":
                    self.rows[other][other_key][column] = None
        for name, key in gone:
            del self.rows[name][key]
        return {key: names for key, names in blocking.items() if names}

    def _closure(self, table: str, key: Key) -> set[tuple[str, Key]]:
        """A row with what goes along with it."""
        found, pending = {(table, key)}, [(table, key)]
        while pending:
            name, at = pending.pop()
            for other, other_key, _, parent in self.referrers(name, self.rows[name][at]):
                # Links go with either end.
                goes = parent.on_delete == "cascade" or other == "memberships"
                if goes and (other, other_key) not in found:
                    found.add((other, other_key))
                    pending.append((other, other_key))
        return found

    def _blocking(self, closure: set[tuple[str, Key]], gone: set[tuple[str, Key]]) -> set[str]:
        return {
            other
            for name, key in closure
            for other, other_key, _, parent in self.referrers(name, self.rows[name][key])
            if parent.on_delete == "restrict" and (other, other_key) not in gone
        }

    def rename(self, table: str, old: Key, new: Key) -> None:
        """Give a row the key that the database has made for the one of the plan."""
        row = self.rows[table].pop(old)
        row["id"] = new[0]
        self.rows[table][new] = row
        for name, spec in TABLES.items():
            for column, parent in spec.parents.items():
                if parent.table == table:
                    self._replace(name, column, old[0], new[0])

    def _replace(self, table: str, column: str, old: Any, new: Any) -> None:
        for key, row in list(self.rows[table].items()):
            if row[column] == old:
                row[column] = new
                del self.rows[table][key]
                self.rows[table][TABLES[table].key_of(row)] = row


def _here(relation: Relation) -> str:
    assert relation.link is not None
    return relation.link[0]


def taken(columns: tuple[str, ...], pointer: str) -> Violation:
    return "already_exists", tuple((f"{pointer}/{c}", "already_exists") for c in columns), None


def parent_not_found(table: str, pointers: list[str]) -> Violation:
    faults = tuple((pointer, "parent_not_found") for pointer in pointers)
    return "parent_not_found", faults, f"{TABLES[table].title} not found"


def still_referenced(table: str, by: str, pointer: str | None) -> Violation:
    faults = ((pointer, "still_referenced"),) if pointer else ()
    return "still_referenced", faults, f"{TABLES[table].title} is still referenced by {by}"


def merge(stored: Any, patch: Any) -> Any:
    """JSON Merge Patch, as RFC 7396 writes it down."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(stored) if isinstance(stored, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result

"""The reference: what a list answers, computed in plain Python over all rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic_core import to_jsonable_python

from .queries import Condition, Logic, Query, Sort, Term

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
"""The rows of each table, by its name."""


@dataclass(frozen=True)
class Relation:
    """Join of a relation: rows whose `remote` equals `local`, through links if it has any."""

    target: str
    many: bool
    local: str
    remote: str
    link: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Table:
    """Table as a client knows it: each field's kind, its key and its relations."""

    kinds: Mapping[str, str]
    key: tuple[str, ...]
    relations: Mapping[str, Relation]
    defaults: Mapping[str, str]

    def default_operator(self, field: str) -> str:
        return self.defaults.get(field, "eq")


TABLES: Mapping[str, Table] = {
    "labels": Table(
        kinds={"id": "integer", "name": "text", "parent_id": "integer"},
        key=("id",),
        relations={
            "parent": Relation("labels", False, "parent_id", "id"),
            "children": Relation("labels", True, "id", "parent_id"),
            "artists": Relation("artists", True, "id", "label_id"),
        },
        defaults={},
    ),
    "artists": Table(
        kinds={
            "id": "integer",
            "name": "text",
            "alias": "text",
            "small": "integer",
            "big": "integer",
            "ratio": "float",
            "price": "decimal",
            "rate": "decimal",
            "flag": "boolean",
            "day": "date",
            "moment": "datetime",
            "local": "local",
            "clock": "time",
            "span": "interval",
            "mood": "enum",
            "reference": "uuid",
            "data": "json",
            "label_id": "integer",
        },
        key=("id",),
        relations={
            "label": Relation("labels", False, "label_id", "id"),
            "albums": Relation("albums", True, "id", "artist_id"),
        },
        defaults={"name": "icontains", "small": "in"},
    ),
    "albums": Table(
        kinds={"id": "uuid", "title": "text", "count": "integer", "artist_id": "integer"},
        key=("id",),
        relations={
            "artist": Relation("artists", False, "artist_id", "id"),
            "tracks": Relation("tracks", True, "id", "album_id"),
            "genres": Relation(
                "genres", True, "id", "code", ("album_genres", "album_id", "genre_code")
            ),
        },
        defaults={},
    ),
    "genres": Table(
        kinds={"code": "text", "rank": "integer"},
        key=("code",),
        relations={
            "albums": Relation(
                "albums", True, "code", "id", ("album_genres", "genre_code", "album_id")
            )
        },
        defaults={},
    ),
    "tracks": Table(
        kinds={"album_id": "uuid", "number": "integer", "title": "text", "mood": "enum"},
        key=("album_id", "number"),
        relations={"album": Relation("albums", False, "album_id", "id")},
        defaults={},
    ),
}


def find_items(rows: Rows, query: Query) -> list[Row]:
    """The items that the whole list has, in their order, as JSON."""
    return [show(rows, query, row) for row in find_rows(rows, query)]


def find_rows(rows: Rows, query: Query) -> list[Row]:
    """The rows that a query finds, in its order."""
    return sort_rows(rows, query, [row for row in rows[query.table] if matches(rows, query, row)])


def matches(rows: Rows, query: Query, row: Row) -> bool:
    """Whether a query finds a row."""
    return (
        all(_holds(rows, query.table, row, condition) for condition in query.filters)
        and (not query.logic or any(_holds(rows, query.table, row, t) for t in query.logic))
        and all(_occurs(query.table, row, word) for word in query.words)
    )


def related(rows: Rows, table: str, row: Row, name: str) -> list[Row]:
    """The rows that a relation leads to, ordered by their key."""
    relation = TABLES[table].relations[name]
    value = row[relation.local]
    if relation.link is None:
        values = {value} - {None}
    else:
        link, near, far = relation.link
        values = {pair[far] for pair in rows[link] if pair[near] == value}
    found = [other for other in rows[relation.target] if other[relation.remote] in values]
    return sorted(found, key=lambda other: key_of(relation.target, other))


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    """The key of a row, in an order of its own."""
    return tuple(rank(row[field]) for field in TABLES[table].key)


def reach(rows: Rows, table: str, row: Row, path: Sequence[str]) -> Iterator[Row]:
    """Every row at the end of a path of relations."""
    if not path:
        yield row
        return
    target = TABLES[table].relations[path[0]].target
    for other in related(rows, table, row, path[0]):
        yield from reach(rows, target, other, path[1:])


def _holds(rows: Rows, table: str, row: Row, term: Term) -> bool:
    if isinstance(term, Condition):
        return any(compare(term, other[term.field]) for other in reach(rows, table, row, term.path))
    return combine(term, [_holds(rows, table, row, inner) for inner in term.terms])


def combine(logic: Logic, held: Sequence[bool]) -> bool:
    """Whether terms that each hold or don't hold together."""
    match logic.operator:
        case "and":
            return all(held)
        case "or":
            return any(held)
        case _:
            return not held[0]


def compare(condition: Condition, value: Any) -> bool:
    """Whether a comparison holds of a value."""
    operands = [operand.value for operand in condition.operands]
    match condition.operator:
        case "isnull":
            return (value is None) is operands[0]
        case "ne":
            return bool(value != operands[0])
        case "not_in":
            return value not in operands
    return value is not None and compare_value(condition.operator, value, operands)


def compare_value(operator: str, value: Any, operands: Sequence[Any]) -> bool:
    """Whether a value compares so with operands, which are of its kind."""
    operand = operands[0]
    match operator:
        case "eq":
            return bool(value == operand)
        case "in":
            return value in operands
        case "gt":
            return bool(value > operand)
        case "gte":
            return bool(value >= operand)
        case "lt":
            return bool(value < operand)
        case "lte":
            return bool(value <= operand)
        case "between":
            return bool(operand <= value <= operands[1])
    return compare_text(operator, value, operand)


def compare_text(operator: str, value: str, operand: str) -> bool:
    """Whether a text is in another one, or at its start or end, or like it."""
    if operator in ("icontains", "istartswith", "iendswith", "ilike"):
        return compare_text(operator[1:], lower(value), lower(operand))
    match operator:
        case "contains":
            return operand in value
        case "startswith":
            return value.startswith(operand)
        case "endswith":
            return value.endswith(operand)
        case "like":
            return re.fullmatch(_to_regex(operand), value, re.DOTALL) is not None
    raise AssertionError(operator)


def lower(text: str) -> str:
    """Lower-case by Unicode's simple mapping, which is one character to one."""
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def _to_regex(pattern: str) -> str:
    wild = {"%": ".*", "_": "."}
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join(wild.get(part) or re.escape(part[-1]) for part in parts)


def _occurs(table: str, row: Row, word: str) -> bool:
    texts = [row[field] for field, kind in TABLES[table].kinds.items() if kind == "text"]
    return any(text is not None and lower(word) in lower(text) for text in texts)


def sort_rows(rows: Rows, query: Query, found: Sequence[Row]) -> list[Row]:
    """Put rows in the order of a query: NULL is the largest value, and the key comes last."""
    ordered = list(found)
    for term in reversed(total_order(query)):
        ordered.sort(key=lambda row: place(rows, query.table, row, term), reverse=term.descending)
    return ordered


def total_order(query: Query) -> list[Sort]:
    """The order of a query, with the key appended."""
    return [*query.sort, *(Sort((), field) for field in TABLES[query.table].key)]


def place(rows: Rows, table: str, row: Row, term: Sort) -> tuple[bool, Any]:
    """Return the position of a row by one term of an order."""
    value = next((other[term.field] for other in reach(rows, table, row, term.path)), None)
    return (value is None, 0 if value is None else rank(value))


def rank(value: Any) -> Any:
    """A value as it is ordered."""
    return list(type(value)).index(value) if isinstance(value, Enum) else value


def show(rows: Rows, query: Query, row: Row) -> Row:
    """A row as JSON: the fields asked for, and its includes beside them."""
    shown = query.fields or tuple(TABLES[query.table].kinds)
    item = {field: to_jsonable_python(row[field]) for field in shown}
    return item | _show_includes(rows, query.table, row, query.includes)


def _show_includes(rows: Rows, table: str, row: Row, paths: Sequence[tuple[str, ...]]) -> Row:
    items: Row = {}
    for name in dict.fromkeys(path[0] for path in paths):
        relation = TABLES[table].relations[name]
        inner = tuple(path[1:] for path in paths if path[0] == name and path[1:])
        nested = Query(relation.target, includes=inner)
        found = [show(rows, nested, other) for other in related(rows, table, row, name)]
        items[name] = found if relation.many else (found[0] if found else None)
    return items

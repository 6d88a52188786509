"""Random queries and bodies, about rows that are there, seen or not, and about others."""

import datetime as dt
from collections.abc import Mapping
from enum import Enum
from random import Random
from typing import Any
from urllib.parse import quote

from modelwire.catalog.documents import Part, enter, is_document
from modelwire.catalog.field import Field
from modelwire.catalog.relation import Relation
from modelwire.catalog.tables import Catalog, Table
from modelwire.plan.reading.operators import PATTERNS, operators_of
from tests.query.queries import (
    Condition,
    Logic,
    Operand,
    Parameters,
    Query,
    Sort,
    Term,
)

from .rows import AMOUNTS, CODES, DOCUMENTS, MOMENTS, NUMBERS, TEXTS, UUIDS, Row, Rows
from .tables import Mood

Key = tuple[Any, ...]

OTHERS: Mapping[str, list[Any]] = {
    "integer": NUMBERS,
    "text": [*TEXTS, *CODES],
    "UUID": UUIDS,
    "datetime": MOMENTS,
    "decimal": AMOUNTS,
    "boolean": [True, False],
    "enum": list(Mood),
    "JSON": DOCUMENTS,
    "JSON value": [1, 0.5, True, "red", "Red", "x", ""],
}

PARTS = [("a",), ("b", "c"), ("tags",), ("tags", "0"), ("x.y",), ("nowhere",)]
"""The parts of documents that are asked for."""


def write(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, (bool, int, str, dict)) else str(value)


def in_path(key: Key) -> str:
    """A key as a path has it."""
    return ",".join(quote(_text(value), safe="") for value in key)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(write(value))


class Draw:
    """Draws what is asked.

    Args:
        random: Where all of it comes from.
        catalog: The tables.
        rows: What is stored in them.
        seen: What of it the caller may see: most of what is drawn.
    """

    def __init__(self, random: Random, catalog: Catalog, rows: Rows, seen: Rows) -> None:
        self.random = random
        self.tables = catalog.tables
        self._rows = rows
        self._seen = seen
        self.recalls = True

    def _stored(self, table: str) -> list[Row]:
        seen = self._seen[table]
        return seen if seen and self.maybe(0.6) else self._rows[table]

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def row(self, table: Table) -> Row:
        """A row of a table, or one that is not there."""
        stored = self._stored(table.name)
        if stored and self.maybe(0.9):
            return self.random.choice(stored)
        fields = (field for field in table.fields if field.computed is None)
        return {field.column.name: self.value(field) for field in fields}

    def key(self, table: Table) -> Key:
        """The key of a row, or of none."""
        row = self.row(table)
        return tuple(row[field.column.name] for field in table.key)

    def value(self, field: Field) -> Any:
        """A value of a field: most often one that is stored, or that a foreign key may have."""
        if isinstance(field, Part) or field.computed is not None:
            return self.random.choice(OTHERS[field.kind.value])
        table = field.column.table.name
        column = field.column
        for reference in column.foreign_keys:
            if self.maybe(0.8):
                table, column = reference.column.table.name, reference.column
        stored = [row[column.name] for row in self._stored(table)]
        known = [value for value in stored if value is not None]
        return self.random.choice(known if known and self.maybe(0.7) else OTHERS[field.kind.value])

    # ---- queries ----------------------------------------------------------------------------

    def path(self, table: Table, depth: int, *, many: bool = True) -> tuple[tuple[str, ...], Table]:
        """Some relations, one after another, and the table at the end."""
        path: tuple[str, ...] = ()
        for _ in range(self.random.randint(0, depth)):
            found = [r for r in table.paths.values() if many or not r.many]
            if not found:
                break
            relation = self.random.choice(found)
            path, table = (*path, relation.name), self.tables[relation.target]
        return path, table

    def condition(self, table: Table) -> Condition:
        """A comparison of a field, own or of related rows."""
        path, target = self.path(table, 3)
        field = self.part(self.random.choice(list(target.queryable.values())))
        operator = self.random.choice(operators_of(field))
        count = {"between": 2, "in": 3, "not_in": 3}.get(operator, 1)
        operands = tuple(self._operand(field, operator) for _ in range(count))
        return Condition(path, field.name, operator, operands)

    def part(self, field: Field) -> Field:
        """A field, or of one that holds documents a part of these."""
        if not is_document(field):
            return field
        found = enter(field, self.random.choice(PARTS))
        assert found is not None
        return found

    def _operand(self, field: Field, operator: str) -> Operand:
        value = self.random.choice([True, False]) if operator == "isnull" else self.value(field)
        text = _text(value)
        if operator in PATTERNS and text:
            text = self.random.choice(text)
        return Operand(value, text)

    def term(self, table: Table, depth: int = 2) -> Term:
        """A term of `or`."""
        kind = self.random.choice(["and", "or", "not", "", ""]) if depth else ""
        if not kind:
            return self.condition(table)
        count = 1 if kind == "not" else self.random.randint(1, 3)
        return Logic(kind, tuple(self.term(table, depth - 1) for _ in range(count)))

    def filters(self, table: Table) -> Query:
        """Draw filters of rows."""
        several = (self.condition(table) for _ in range(self.random.choice([0, 0, 1, 1, 2])))
        conditions = {c.name: c for c in several}.values()
        logic = (self.term(table),) if self.maybe(0.3) else ()
        has_text = any(f.kind.value == "text" for f in table.queryable.values())
        words = (self.random.choice(["a", "1", "red", "N1", "x"]),)
        return Query(
            table.name,
            tuple(conditions),
            logic,
            words if has_text and self.maybe(0.15) else (),
        )

    def sorts(self, table: Table) -> tuple[Sort, ...]:
        """An order, through relations too."""
        found: dict[Any, Sort] = {}
        for _ in range(self.random.choice([0, 1, 1, 2])):
            path, target = self.path(table, 2, many=False)
            field = self.part(self.random.choice(list(target.queryable.values()))).name
            found[path, field] = Sort(path, field, self.maybe(0.5))
        return tuple(found.values())

    def includes(self, table: Table, depth: int = 3) -> tuple[tuple[str, ...], ...]:
        """Some paths to include; none turns straight back."""
        found: dict[tuple[str, ...], None] = {}
        for _ in range(self.random.choice([0, 1, 2])):
            path: tuple[str, ...] = ()
            target, back = table, ""
            for _ in range(self.random.randint(1, depth)):
                names = [r for r in target.includes.values() if r.target != back]
                if not names:
                    break
                relation: Relation = self.random.choice(names)
                path, back, target = (
                    (*path, relation.name),
                    target.name,
                    self.tables[relation.target],
                )
            if path:
                found[path] = None
        return tuple(found)

    def shown(self, table: Table) -> Parameters:
        """Draw the fields to show."""
        some = self.random.sample(list(table.readable.values()), min(2, len(table.readable)))
        fields = [self.part(field).name for field in some]
        query = Query(
            table.name,
            fields=tuple(fields) if self.maybe(0.2) else (),
            includes=self.includes(table),
        )
        return query.parameters()

    def page(self) -> Parameters:
        """Draw a page of a list, and its way of counting."""
        kind = self.random.choice(["", "", "skip", "cursor"])
        found = {"limit": self.random.choice([1, 2, 3, 50])} if self.maybe(0.7) else {}
        if kind == "cursor":
            return [*_pairs(found), ("cursor", "")]
        if kind == "skip":
            found["skip"] = self.random.randint(0, 6)
        counts = ["", "exact", "estimate", "none"]
        count = self.random.choice(counts)
        return [*_pairs(found), *([("count", count)] if count else [])]

    def selection(self, table: Table) -> Parameters:
        """Draw filters, an order, and the fields to show."""
        query = self.filters(table)
        sort = Query(table.name, sort=self.sorts(table)).parameters()
        return [*query.parameters(), *sort, *self.shown(table), *self.recalled(table)]

    def recalled(self, table: Table) -> Parameters:
        """Whether deleted rows are asked for."""
        words = list(table.recalled) if self.recalls else []
        return [("deleted", self.random.choice(words))] if words and self.maybe(0.3) else []

    def sums(self, table: Table) -> Parameters:
        """Draw groups, measures, and conditions on groups."""
        groups = dict.fromkeys(self._group(table) for _ in range(self.random.choice([0, 1, 1, 2])))
        several = (self._measure(table) for _ in range(self.random.choice([1, 2, 3])))
        measures = [m for m in dict.fromkeys(several) if m not in groups]
        found = {"group": ",".join(groups), "measures": ",".join(measures)}
        if self.maybe(0.3) and measures:
            found["having"] = f"({self.random.choice(measures)}__isnull:false)"
        if self.maybe(0.3):
            names = self.random.sample([*groups, *measures], 1)
            found["sort"] = self.random.choice(["", "-"]) + names[0]
        if self.maybe(0.4):
            found |= {"limit": str(self.random.choice([1, 2, 50])), "skip": "0"}
        return [(name, text) for name, text in found.items() if text]

    def _group(self, table: Table) -> str:
        path, target = self.path(table, 2, many=False)
        field = self.random.choice(list(target.queryable.values()))
        cut = field.kind.value == "datetime" and self.maybe(0.5)
        return ".".join((*path, field.name)) + (":month" if cut else "")

    def _measure(self, table: Table) -> str:
        path, target = self.path(table, 2, many=False)
        field = self.random.choice(list(target.queryable.values()))
        kind = field.kind.value
        functions = ["count", "count_distinct"]
        if kind in ("integer", "decimal"):
            functions += ["sum", "avg", "min", "max"]
        if kind in ("text", "datetime"):
            functions += ["min", "max"]
        own = f"{'.'.join((*path, field.name))}:{self.random.choice(functions)}"
        return "count" if self.maybe(0.3) else own

    # ---- bodies -----------------------------------------------------------------------------

    def patch(self, table: Table) -> dict[str, Any]:
        """Some fields of a row, and the links that it is to have."""
        fields = [f for f in table.fields if f.writable and not f.primary_key]
        if self.maybe(0.15):
            fields = [f for f in table.fields if f.writable]
        some = self.random.sample(fields, min(len(fields), self.random.choice([1, 1, 2, 3])))
        body = {f.name: self._given(f) for f in some}
        return body | (self._linked(table) if self.maybe(0.3) else {})

    def _given(self, field: Field) -> Any:
        return None if field.nullable and self.maybe(0.15) else write(self.value(field))

    def _linked(self, table: Table) -> dict[str, Any]:
        if not table.linked:
            return {}
        relation = self.random.choice(list(table.linked.values()))
        target = self.tables[relation.target]
        (field,) = target.key
        keys = [self.value(field) for _ in range(self.random.choice([0, 1, 2]))]
        return {relation.name: list(map(write, dict.fromkeys(keys)))}

    def create(self, table: Table, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """A new row, perhaps with others inside of it."""
        fields = [f for f in table.fields if f.writable and f.name not in without]
        needed = [f for f in fields if f.primary_key or not f.nullable or self.maybe(0.5)]
        body = {f.name: self._new(f) for f in needed}
        if self.maybe(0.3):
            body |= self._linked(table)
        if table.nested and self.maybe(0.3):
            body |= self._nested(table)
        return body

    def _new(self, field: Field) -> Any:
        is_free = field.primary_key and not field.column.foreign_keys
        if field.kind.value == "text" and field.column.unique:
            return f"M{self.random.randint(1, 9)}" if self.maybe(0.8) else "N1"
        if is_free and self.maybe(0.7):
            number = self.random.randint(20, 40)
            return {"integer": number, "text": f"c{number}"}.get(
                field.kind.value, f"00000000-0000-0000-0000-0000000000{number}"
            )
        return self._given(field)

    def _nested(self, table: Table) -> dict[str, Any]:
        relation = self.random.choice(list(table.nested.values()))
        target = self.tables[relation.target]
        if not relation.many:
            return {relation.name: self.create(target)}
        without = frozenset(f.name for f in target.fields if f.column in relation.remote)
        return {relation.name: [self.create(target, without) for _ in range(2)]}


def _pairs(found: Mapping[str, object]) -> Parameters:
    return [(name, str(value)) for name, value in found.items()]

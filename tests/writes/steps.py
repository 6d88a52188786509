"""Steps: one writing request each, most of which succeed in some database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from .known import TABLES, Column, Key, Row, Table
from .state import State

Draw = st.DrawFn

FEW = 8
"""With fewer rows than this, most steps create some."""

MISSING = 10**6
"""A number that no row has for its key."""


@dataclass(frozen=True, repr=False)
class Step:
    """One request that writes.

    Args:
        kind: What it asks for.
        table: The resource.
        method: The method of a change of one row.
        body: The body.
        wrapped: Whether a bulk body is an object with the array in it.
        key: The key of the row in the path.
        relation: What stands below that.
        other: The key of the row that is linked.
        tag: `If-Match`: `current` and `old` stand for tags that a client has seen.
        filter: The column, operator and operand by which a mass change finds its rows.
        limit: How many it may affect.
        include: What the answer shows along.
        minimal: Whether the answer has no body.
    """

    kind: str
    table: str
    method: str = "PATCH"
    body: Any = None
    wrapped: bool = False
    key: Key = ()
    relation: str = ""
    other: Key = ()
    tag: str | None = None
    filter: tuple[str, str, Any] | None = None
    limit: int | None = None
    include: str | None = None
    minimal: bool = False

    def __repr__(self) -> str:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        defaults = {f.name: f.default for f in fields(self)}
        shown = (f"{n}={v!r}" for n, v in given.items() if v != defaults[n])
        return f"Step({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """How Hypothesis shows it."""
        printer.text(repr(self))

    @property
    def shown(self) -> str:
        """The table whose rows are answered."""
        if self.kind == "create_child":
            return TABLES[self.table].relations[self.relation].table
        return self.table

    def url(self) -> str:
        path = f"/{self.table}/"
        if self.kind.startswith("bulk"):
            path += "bulk/"
        if self.key:
            path += write_key(self.key)
        if self.relation:
            path += f"/{self.relation}/"
        if self.other:
            path += write_key(self.other)
        return path + self._query()

    def _query(self) -> str:
        if self.filter is not None:
            column, operator, operand = self.filter
            text = str(operand).lower() if isinstance(operand, bool) else str(operand)
            return f"?{column}__{operator}={quote(text)}"
        return f"?include={self.include}" if self.include else ""

    def request(self) -> tuple[str, Any, dict[str, str]]:
        """The method, body and headers."""
        body = {self.table: self.body} if self.wrapped else self.body
        preferences = ["return=minimal"] if self.minimal else []
        if self.limit is not None:
            preferences.append(f"max-affected={self.limit}")
        headers = {"prefer": ", ".join(preferences)} if preferences else {}
        if self.tag is not None:
            headers["if-match"] = self.tag
        return _METHODS.get(self.kind, self.method), body, headers


_METHODS: Mapping[str, str] = {
    "create": "POST",
    "bulk_create": "POST",
    "create_child": "POST",
    "bulk_update": "PATCH",
    "delete": "DELETE",
    "bulk_delete": "DELETE",
    "mass_update": "PATCH",
    "mass_delete": "DELETE",
    "link": "PUT",
    "unlink": "DELETE",
}


def write_key(key: Key) -> str:
    """A key as it stands in a path."""
    return ",".join(quote(str(value), safe="") for value in key)


NAMES = ("ann", "bo", "cy", "dee", "a,b", "Ü", "")
CODES = ("a", "b", "c/d", "e,f", "%2C")


def _chance(draw: Draw, percent: int) -> bool:
    # The simplest draw is that nothing happens.
    return draw(st.integers(0, 99)) >= 100 - percent


@st.composite
def steps(draw: Draw, state: State) -> Step:
    """One step from a state."""
    few = sum(map(len, state.rows.values())) < FEW
    kind = draw(st.sampled_from(_CREATES if few and not _chance(draw, 20) else _WEIGHTED))
    return _KINDS[kind](draw, state)


def _value(draw: Draw, state: State, table: Table, column: str, spec: Column) -> Any:
    """A value for a column, at times one that it does not take."""
    if _chance(draw, 3):
        return draw(st.sampled_from([None, 5, "x" * 9, 2**15, 2**31, "no"]))
    if spec.nullable and _chance(draw, 15):
        return None
    parent = table.parents.get(column)
    if parent is not None:
        keys = [key[0] for key in state.keys(parent.table)]
        if not keys or _chance(draw, 4):
            return MISSING if spec.kind == "integer" else "none"
        return draw(st.sampled_from(keys))
    if spec.kind == "json":
        return draw(DOCUMENTS)
    if spec.kind == "text":
        return draw(st.sampled_from(CODES if column == "code" else NAMES))
    return draw(st.integers(0, 9))


DOCUMENTS = st.recursive(
    st.sampled_from([None, 1, "x", [], [None]]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=5,
)


def _body(draw: Draw, state: State, name: str, depth: int = 0, tied: Sequence[str] = ()) -> Row:
    """The body of a new row, with others in it at times."""
    table, body = TABLES[name], {}
    for column, spec in table.writable.items():
        present = _chance(draw, 3) if column in tied else _chance(draw, 98 if spec.required else 50)
        if present:
            body[column] = _value(draw, state, table, column, spec)
    for field_, relation in table.relations.items():
        if depth < 3 and _chance(draw, 25 if relation.link or relation.nested else 0):
            body[field_] = _related(draw, state, name, field_, depth + 1)
            if relation.holds and not _chance(draw, 10):
                body.pop(relation.own, None)
    return _spoil(draw, table, body)


def _related(draw: Draw, state: State, name: str, field_: str, depth: int) -> Any:
    relation = TABLES[name].relations[field_]
    if _chance(draw, 3):
        return draw(st.sampled_from([5, None]) if relation.many else st.none())
    tied = [] if relation.link or relation.holds else [relation.other]
    if relation.holds:
        return _body(draw, state, relation.table, depth, tied)
    items: list[Any] = []
    for _ in range(draw(st.integers(0, 3))):
        if relation.nested and (not relation.link or _chance(draw, 50)):
            items.append(_body(draw, state, relation.table, depth, tied))
        elif relation.link:
            items.append(_key_in_body(draw, state, relation.table))
    return items


def _spoil(draw: Draw, table: Table, body: Row) -> Row:
    """At times, name a field that clients can't set."""
    if _chance(draw, 2):
        body["nope"] = 1
    if table.version and _chance(draw, 2):
        body[table.version] = 7
    if table.numbered and _chance(draw, 1):
        body["id"] = 1
    return body


def _patch(draw: Draw, state: State, name: str, *, links: bool = True) -> Row:
    """The body of a change."""
    table, body = TABLES[name], {}
    for column, spec in table.writable.items():
        if _chance(draw, 5 if column in table.key else 40):
            body[column] = _value(draw, state, table, column, spec)
    for field_, relation in table.relations.items():
        if links and relation.link and _chance(draw, 30):
            keys = st.integers(0, 3).map(range)
            body[field_] = [_key_in_body(draw, state, relation.table) for _ in draw(keys)]
            if _chance(draw, 4):
                body[field_] = draw(st.sampled_from([None, 5, [{}]]))
    return _spoil(draw, table, body)


def _key(draw: Draw, state: State, table: str) -> Key:
    """The key of a row, which is there as a rule."""
    keys = state.keys(table)
    if keys and not _chance(draw, 6):
        return draw(st.sampled_from(keys))
    missing: tuple[Any, ...] = (MISSING,)
    return {"clubs": ("none",), "memberships": ("none", MISSING)}.get(table, missing)


def _key_in_body(draw: Draw, state: State, table: str) -> Any:
    key = _key(draw, state, table)
    if _chance(draw, 2):
        return draw(st.sampled_from([None, "x", 1.5]))
    if len(key) > 1:
        return write_key(key)
    return str(key[0]) if _chance(draw, 10) else key[0]


def _include(draw: Draw, name: str) -> str | None:
    relations = list(TABLES[name].relations)
    return draw(st.sampled_from(relations)) if relations and _chance(draw, 40) else None


def _name(draw: Draw, state: State) -> str:
    """A table, as a rule one whose parents are there."""
    ready = [
        name
        for name, table in TABLES.items()
        if all(
            state.rows[p.table] or not table.columns[c].required for c, p in table.parents.items()
        )
    ]
    return draw(st.sampled_from(list(TABLES) if _chance(draw, 3) else ready))


def _stored(draw: Draw, state: State) -> str:
    """A table, one that has rows as a rule."""
    names = [name for name in TABLES if state.rows[name]]
    return draw(st.sampled_from(names)) if names else _name(draw, state)


def _create(draw: Draw, state: State) -> Step:
    name = _name(draw, state)
    body, include = _body(draw, state, name), _include(draw, name)
    return Step("create", name, body=body, include=include, minimal=_chance(draw, 10))


def _bulk_create(draw: Draw, state: State) -> Step:
    name = _name(draw, state)
    bodies = [_body(draw, state, name) for _ in range(draw(st.integers(0, 4)))]
    include, wrapped = _include(draw, name), _chance(draw, 50)
    return Step("bulk_create", name, body=bodies, wrapped=wrapped, include=include)


def _create_child(draw: Draw, state: State) -> Step:
    name = draw(st.sampled_from(["teams", "clubs", "authors", "books", "players"]))
    table = TABLES[name]
    field_ = draw(st.sampled_from([n for n, r in table.relations.items() if r.many]))
    relation, key = table.relations[field_], _key(draw, state, name)
    body = _body(draw, state, relation.table, 1, [] if relation.link else [relation.other])
    return Step(
        "create_child",
        name,
        body=body,
        key=key,
        relation=field_,
        include=_include(draw, relation.table),
    )


def _change(draw: Draw, state: State) -> Step:
    name = _stored(draw, state)
    return Step(
        "change",
        name,
        method=draw(st.sampled_from(["PATCH", "PUT"])),
        body=_patch(draw, state, name),
        key=_key(draw, state, name),
        tag=_tag(draw, name),
        include=_include(draw, name),
        minimal=_chance(draw, 10),
    )


def _tag(draw: Draw, name: str) -> str | None:
    if not _chance(draw, 90 if TABLES[name].requires_tag else 25):
        return None
    return draw(st.sampled_from(["current", "current", "old", "*"]))


def _bulk_update(draw: Draw, state: State) -> Step:
    name = _stored(draw, state)
    table, bodies = TABLES[name], []
    keys = state.keys(name)
    chosen = draw(st.lists(st.sampled_from(keys), max_size=4, unique=True)) if keys else []
    if _chance(draw, 6):
        chosen.append(_key(draw, state, name))
    for key in chosen:
        body = {**_patch(draw, state, name), **dict(zip(table.key, key, strict=True))}
        if _chance(draw, 2):
            del body[table.key[0]]
        bodies.append(body)
    wrapped, include = _chance(draw, 50), _include(draw, name)
    return Step("bulk_update", name, body=bodies, wrapped=wrapped, include=include)


def _delete(draw: Draw, state: State) -> Step:
    name = _stored(draw, state)
    return Step("delete", name, key=_key(draw, state, name), tag=_tag(draw, name))


def _bulk_delete(draw: Draw, state: State) -> Step:
    name = _stored(draw, state)
    keys = [_key_in_body(draw, state, name) for _ in range(draw(st.integers(0, 3)))]
    if not _chance(draw, 10):
        keys = list({str(key): key for key in keys}.values())
    return Step("bulk_delete", name, body=keys, wrapped=_chance(draw, 50))


def _link(draw: Draw, state: State) -> Step:
    kind, name, field_, target = draw(
        st.sampled_from(
            [
                (kind, *way)
                for kind in ("link", "link", "unlink")
                for way in (("clubs", "members", "players"), ("players", "clubs", "clubs"))
            ]
        )
    )
    key, other = _key(draw, state, name), _key(draw, state, target)
    return Step(kind, name, key=key, relation=field_, other=other)


def _mass(draw: Draw, state: State, kind: str, body: Any, name: str) -> Step:
    limit = None if _chance(draw, 5) else draw(st.integers(0, 6))
    filter_ = None if _chance(draw, 5) else _filter(draw, state, name)
    minimal = _chance(draw, 10)
    return Step(kind, name, body=body, filter=filter_, limit=limit, minimal=minimal)


def _filter(draw: Draw, state: State, name: str) -> tuple[str, str, Any]:
    columns = TABLES[name].columns
    column = draw(st.sampled_from([c for c, spec in columns.items() if spec.kind != "json"]))
    spec = columns[column]
    if spec.nullable and _chance(draw, 20):
        return column, "isnull", _chance(draw, 50)
    operator = draw(st.sampled_from(["eq", "ne"] + ["gte"] * (spec.kind != "text")))
    known = [row[column] for row in state.rows[name].values() if row[column] is not None]
    return column, operator, draw(st.sampled_from(known)) if known else 1


def _mass_update(draw: Draw, state: State) -> Step:
    name = _stored(draw, state)
    return _mass(
        draw, state, "mass_update", _patch(draw, state, name, links=_chance(draw, 5)), name
    )


def _mass_delete(draw: Draw, state: State) -> Step:
    return _mass(draw, state, "mass_delete", None, _stored(draw, state))


_KINDS = {
    "create": _create,
    "bulk_create": _bulk_create,
    "create_child": _create_child,
    "change": _change,
    "bulk_update": _bulk_update,
    "delete": _delete,
    "bulk_delete": _bulk_delete,
    "link": _link,
    "mass_update": _mass_update,
    "mass_delete": _mass_delete,
}

_WEIGHTED = [
    kind
    for kind, weight in {
        "create": 5,
        "bulk_create": 4,
        "create_child": 3,
        "change": 6,
        "bulk_update": 4,
        "delete": 2,
        "bulk_delete": 2,
        "link": 3,
        "mass_update": 2,
        "mass_delete": 1,
    }.items()
    for _ in range(weight)
]

_CREATES = [kind for kind in _WEIGHTED if "create" in kind]

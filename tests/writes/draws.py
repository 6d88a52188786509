"""Bodies, keys and values of steps: most are right, and each kind of mistake is made at times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from .known import TABLES, Column, Key, Row, Table
from .state import State
from .steps import write_key

Draw = st.DrawFn

MISSING = 10**6
"""A number that no row has for its key."""

NAMES = ("ann", "bo", "cy", "dee", "eve", "flo", "gus", "hal", "ida", "a,b", "é f", "Ü", "%_", "")
CODES = ("a", "b", "c/d", "e,f", "%2C")


def happens(draw: Draw, percent: int) -> bool:
    """Whether something happens that does in so many of a hundred cases."""
    # Hypothesis likes the ends of a range, which are not to make what is rare frequent.
    roll = draw(st.integers(0, 99))
    return 50 <= roll < 50 + percent if percent <= 50 else not 50 <= roll < 150 - percent


def _value(draw: Draw, state: State, table: Table, column: str, spec: Column) -> Any:
    """A value for a column, at times one that it does not take."""
    if happens(draw, 3):
        # A small number may be the key that a new row is about to get.
        number = MISSING if column in table.parents else 5
        return draw(st.sampled_from([None, number, "x" * 9, 2**15, 2**31, "no"]))
    if spec.nullable and happens(draw, 15):
        return None
    parent = table.parents.get(column)
    if parent is not None:
        keys = [key[0] for key in state.keys(parent.table)]
        if not keys or happens(draw, 4):
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


def draw_body(draw: Draw, state: State, name: str, depth: int = 0, tied: Sequence[str] = ()) -> Row:
    """The body of a new row, with others in it at times."""
    table, body = TABLES[name], {}
    for column, spec in table.writable.items():
        present = happens(draw, 3) if column in tied else happens(draw, 98 if spec.required else 50)
        if present:
            body[column] = _value(draw, state, table, column, spec)
    for field_, relation in table.relations.items():
        if depth < 3 and happens(draw, 25 if relation.link or relation.nested else 0):
            body[field_] = _related(draw, state, name, field_, depth + 1)
            if relation.holds and not happens(draw, 10):
                body.pop(relation.own, None)
    return _spoil(draw, table, body)


def _related(draw: Draw, state: State, name: str, field_: str, depth: int) -> Any:
    relation = TABLES[name].relations[field_]
    if happens(draw, 3):
        return draw(st.sampled_from([5, None]) if relation.many else st.none())
    tied = [] if relation.link or relation.holds else [relation.other]
    if relation.holds:
        return draw_body(draw, state, relation.table, depth, tied)
    items: list[Any] = []
    for _ in range(draw(st.integers(0, 3))):
        if relation.nested and (not relation.link or happens(draw, 50)):
            items.append(draw_body(draw, state, relation.table, depth, tied))
        elif relation.link:
            items.append(draw_key_in_body(draw, state, relation.table))
    return items


def _spoil(draw: Draw, table: Table, body: Row) -> Row:
    """At times, name a field that clients can't set."""
    if happens(draw, 2):
        body["nope"] = 1
    if table.version and happens(draw, 4):
        body[table.version] = draw(st.sampled_from([1, 2, 7]))
    if table.numbered and happens(draw, 2):
        body["id"] = draw(st.integers(1, 3))
    return body


def draw_patch(draw: Draw, state: State, name: str, *, links: bool = True) -> Row:
    """The body of a change."""
    table, body = TABLES[name], {}
    for column, spec in table.writable.items():
        if happens(draw, 5 if column in table.key else 40):
            body[column] = _value(draw, state, table, column, spec)
    for field_, relation in table.relations.items():
        if links and relation.link and happens(draw, 30):
            keys = st.integers(0, 3).map(range)
            body[field_] = [draw_key_in_body(draw, state, relation.table) for _ in draw(keys)]
            if happens(draw, 4):
                body[field_] = draw(st.sampled_from([None, 5, [{}]]))
    return _spoil(draw, table, body)


def draw_key(draw: Draw, state: State, table: str) -> Key:
    """The key of a row, which is there as a rule."""
    keys = state.keys(table)
    if keys and not happens(draw, 6):
        return draw(st.sampled_from(keys))
    missing: tuple[Any, ...] = (MISSING,)
    return {"clubs": ("none",), "memberships": ("none", MISSING)}.get(table, missing)


def draw_key_in_body(draw: Draw, state: State, table: str) -> Any:
    """The key of a row as it stands in a body."""
    key = draw_key(draw, state, table)
    if happens(draw, 2):
        return draw(st.sampled_from([None, "x", 1.5]))
    if len(key) > 1:
        return write_key(key)
    return str(key[0]) if happens(draw, 10) else key[0]


def draw_include(draw: Draw, name: str) -> str | None:
    """Draw the include of a response, if any."""
    relations = list(TABLES[name].relations)
    return draw(st.sampled_from(relations)) if relations and happens(draw, 40) else None


def draw_name(draw: Draw, state: State) -> str:
    """A table, as a rule one whose parents are there."""
    ready = [
        name
        for name, table in TABLES.items()
        if all(
            state.rows[p.table] or not table.columns[c].required for c, p in table.parents.items()
        )
    ]
    return draw(st.sampled_from(list(TABLES) if happens(draw, 3) else ready))


def draw_stored(draw: Draw, state: State) -> str:
    """A table, one that has rows as a rule."""
    names = [name for name in TABLES if state.rows[name]]
    return draw(st.sampled_from(names)) if names else draw_name(draw, state)

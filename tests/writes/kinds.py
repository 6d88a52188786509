"""The kinds of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from .draws import (
    Draw,
    draw_body,
    draw_include,
    draw_key,
    draw_key_in_body,
    draw_name,
    draw_patch,
    draw_stored,
    happens,
)
from .known import TABLES
from .predict import predict
from .state import State
from .steps import Step

FEW = 8
"""With fewer rows than this, most steps create some."""


@st.composite
def steps(draw: Draw, state: State) -> Step:
    """One step from a state."""
    few = sum(map(len, state.rows.values())) < FEW
    kind = draw(st.sampled_from(_CREATES if few and not happens(draw, 20) else _WEIGHTED))
    step = _KINDS[kind](draw, state)
    if step.kind in SEVERAL and happens(draw, 20):
        return replace(step, each=True, include=None)
    if step.request()[0] in ("POST", "PATCH") and happens(draw, 15):
        return replace(step, repeated=True)
    return step


SEVERAL = ("bulk_create", "bulk_update", "bulk_delete")
"""Steps whose rows may be written each for itself."""


def _create(draw: Draw, state: State) -> Step:
    name = draw_name(draw, state)
    body, include = draw_body(draw, state, name), draw_include(draw, name)
    return Step("create", name, body=body, include=include, minimal=happens(draw, 10))


def _bulk_create(draw: Draw, state: State) -> Step:
    name = draw_name(draw, state)
    bodies = [draw_body(draw, state, name) for _ in range(draw(st.integers(0, 4)))]
    include, wrapped = draw_include(draw, name), happens(draw, 50)
    return Step("bulk_create", name, body=bodies, wrapped=wrapped, include=include)


def _upsert(draw: Draw, state: State) -> Step:
    name = draw(st.sampled_from(["teams", "players", "clubs", "memberships", "authors"]))
    table, bodies = TABLES[name], []
    key = table.unique[0] if table.unique else table.key
    for _ in range(draw(st.integers(0, 4))):
        body = draw_body(draw, state, name, 0 if happens(draw, 3) else 3)
        rows = list(state.rows[name].values())
        if rows and happens(draw, 50):
            row = draw(st.sampled_from(rows))
            body |= {column: row[column] for column in key}
        bodies.append(body)
    return Step(
        "upsert",
        name,
        body=bodies,
        wrapped=happens(draw, 50),
        unique=tuple(key),
        resolution=draw(st.sampled_from([None, "merge-duplicates", "ignore-duplicates"])),
        include=draw_include(draw, name),
    )


def _create_child(draw: Draw, state: State) -> Step:
    parents = ["teams", "clubs", "authors", "books", "players"]
    stored = [name for name in parents if state.rows[name]]
    name = draw(st.sampled_from(stored or parents))
    table = TABLES[name]
    field_ = draw(st.sampled_from([n for n, r in table.relations.items() if r.many]))
    relation, key = table.relations[field_], draw_key(draw, state, name)
    body = draw_body(draw, state, relation.table, 1, [] if relation.link else [relation.other])
    return Step(
        "create_child",
        name,
        body=body,
        key=key,
        relation=field_,
        include=draw_include(draw, relation.table),
    )


def _change(draw: Draw, state: State) -> Step:
    name = draw_stored(draw, state)
    return Step(
        "change",
        name,
        method=draw(st.sampled_from(["PATCH", "PUT"])),
        body=draw_patch(draw, state, name),
        key=draw_key(draw, state, name),
        tag=_tag(draw, name),
        include=draw_include(draw, name),
        minimal=happens(draw, 10),
    )


def _tag(draw: Draw, name: str) -> str | None:
    if not happens(draw, 90 if TABLES[name].requires_tag else 25):
        return None
    return draw(st.sampled_from(["current", "current", "old", "*"]))


def _bulk_update(draw: Draw, state: State) -> Step:
    name = draw_stored(draw, state)
    table, bodies = TABLES[name], []
    keys = state.keys(name)
    chosen = draw(st.lists(st.sampled_from(keys), max_size=4, unique=True)) if keys else []
    if happens(draw, 6):
        chosen.append(draw_key(draw, state, name))
    for key in chosen:
        body = {**draw_patch(draw, state, name), **dict(zip(table.key, key, strict=True))}
        if happens(draw, 2):
            del body[table.key[0]]
        bodies.append(body)
    wrapped, include = happens(draw, 50), draw_include(draw, name)
    step = Step("bulk_update", name, body=bodies, wrapped=wrapped, include=include)
    outcome = predict(state, step)
    if outcome.refusals and not outcome.certain:
        # What comes of it, and of all steps after it, would be by chance.
        return replace(step, body=bodies[:1])
    return step


def _delete(draw: Draw, state: State) -> Step:
    name = draw_stored(draw, state)
    return Step("delete", name, key=draw_key(draw, state, name), tag=_tag(draw, name))


def _bulk_delete(draw: Draw, state: State) -> Step:
    name = draw_stored(draw, state)
    keys = [draw_key_in_body(draw, state, name) for _ in range(draw(st.integers(0, 3)))]
    if not happens(draw, 10):
        keys = list({str(key): key for key in keys}.values())
    return Step("bulk_delete", name, body=keys, wrapped=happens(draw, 50))


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
    key, other = draw_key(draw, state, name), draw_key(draw, state, target)
    return Step(kind, name, key=key, relation=field_, other=other)


def _mass(draw: Draw, state: State, kind: str, body: Any, name: str) -> Step:
    limit = None if happens(draw, 5) else draw(st.integers(0, 6))
    filter_ = None if happens(draw, 5) else _filter(draw, state, name)
    minimal = happens(draw, 10)
    return Step(kind, name, body=body, filter=filter_, limit=limit, minimal=minimal)


def _filter(draw: Draw, state: State, name: str) -> tuple[str, str, Any]:
    columns = TABLES[name].columns
    column = draw(st.sampled_from([c for c, spec in columns.items() if spec.kind != "json"]))
    spec = columns[column]
    if spec.nullable and happens(draw, 20):
        return column, "isnull", happens(draw, 50)
    operator = draw(st.sampled_from(["eq", "ne"] + ["gte"] * (spec.kind != "text")))
    known = [row[column] for row in state.rows[name].values() if row[column] is not None]
    return column, operator, draw(st.sampled_from(known)) if known else 1


def _mass_update(draw: Draw, state: State) -> Step:
    name = draw_stored(draw, state)
    return _mass(
        draw, state, "mass_update", draw_patch(draw, state, name, links=happens(draw, 5)), name
    )


def _mass_delete(draw: Draw, state: State) -> Step:
    return _mass(draw, state, "mass_delete", None, draw_stored(draw, state))


_KINDS: Mapping[str, Callable[[Draw, State], Step]] = {
    "create": _create,
    "bulk_create": _bulk_create,
    "create_child": _create_child,
    "upsert": _upsert,
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
        "upsert": 3,
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

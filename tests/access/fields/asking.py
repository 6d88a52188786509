"""Requests that name fields in every place where a client can, as Hypothesis draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


_FIELDS = {
    "offices": ("code", "name", "budget"),
    "people": (
        *("code", "name", "title", "salary", "email", "pin", "grade", "notes", "office_code"),
    ),
    "groups": ("code", "rank"),
}
_MISSPELT = ("salry", "salarie", "budge", "mail", "pins", "note", "rnk", "titel", "nothing")
_LED = {
    "offices": {"people": "people"},
    "people": {"office": "offices", "groups": "groups"},
    "groups": {"people": "people"},
}
_KEYS = {
    "offices": ("north", "south", "west", "none"),
    "people": ("p0", "p1", "p2", "p3", "none"),
    "groups": ("chess", "judo"),
}
_TABLES = st.sampled_from(["people", "people", "offices", "groups"])
_VALUES = st.sampled_from(
    ["50", "1", "300", "a", "ann", "ann@hidden.example", "1111", "p1", "note", "", "null", "north"]
)
_OPERATORS = st.sampled_from(
    ["", "", "__gt", "__lte", "__ne", "__in", "__contains", "__icontains", "__isnull", "__nope"]
)


@st.composite
def _path(draw: Draw, table: str, depth: int = 2) -> str:
    steps = []
    for _ in range(draw(st.integers(0, depth))):
        name = draw(st.sampled_from(sorted(_LED[table])))
        steps.append(name)
        table = _LED[table][name]
    steps.append(draw(st.sampled_from([*_FIELDS[table], *_FIELDS[table], *_MISSPELT])))
    return ".".join(steps)


@st.composite
def _includes(draw: Draw, table: str) -> str:
    steps = []
    for _ in range(draw(st.integers(1, 2))):
        steps.append(draw(st.sampled_from(sorted(_LED[table]))))
        table = _LED[table][steps[-1]]
    return ".".join(steps)


@st.composite
def _query(draw: Draw, table: str) -> list[tuple[str, str]]:
    count = draw(st.integers(0, 2))
    found = [(draw(_path(table)) + draw(_OPERATORS), draw(_VALUES)) for _ in range(count)]
    if draw(st.booleans()):
        terms = [draw(_path(table)) for _ in range(draw(st.integers(1, 2)))]
        found.append(("sort", ",".join(draw(st.sampled_from(["", "-"])) + term for term in terms)))
    if draw(st.integers(0, 3)) == 0:
        found.append(("q", draw(_VALUES)))
    if draw(st.integers(0, 2)) == 0:
        operator = draw(st.sampled_from(["eq", "gt", "icontains", "isnull"]))
        inner = f"{draw(_path(table))}.{operator}:{draw(_VALUES)}"
        found.append(("or", f"({inner},name.eq:ann)"))
    return found


@st.composite
def _shown(draw: Draw, table: str) -> list[tuple[str, str]]:
    found = []
    if draw(st.booleans()):
        names = st.sampled_from([*_FIELDS[table], *_MISSPELT])
        found.append(("fields", ",".join(draw(st.lists(names, min_size=1, max_size=3)))))
    if draw(st.booleans()):
        found.append(("include", draw(_includes(table))))
    return found


@st.composite
def reads(draw: Draw) -> Asked:
    """A request that reads."""
    table = draw(_TABLES)
    key = draw(st.sampled_from(_KEYS[table]))
    kind = draw(st.sampled_from(["list", "list", "stream", "csv", "read", "children", "query"]))
    shown = draw(_shown(table))
    if kind == "read":
        return Asked("GET", f"/{table}/{key}?{urlencode(shown)}")
    if kind == "children":
        relation = draw(st.sampled_from(sorted(_LED[table])))
        below = _LED[table][relation]
        asked = [*draw(_query(below)), *draw(_shown(below)), ("limit", "2")]
        return Asked("GET", f"/{table}/{key}/{relation}/?{urlencode(asked)}")
    query = [*draw(_query(table)), *shown]
    if kind in ("stream", "csv"):
        form = "csv" if kind == "csv" else draw(st.sampled_from(["json", "jsonl"]))
        plain = [(name, value) for name, value in query if name != "include" or form != "csv"]
        return Asked("GET", f"/{table}/stream/?{urlencode([*plain, ('format', form)])}")
    query.append(("limit", str(draw(st.integers(1, 3)))))
    if draw(st.booleans()):
        query.append(("cursor", ""))
    if kind == "query":
        return Asked("POST", f"/{table}/query/", dict(query))
    return Asked("GET", f"/{table}/?{urlencode(query)}")


_SET = {
    "code": st.sampled_from(["p0", "p1", "n1", "n2", "north"]),
    "name": st.sampled_from(["zoe", None]),
    "title": st.sampled_from(["clerk", "boss", None, 5]),
    "salary": st.sampled_from([70, 1, None, "much"]),
    "email": st.sampled_from(["ann@hidden.example", "new@hidden.example", None]),
    "pin": st.sampled_from(["0000", "9999", None, 3]),
    "grade": st.sampled_from([0, 1, 7]),
    "notes": st.sampled_from([{"says": "note bob"}, {"more": 1}, None, 1]),
    "office_code": st.sampled_from(["north", "none", None]),
    "budget": st.sampled_from([100, 5, None, "big"]),
    "rank": st.sampled_from([1, 9, None]),
}
_KEY_OF_NEW = {"people": "n1", "offices": "n2", "groups": "n3"}


@st.composite
def _body(draw: Draw, table: str, *, new: bool, depth: int = 1) -> dict[str, Any]:
    names = st.sampled_from([*_FIELDS[table], *_FIELDS[table], *_MISSPELT])
    chosen = draw(st.lists(names, max_size=4, unique=True))
    body = {name: draw(_SET.get(name, st.just(1))) for name in chosen if name != "code" or new}
    if new and draw(st.integers(0, 5)):
        body["code"] = draw(st.sampled_from([_KEY_OF_NEW[table], *_KEYS[table]]))
    if depth and draw(st.integers(0, 3)) == 0:
        if table == "offices":
            body["people"] = [{**draw(_body("people", new=new, depth=0)), "code": "n9"}]
        if table == "people":
            body["office"] = draw(_body("offices", new=new, depth=0))
            body["groups"] = draw(st.sampled_from([["chess"], ["none"], []]))
    return body


@st.composite
def writes(draw: Draw) -> Asked:
    """A request that writes."""
    table = draw(_TABLES)
    key = draw(st.sampled_from(_KEYS[table]))
    include = draw(st.sampled_from(["", f"include={draw(_includes(table))}"]))
    kind = draw(
        st.sampled_from(
            ["create", "put", "patch", "patch", "bulk", "upsert", "changes", "mass", "child"]
        )
    )
    each = draw(st.sampled_from(["", "&atomic=false"]))
    if kind == "create":
        return Asked("POST", f"/{table}/?{include}", draw(_body(table, new=True)))
    if kind in ("put", "patch"):
        body = draw(_body(table, new=False))
        return Asked(kind.upper(), f"/{table}/{key}?{include}", body)
    if kind == "child":
        relation = draw(st.sampled_from(sorted(_LED[table])))
        body = draw(_body(_LED[table][relation], new=True))
        return Asked("POST", f"/{table}/{key}/{relation}/", body)
    if kind == "mass":
        query = draw(_query(table))
        body = draw(_body(table, new=False, depth=0))
        headers = {"prefer": "max-affected=10"}
        return Asked("PATCH", f"/{table}/?{urlencode(query)}", body, headers)
    if kind == "changes":
        body = [{**draw(_body(table, new=False)), "code": key}]
        return Asked("PATCH", f"/{table}/bulk/?{include}{each}", body)
    items = [
        {**draw(_body(table, new=True, depth=0)), "code": code}
        for code in draw(st.lists(st.sampled_from([key, "n5", "n6"]), min_size=1, unique=True))
    ]
    if kind == "bulk":
        return Asked("POST", f"/{table}/bulk/?{include}{each}", items)
    unique = draw(st.sampled_from(["code", "email", "emial", "pin"]))
    return Asked("POST", f"/{table}/bulk/?on_conflict={unique}{each}", items)

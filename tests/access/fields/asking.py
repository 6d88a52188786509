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
_PARTS = {"people": ("notes.says", 'notes."says"', "notes.sys.0")}
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
_NUMBERS = ("salary", "grade", "budget", "rank")
_COMPARED = {
    "number": (
        ("", "50"),
        ("__gt", "60"),
        ("__lte", "100"),
        ("__in", "1,50"),
        ("__isnull", "true"),
    ),
    "text": (("", "p1"), ("__icontains", "n"), ("__ne", "1111"), ("__in", "ann,p2")),
    "wrong": (("__nope", "1"), ("__gt", ""), ("__isnull", "x")),
}
_LOGIC = {"number": ("eq:50", "gt:60", "isnull:true"), "text": ("eq:ann", "icontains:n")}


def _kind(path: str) -> str:
    return "number" if path.rpartition(".")[2] in _NUMBERS else "text"


@st.composite
def _named(draw: Draw, table: str) -> str:
    """A field, seldom one that is not there."""
    return str(draw(st.sampled_from(_MISSPELT if draw(st.integers(0, 9)) == 0 else _FIELDS[table])))


@st.composite
def _asked(draw: Draw, table: str) -> str:
    """A field, or a part of the documents in one."""
    parts = _PARTS.get(table, ())
    return str(
        draw(st.sampled_from(parts) if parts and draw(st.integers(0, 4)) == 0 else _named(table))
    )


@st.composite
def _filter(draw: Draw, table: str) -> tuple[str, str]:
    path = draw(_path(table))
    kind = "wrong" if draw(st.integers(0, 9)) == 0 else _kind(path)
    operator, value = draw(st.sampled_from(_COMPARED[kind]))
    return path + operator, value


@st.composite
def _path(draw: Draw, table: str, depth: int = 2) -> str:
    steps = []
    for _ in range(draw(st.sampled_from([0, 0, *range(depth + 1)]))):
        name = draw(st.sampled_from(sorted(_LED[table])))
        steps.append(name)
        table = _LED[table][name]
    steps.append(draw(_asked(table)))
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
    found = [draw(_filter(table)) for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2])))]
    if draw(st.booleans()):
        terms = [draw(_path(table, 1)) for _ in range(draw(st.integers(1, 2)))]
        found.append(("sort", ",".join(draw(st.sampled_from(["", "-"])) + term for term in terms)))
    if draw(st.integers(0, 3)) == 0:
        found.append(("q", draw(st.sampled_from(["n", "a", "hidden", "1111", "p1"]))))
    if draw(st.integers(0, 3)) == 0:
        path = draw(_path(table))
        inner = f"{path}.{draw(st.sampled_from(_LOGIC[_kind(path)]))}"
        found.append(("or", f"({inner},code.eq:p0)"))
    return found


@st.composite
def _shown(draw: Draw, table: str) -> list[tuple[str, str]]:
    found = []
    if draw(st.booleans()):
        names = draw(st.lists(_asked(table), min_size=1, max_size=2, unique=True))
        found.append(("fields", ",".join(names)))
    if draw(st.booleans()):
        found.append(("include", draw(_includes(table))))
    return found


@st.composite
def _sums(draw: Draw, table: str) -> list[tuple[str, str]]:
    function = draw(st.sampled_from(["count", "count_distinct", "min", "max", "sum"]))
    found = [("measures", f"count,{draw(_path(table))}:{function}")]
    if draw(st.booleans()):
        found.append(("group", draw(_path(table))))
    if draw(st.booleans()):
        found.append(("having", f"({draw(_path(table))}:{function}__isnull:false)"))
    return found


@st.composite
def reads(draw: Draw) -> Asked:
    """A request that reads."""
    table = draw(_TABLES)
    key = draw(st.sampled_from(_KEYS[table]))
    kind = draw(
        st.sampled_from(["list", "list", "stream", "csv", "read", "children", "query", "aggregate"])
    )
    shown = draw(_shown(table))
    if kind == "read":
        return Asked("GET", f"/{table}/{key}?{urlencode(shown)}")
    if kind == "children":
        relation = draw(st.sampled_from(sorted(_LED[table])))
        below = _LED[table][relation]
        asked = [*draw(_query(below)), *draw(_shown(below)), ("limit", "2")]
        return Asked("GET", f"/{table}/{key}/{relation}/?{urlencode(asked)}")
    if kind == "aggregate":
        found = [pair for pair in draw(_query(table)) if pair[0] != "sort"]
        return Asked("GET", f"/{table}/aggregate/?{urlencode([*found, *draw(_sums(table))])}")
    query = [*draw(_query(table)), *shown]
    if kind in ("stream", "csv"):
        form = "csv" if kind == "csv" else draw(st.sampled_from(["json", "jsonl"]))
        plain = [(name, value) for name, value in query if name != "include" or form != "csv"]
        return Asked("GET", f"/{table}/stream/?{urlencode([*plain, ('format', form)])}")
    query.append(("limit", str(draw(st.integers(1, 3)))))
    if draw(st.booleans()):
        query.append(draw(st.sampled_from([("cursor", ""), ("count", "none"), ("skip", "1")])))
    if kind == "query":
        return Asked("POST", f"/{table}/query/", dict(query))
    return Asked("GET", f"/{table}/?{urlencode(query)}")


_SET = {
    "code": st.sampled_from(["p0", "p1", "n1", "n2", "north"]),
    "name": st.sampled_from(["zoe", None]),
    "title": st.sampled_from(["clerk", "boss", None, 5]),
    "salary": st.sampled_from([70, 50, 1, None, "much"]),
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
    chosen = draw(st.lists(_named(table), max_size=3, unique=True))
    body = {name: draw(_SET.get(name, st.just(1))) for name in chosen if name != "code"}
    if new and draw(st.integers(0, 9)):
        body["code"] = draw(st.sampled_from([*[_KEY_OF_NEW[table]] * 4, *_KEYS[table]]))
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

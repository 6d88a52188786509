"""Random requests of every route, as the OpenAPI document names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelwire.catalog.tables import Table
from tests.query.queries import LISTS, encode

from .draws import Draw, Key, in_path, write

Route = tuple[str, str]
"""A method and a path of the OpenAPI document."""

SAYS_NOTHING = {
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}
"""Routes that are about the service and not about rows."""


@dataclass(frozen=True)
class Request:
    """A request.

    Args:
        method: Its method.
        url: Its target.
        body: Its body.
        headers: Its headers, less those that say who asks.
        rows: The keys of the rows that it is to change or remove, where it names them.
        above: The key of the row that it reads, or below which it does something.
    """

    method: str
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Key, ...] = ()
    above: Key | None = None

    @property
    def is_estimate(self) -> bool:
        """Whether it asks for a total that only an application without policies estimates."""
        return "count=estimate" in self.url or "estimate" in str(self.body)

    @property
    def table(self) -> str:
        """The table that its path begins with."""
        return self.url.partition("?")[0].split("/")[1]

    @property
    def is_mass(self) -> bool:
        """Whether it changes or removes all rows that match."""
        is_list = self.url.partition("?")[0] == f"/{self.table}/"
        return is_list and self.method in ("PATCH", "DELETE")

    @property
    def is_below(self) -> bool:
        """Whether it asks for rows below another one."""
        return bool(re.match(r"/\w+/[^/?]+/\w+/", self.url))


def find_routes(document: Mapping[str, Any]) -> list[Route]:
    """The routes of a document about rows."""
    found = [(m.upper(), path) for path, item in document["paths"].items() for m in item]
    return [route for route in found if route not in SAYS_NOTHING]


READS = (
    *("list", "query", "stream", "read", "children"),
    *("aggregate", "aggregate_query", "aggregate_children"),
)
WRITES = (
    *("create", "create_child", "change", "delete", "restore", "link"),
    *("mass_patch", "mass_delete", "bulk_create", "bulk_patch", "bulk_delete", "batch"),
)


def kind_of(route: Route) -> str:
    """Return the kind of a route.

    Raises:
        LookupError: No kind is listed for it.
    """
    method, path = route
    for pattern, kinds in KINDS.items():
        if re.fullmatch(pattern, path):
            return kinds[method]
    raise LookupError(f"{method} {path}: no test asks it")


KINDS: Mapping[str, Mapping[str, str]] = {
    "/batch": {"POST": "batch"},
    r"/\w+/": {"GET": "list", "POST": "create", "PATCH": "mass_patch", "DELETE": "mass_delete"},
    r"/\w+/query/": {"POST": "query"},
    r"/\w+/stream/": {"GET": "stream"},
    r"/\w+/aggregate/": {"GET": "aggregate"},
    r"/\w+/aggregate/query/": {"POST": "aggregate_query"},
    r"/\w+/\{[\w},{]+\}/\w+/aggregate/": {"GET": "aggregate_children"},
    r"/\w+/bulk/": {"POST": "bulk_create", "PATCH": "bulk_patch", "DELETE": "bulk_delete"},
    r"/\w+/\{[\w},{]+\}": {"GET": "read", "PUT": "change", "PATCH": "change", "DELETE": "delete"},
    r"/\w+/\{[\w},{]+\}/restore": {"POST": "restore"},
    r"/\w+/\{[\w},{]+\}/\w+/": {"GET": "children", "POST": "create_child"},
    r"/\w+/\{[\w},{]+\}/\w+/\{[\w},{]+\}": {"PUT": "link", "DELETE": "link"},
}


def draw_request(draw: Draw, route: Route) -> Request:
    """A random request of a route."""
    method, path = route
    if kind_of(route) == "batch":
        return _batch(draw)
    name, *rest = path.strip("/").split("/")
    table = draw.tables[name]
    return _DRAWN[kind_of(route)](draw, method, table, rest)


Drawn = Callable[[Draw, str, Table, list[str]], Request]


def _url(path: str, parameters: list[tuple[str, str]]) -> str:
    return f"{path}?{encode(parameters)}" if parameters else path


def _list(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    return Request(method, _url(f"/{table.name}/", [*draw.selection(table), *draw.page()]))


def _query(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    return Request(method, f"/{table.name}/query/", _body([*draw.selection(table), *draw.page()]))


def _body(parameters: list[tuple[str, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, value in parameters:
        is_list = name.rpartition("__")[2] in LISTS
        body[name] = [*body.get(name, ()), value] if is_list and name in body else value
    return body


def _stream(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    format_ = [("format", draw.random.choice(["json", "jsonl", "csv"]))]
    headers = {"prefer": "end-marker"} if draw.maybe(0.3) else {}
    parameters = [p for p in draw.selection(table) if format_[0][1] != "csv" or p[0] != "include"]
    return Request(method, _url(f"/{table.name}/stream/", parameters + format_), headers=headers)


def _read(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    headers = {"if-none-match": "*"} if draw.maybe(0.1) else {}
    key, recalled = draw.key(table), draw.recalled(table)
    url = _url(f"/{table.name}/{in_path(key)}", [*draw.shown(table), *recalled])
    # An empty key is the path of the list.
    return Request(
        method, url, headers=headers, above=key if in_path(key) and not recalled else None
    )


def _below(draw: Draw, table: Table, rest: list[str]) -> tuple[Key, str, Table]:
    relation, key = table.relations[rest[1]], draw.key(table)
    path = f"/{table.name}/{in_path(key)}/{rest[1]}/"
    return key, path, draw.tables[relation.target]


def _children(draw: Draw, method: str, table: Table, rest: list[str]) -> Request:
    key, path, target = _below(draw, table, rest)
    url = _url(path, [*draw.selection(target), *draw.page()])
    return Request(method, url, above=key)


def _sums(draw: Draw, table: Table) -> list[tuple[str, str]]:
    return [*draw.filters(table).parameters(), *draw.sums(table), *draw.recalled(table)]


def _aggregate(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    headers = {"accept": "text/csv"} if draw.maybe(0.2) else {}
    return Request(method, _url(f"/{table.name}/aggregate/", _sums(draw, table)), headers=headers)


def _aggregate_query(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    body = _body(_sums(draw, table))
    return Request(method, f"/{table.name}/aggregate/query/", body)


def _aggregate_children(draw: Draw, method: str, table: Table, rest: list[str]) -> Request:
    key, path, target = _below(draw, table, rest)
    return Request(method, _url(f"{path}aggregate/", _sums(draw, target)), above=key)


# ---- writes -------------------------------------------------------------------------------------


def _answered(draw: Draw, table: Table) -> list[tuple[str, str]]:
    return draw.shown(table) if draw.maybe(0.5) else []


def _headers(draw: Draw) -> dict[str, str]:
    found = {}
    if draw.maybe(0.1):
        found["if-match"] = draw.random.choice(["*", '"none"'])
    if draw.maybe(0.1):
        found["prefer"] = "return=minimal"
    return found


def _include(draw: Draw, table: Table) -> list[tuple[str, str]]:
    return [p for p in _answered(draw, table) if p[0] == "include"]


def _create(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    url = _url(f"/{table.name}/", _include(draw, table))
    return Request(method, url, draw.create(table))


def _create_child(draw: Draw, method: str, table: Table, rest: list[str]) -> Request:
    key, path, target = _below(draw, table, rest)
    relation = table.relations[rest[1]]
    tied = relation.remote if relation.link is None and draw.maybe(0.9) else ()
    without = frozenset(f.name for f in target.fields if f.column in tied)
    body = draw.create(target, without)
    return Request(method, _url(path, _include(draw, target)), body, above=key)


def _change(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    key = draw.key(table)
    url = _url(f"/{table.name}/{in_path(key)}", _include(draw, table))
    return Request(method, url, draw.patch(table), _headers(draw), (key,))


def _delete(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    key = draw.key(table)
    url = f"/{table.name}/{in_path(key)}"
    return Request(method, url, headers=_headers(draw), rows=(key,))


def _restore(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    url = _url(f"/{table.name}/{in_path(draw.key(table))}/restore", _include(draw, table))
    return Request(method, url, headers=_headers(draw))


def _link(draw: Draw, method: str, table: Table, rest: list[str]) -> Request:
    key, path, target = _below(draw, table, rest)
    url = path + in_path(draw.key(target))
    return Request(method, url, headers=_headers(draw), above=key)


def _mass(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    parameters = draw.filters(table).parameters() or draw.filters(table).parameters()
    body = draw.patch(table) if method == "PATCH" else None
    if body is not None:
        body = {name: value for name, value in body.items() if name not in table.linked}
    most = draw.random.choice([1, 5, 100])
    return Request(
        method, _url(f"/{table.name}/", parameters), body, {"prefer": f"max-affected={most}"}
    )


def _bulk(draw: Draw, parameters: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*parameters, ("atomic", "false")] if draw.maybe(0.3) else parameters


def _bulk_create(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    rows = [draw.create(table) for _ in range(draw.random.randint(1, 3))]
    parameters, headers = _include(draw, table), {}
    if table.upsert_keys and draw.maybe(0.5):
        rows = [_merged(draw, table, row) for row in rows]
        key = draw.random.choice(table.upsert_keys)
        parameters.append(("on_conflict", ",".join(f.name for f in key)))
        kind = draw.random.choice(["merge", "ignore"])
        headers["prefer"] = f"resolution={kind}-duplicates"
    else:
        parameters = _bulk(draw, parameters)
    return Request(method, _url(f"/{table.name}/bulk/", parameters), rows, headers)


def _merged(draw: Draw, table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row that is perhaps there already."""
    stored = draw.row(table)
    key = {f.name: write(stored[f.column.name]) for f in (*table.key, *_unique(table))}
    plain = {k: v for k, v in row.items() if k not in table.relations}
    return {**plain, **(key if draw.maybe(0.6) else {})}


def _unique(table: Table) -> list[Any]:
    return [f for f in table.fields if f.column.unique and f.writable]


def _bulk_patch(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    keys = tuple(draw.key(table) for _ in range(draw.random.randint(1, 3)))
    names = [f.name for f in table.key]
    rows = [draw.patch(table) | dict(zip(names, map(write, k), strict=True)) for k in keys]
    return Request(method, _url(f"/{table.name}/bulk/", _bulk(draw, [])), rows, rows=keys)


def _bulk_delete(draw: Draw, method: str, table: Table, _: list[str]) -> Request:
    keys = tuple(draw.key(table) for _ in range(draw.random.randint(1, 3)))
    body = [write(k[0]) if len(k) == 1 else ",".join(str(write(v)) for v in k) for k in keys]
    return Request(method, _url(f"/{table.name}/bulk/", _bulk(draw, [])), body, rows=keys)


_DRAWN: Mapping[str, Drawn] = {
    "list": _list,
    "query": _query,
    "stream": _stream,
    "read": _read,
    "children": _children,
    "aggregate": _aggregate,
    "aggregate_query": _aggregate_query,
    "aggregate_children": _aggregate_children,
    "create": _create,
    "create_child": _create_child,
    "change": _change,
    "delete": _delete,
    "restore": _restore,
    "link": _link,
    "mass_patch": _mass,
    "mass_delete": _mass,
    "bulk_create": _bulk_create,
    "bulk_patch": _bulk_patch,
    "bulk_delete": _bulk_delete,
}


# ---- batches ------------------------------------------------------------------------------------

_IN_BATCHES = (
    *(("GET", "list"), ("POST", "query"), ("GET", "read"), ("POST", "create")),
    *(("PATCH", "change"), ("PUT", "change"), ("DELETE", "delete"), ("PATCH", "mass_patch")),
    *(("DELETE", "mass_delete"), ("POST", "bulk_create"), ("PATCH", "bulk_patch")),
    ("DELETE", "bulk_delete"),
)
_BELOW = (("GET", "children"), ("POST", "create_child"), ("PUT", "link"), ("DELETE", "link"))


def _batch(draw: Draw) -> Request:
    # What was deleted just now is so since another moment in each world.
    draw.recalls = False
    requests = [_in_batch(_one_of_batch(draw)) for _ in range(draw.random.randint(1, 4))]
    draw.recalls = True
    return Request("POST", "/batch", {"requests": requests})


def _one_of_batch(draw: Draw) -> Request:
    table = draw.random.choice(list(draw.tables.values()))
    if table.linked and draw.maybe(0.2):
        method, kind = draw.random.choice(_BELOW)
        relation = draw.random.choice(list(table.linked))
        return _DRAWN[kind](draw, method, table, ["", relation])
    method, kind = draw.random.choice(_IN_BATCHES)
    return _DRAWN[kind](draw, method, table, [])


def _in_batch(request: Request) -> dict[str, Any]:
    made = {"method": request.method, "path": request.url, "headers": request.headers}
    return made if request.body is None else {**made, "body": request.body}

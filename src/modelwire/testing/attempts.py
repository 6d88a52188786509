"""Requests as Bob: every route, with values of Alice in place of its parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from .bodies import Body, Marks, body_schema, resolve
from .world import Place, Route, Row, World

_LAST = {"POST": 0, "PATCH": 1, "PUT": 2, "DELETE": 3}
"""Order of methods: those that remove rows come last, while there are rows to change before."""

_FORMATS = ("csv", "jsonl")


class Attempt(NamedTuple):
    """Request of Bob."""

    method: str
    path: str
    body: Any = None

    def within(self, batches: str) -> Attempt:
        """Return the request as a batch with that one request.

        Args:
            batches: The path of the batch route.
        """
        body = {} if self.body is None else {"body": self.body}
        request = {"method": self.method, "path": self.path, **body}
        return Attempt("POST", batches, {"requests": [request]})

    def __str__(self) -> str:
        body = "" if self.body is None else f" with {json.dumps(self.body)}"
        return f"{self.method} {self.path}{body}"


def list_all(place: Place) -> str:
    """Return the path of a list of a resource's rows, in the order of their keys."""
    return f"{place.path}/?limit={place.table.resource.max_limit}&sort={place.order}"


def is_query(route: Route) -> bool:
    """Whether a route takes the query of a list in its body, and writes nothing."""
    return route.method == "POST" and route.path.endswith("/query/")


def read_attempts(world: World, marks: Sequence[str]) -> Iterator[Attempt]:
    """Yield every way of reading.

    Args:
        world: The application.
        marks: Values of Alice, for parameters that name no resource.
    """
    for route in world.routes:
        place = world.owner(route.path)
        includes = place.table.includes if place is not None else ()
        if is_query(route):
            yield from (
                Attempt("POST", route.path, {"include": [n]} if n else {}) for n in ("", *includes)
            )
        elif route.method == "GET":
            names = _parameters(world, route)
            queries = [f"include={name}" for name in includes if "include" in names]
            queries += [f"format={name}" for name in _FORMATS if "format" in names]
            queries += ["as_of=9999-12-31T00:00:00Z"] if "as_of" in names else []
            queries += ["deleted=include"] if "deleted" in names else []
            for path in world.paths(route, marks):
                yield from (
                    Attempt("GET", f"{path}{query}") for query in ("", *map("?{}".format, queries))
                )
    yield from (Attempt("GET", list_all(place)) for place in world.places if place.offers("list"))


def _parameters(world: World, route: Route) -> set[str]:
    given = route.operation.get("parameters", ())
    return {resolve(world.document, parameter)["name"] for parameter in given}


def filter_attempts(world: World, marks: set[str]) -> Iterator[tuple[Attempt, Attempt, str, str]]:
    """Yield lists filtered by values of Alice, through relations too, and by values of nobody.

    Yields:
        Both requests, and the values by which they differ.
    """
    for place in world.places:
        if place.offers("list"):
            for name, mark in _marked(world, place, marks):
                other = Marks("none").text(len(mark)).ljust(len(mark), "x")
                asked = [Attempt("GET", f"{place.path}/?{name}={quote(v)}") for v in (mark, other)]
                yield asked[0], asked[1], mark, other


def _marked(world: World, place: Place, marks: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the filters that match marks of Alice."""
    targets = [(f"{name}.", world.find(r.target)) for name, r in place.table.paths.items()]
    for start, target in [("", place), *targets]:
        if target in world.places:
            for row in world.rows_of(target)[:3]:
                found = {n: v for n, v in row.items() if v in marks and isinstance(v, str)}
                yield from ((start + n, v) for n, v in found.items() if n in target.table.queryable)


def write_attempts(world: World, marks: Sequence[str]) -> Iterator[Attempt]:
    """Yield every way of writing, with keys of Alice.

    Args:
        world: The application.
        marks: Values of Alice, for parameters that name no resource.
    """
    for route in sorted(world.routes, key=lambda route: _LAST.get(route.method, 0)):
        if route.method != "GET" and not is_query(route):
            place = world.owner(route.path)
            for path in world.paths(route, marks):
                if place is not None and route.path == f"{place.path}/bulk/":
                    yield from _write_many(world, route, place)
                elif (
                    place is not None and route.path == f"{place.path}/" and route.method != "POST"
                ):
                    yield from _write_matching(world, route, place)
                else:
                    yield from _write_one(world, route, place, path)


def _write_one(world: World, route: Route, place: Place | None, path: str) -> Iterator[Attempt]:
    schema = body_schema(world.document, route.operation)
    if schema is None or "properties" not in schema:
        yield Attempt(route.method, path)
        return
    known = world.known_values(route.path)
    yield Attempt(route.method, path, _body(world, schema, {}))
    yield Attempt(route.method, path, _body(world, schema, known))
    for name in known.keys() & schema["properties"].keys():
        yield Attempt(route.method, path, {name: known[name]})
    if place is not None and route.method != "POST":
        yield from (Attempt(route.method, path, {n: v}) for n, v in _change(world, place).items())


def _body(world: World, schema: Mapping[str, Any], known: Mapping[str, object]) -> Any:
    return Body(world.document, schema, Marks("his"), known).as_json()


def _write_matching(world: World, route: Route, place: Place) -> Iterator[Attempt]:
    for row in world.rows[place.path]:
        query = "&".join(f"{name}={quote(str(v))}" for name, v in _key(place, row).items())
        for change in _single_changes(world, place) if route.method == "PATCH" else [None]:
            yield Attempt(route.method, f"{route.path}?{query}", change)


def _write_many(world: World, route: Route, place: Place) -> Iterator[Attempt]:
    for row in world.rows[place.path]:
        key = _key(place, row)
        if route.method == "DELETE":
            yield Attempt("DELETE", route.path, [key if len(key) > 1 else next(iter(key.values()))])
        elif route.method == "PATCH":
            for change in _single_changes(world, place):
                yield Attempt("PATCH", route.path, [{**key, **change}])
        else:
            yield from _upsert(world, route, place, row)


def _upsert(world: World, route: Route, place: Place, row: Row) -> Iterator[Attempt]:
    """Yield requests that create an existing row: alone, and as an upsert by each key."""
    fields = _schema_of(world, place, "POST").get("properties", {})
    sent = {name: value for name, value in row.items() if name in fields}
    yield Attempt("POST", route.path, [sent])
    for unique in place.table.upsert_keys if place.table.upserts else ():
        names = [field.name for field in unique]
        path = f"{route.path}?on_conflict={quote(','.join(names))}"
        kept = {name: row.get(name) for name in names}
        yield Attempt("POST", path, [{**sent, **_change(world, place), **kept}])


def _key(place: Place, row: Row) -> dict[str, Any]:
    return {field.name: row.get(field.name) for field in place.table.key}


def _change(world: World, place: Place) -> dict[str, Any]:
    """Return new values for the fields that clients may set, but for keys and references."""
    left_out = {*world.references(place), *(field.name for field in place.table.key)}
    fields = _schema_of(world, place, "PATCH").get("properties", {})
    made = _body(world, {"properties": {n: s for n, s in fields.items() if n not in left_out}}, {})
    return {name: value for name, value in made.items() if name in fields}


def _single_changes(world: World, place: Place) -> Iterator[dict[str, Any]]:
    """Yield changes of one field each: a refused value would hide the effect of others."""
    yield from ({name: value} for name, value in _change(world, place).items())


def _schema_of(world: World, place: Place, method: str) -> Mapping[str, Any]:
    """Return the schema of one row to create, or of a change of one."""
    for route in world.routes:
        rest = route.path.removeprefix(place.path).strip("/")
        is_one = rest == "" if method == "POST" else rest.startswith("{") and "/" not in rest
        if route.method == method and is_one and world.owner(route.path) == place:
            return body_schema(world.document, route.operation) or {}
    return {}

"""Rules on reads: relationships loaded in time, and pages with a limit and an order."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pydantic import BaseModel

from ....compat.fastapi import dependant_of
from ..application import Application
from ..finding import Found, Rule
from ..objects import mapper_of, relations_of
from ..routes import Endpoint, parameters_of
from ..values import Row, Rows, Statement
from .answers import models_in

_LIMITS = frozenset({"limit", "page_size", "per_page", "pagesize", "size"})


def find_unloaded(app: Application) -> Iterator[Found]:
    """Find response models with a relationship that the query didn't load.

    An async session can't load it then. A sync one does so row by row, which is left alone for a
    single row.
    """
    for endpoint in app.endpoints:
        value = app.tracer.facts(endpoint.function).returns
        if not isinstance(value, Row | Rows) or value.model is None:
            continue
        place = value.place if isinstance(value, Row) else value.statement.place
        loads = value.loads if isinstance(value, Row) else value.statement.loads
        is_async = _asks_async(app, endpoint)
        if isinstance(value, Row) and (not is_async or value.fresh):
            continue
        names = _shown_relations(endpoint.route.response_model, value.model) - loads
        names -= _refreshed(app, endpoint)
        if names and place.source is not None:
            listed = ", ".join(sorted(names))
            text = f"The answer shows {value.model.__name__}.{listed}, which is not loaded"
            yield Found(place.source, place.node, text)


def _asks_async(app: Application, endpoint: Endpoint) -> bool:
    events = [e for r in app.reached[endpoint] for e in r.facts.of("use")]
    return any(getattr(e.value, "is_async", False) for e in events)


def _refreshed(app: Application, endpoint: Endpoint) -> set[str]:
    """Return the relationships that `refresh` loads by name."""
    nodes = [e.node for r in app.reached[endpoint] for e in r.facts.of("refresh")]
    constants = [n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant)]
    return {str(n.value) for n in constants}


def _shown_relations(response: object, model: type) -> set[str]:
    relations = relations_of(model)
    found = set()
    for shown in _with_inner(response):
        for name, info in shown.model_fields.items():
            if name in relations and any(True for _ in models_in(info.annotation)):
                found.add(name)
    return found


def _with_inner(response: object) -> Iterator[type[BaseModel]]:
    """Yield the models of a response, and those of the lists in a page."""
    for model in models_in(response):
        if mapper_of(model) is None:
            yield model
            if "items" in model.model_fields or "data" in model.model_fields:
                for info in model.model_fields.values():
                    yield from models_in(info.annotation)


def find_lazy(app: Application) -> Iterator[Found]:
    """Find reads of a relationship that was not loaded.

    That raises `MissingGreenlet` in async code, and runs a query for each row elsewhere.
    """
    for r in app.running:
        is_async = r.function.is_async or r.waits
        loaded = {n for e in r.facts.of("refresh") for n in _constants(e.node)}
        for event in r.facts.of("read"):
            row = event.value
            if not isinstance(row, Row) or row.fresh or event.name in row.loads | loaded:
                continue
            relation = relations_of(row.model).get(event.name)
            if relation is None or relation.lazy in {"dynamic", "write_only"}:
                continue
            if isinstance(row.place.node, ast.arg) or not (is_async or event.in_loop):
                continue
            if relation.lazy not in {"select", True, "raise"}:
                continue
            text = f"{row.model.__name__}.{event.name} is read, and was not loaded"
            yield Found(r.function.source, event.node, text)


def _constants(node: ast.AST) -> set[str]:
    return {str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant)}


def find_whole(app: Application) -> Iterator[Found]:
    """Find endpoints that return a whole table, which takes all memory once it is large."""
    for endpoint in app.endpoints:
        value = app.tracer.facts(endpoint.function).returns
        if "GET" not in endpoint.methods or not isinstance(value, Rows):
            continue
        statement = value.statement
        if statement.reads_rows and not statement.limited and not statement.bounded:
            yield Found(
                statement.place.source, statement.place.node, "Every row is returned, however many"
            )


def find_unlimited(app: Application) -> Iterator[Found]:
    """Find limits without a maximum: a client that asks for a million rows gets them."""
    for endpoint in app.endpoints:
        if not any(r.facts.of("query") for r in app.reached[endpoint]):
            continue
        functions = [endpoint.function, *(d.function for d in endpoint.dependencies)]
        unbounded = _unbounded(dependant_of(endpoint.route))
        for function in functions:
            for name, arg in parameters_of(function.node).items():
                if name in unbounded & _LIMITS and not _is_clamped(function.node, name):
                    yield Found(function.source, arg, f"`{name}` may be as large as a client wants")


def _unbounded(dependant: object) -> set[str]:
    """Return the query parameters that take an integer of any size."""
    found = set()
    for field in getattr(dependant, "query_params", ()):
        info = field.field_info
        limits = [m for m in info.metadata if hasattr(m, "le") or hasattr(m, "lt")]
        if info.annotation in (int, int | None) and not limits:
            found.add(field.name)
    for inner in getattr(dependant, "dependencies", ()):
        found |= _unbounded(inner)
    return found


def _is_clamped(function: ast.AST, name: str) -> bool:
    for node in ast.walk(function):
        compared = isinstance(node, ast.Compare)
        smallest = isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"min", "clamp"}
        named = any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))
        if named and (compared or smallest):
            return True
    return False


def find_unordered(app: Application) -> Iterator[Found]:
    """Find pages without an order, for which a database may order each page differently."""
    for r in app.running:
        for event in r.facts.of("query"):
            statement = event.value
            if isinstance(statement, Statement) and statement.offset and not statement.ordered:
                text = "Pages without an order skip rows, or show them twice"
                yield Found(statement.place.source, statement.place.node, text)


RULES = (
    Rule(
        "MW301",
        "A response with a relationship that is not loaded",
        "`MissingGreenlet` in an async session, one query per row in a sync session",
        "`.options(selectinload(Team.heroes))` in the query",
        find_unloaded,
    ),
    Rule(
        "MW302",
        "A relationship that is read without being loaded",
        "`MissingGreenlet` in an async session, one query per row in a sync session",
        "`.options(selectinload(Team.heroes))` in the query",
        find_lazy,
    ),
    Rule(
        "MW303",
        "A list without pagination",
        "It grows with the table, until one request uses up all memory",
        "`.order_by(Hero.id).limit(limit)` with `limit: Annotated[int, Query(le=100)] = 20`",
        find_whole,
    ),
    Rule(
        "MW304",
        "A page of unlimited size",
        "A request for a million rows uses up all memory, and a negative limit is a 500",
        "`limit: Annotated[int, Query(ge=1, le=100)] = 20`",
        find_unlimited,
    ),
    Rule(
        "MW305",
        "`OFFSET` without `ORDER BY`",
        "The database may order each page differently: rows are skipped, or shown twice",
        "`.order_by(Hero.id)` before `.offset(…)`",
        find_unordered,
    ),
)

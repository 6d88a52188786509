"""Every kind of request by every way, with what the rule says of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from modelwire.resource import Operation

from .model import Model
from .services import Letters
from .tables import RELATIONS

Path = tuple[str, ...]
"""Names of relations, one after another."""

ONE = {"prefer": "max-affected=1000"}


@dataclass(frozen=True)
class Asked:
    """A request, and what the rule says of it.

    Args:
        method: Its method.
        url: Its target.
        body: Its body.
        needs: The letters that it takes to come in; None where nothing is there.
        is_open: Whether it is then allowed to go where it wants.
        shows: The tables whose rows the answer then shows.
        finds: Whether the first row of a list is then found by it, and the second is not.
    """

    method: str
    url: str
    body: Any
    needs: Letters | None
    is_open: bool
    shows: Sequence[str] = ()
    finds: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def ask_all(model: Model, tables: Iterable[str]) -> Iterator[Asked]:
    """Every request of some tables that goes by relations."""
    for table in tables:
        for path in _paths(table, 3):
            yield from _filters(model, table, path)
            yield from _sorts(model, table, path)
            yield from _includes(model, table, path)
            yield from _nested(model, table, path)
            yield from _children(model, table, path)
        for name in RELATIONS[table]:
            yield from _links(model, table, name)


def _paths(table: str, depth: int) -> Iterator[Path]:
    for name, link in RELATIONS[table].items():
        yield (name,)
        if depth > 1:
            yield from ((name, *below) for below in _paths(link.target, depth - 1))


def _steps(table: str, path: Path) -> list[tuple[str, str]]:
    """Each relation of a path with the table that has it."""
    steps = []
    for name in path:
        steps.append((table, name))
        table = RELATIONS[table][name].target
    return steps


def _targets(table: str, path: Path) -> list[str]:
    return [RELATIONS[origin][name].target for origin, name in _steps(table, path)]


def _own(model: Model, table: str, operation: Operation) -> Letters | None:
    return model.before(table, operation) if model.serves(table, operation) else None


def _leads(model: Model, table: str, path: Path) -> bool:
    return all(model.is_open(*step) for step in _steps(table, path))


def _filters(model: Model, table: str, path: Path) -> Iterator[Asked]:
    name, is_open = ".".join(path), _leads(model, table, path)
    finds = f"{name}.mark__startswith=mark"
    lists, streams = _own(model, table, "list"), _own(model, table, "stream")
    for query in (finds, f"or=({name}.mark__startswith:mark)", f"{finds}&cursor="):
        yield Asked("GET", f"/{table}/?{query}", None, lists, is_open, finds=True)
    body = {f"{name}.mark__startswith": "mark"}
    yield Asked("POST", f"/{table}/query/", body, lists, is_open, finds=True)
    yield Asked("GET", f"/{table}/stream/?{finds}", None, streams, is_open, finds=True)
    sums = _own(model, table, "aggregate")
    grouped = f"{finds}&group=id,mark"
    yield Asked("GET", f"/{table}/aggregate/?{grouped}", None, sums, is_open, finds=True)
    posted = {**body, "group": ["id", "mark"]}
    yield Asked("POST", f"/{table}/aggregate/query/", posted, sums, is_open, finds=True)
    patches = _own(model, table, "bulk_update")
    yield Asked("PATCH", f"/{table}/?{finds}", {}, patches, is_open, headers=ONE)
    none = f"{name}.mark=none"
    removes = _own(model, table, "bulk_delete")
    yield Asked("DELETE", f"/{table}/?{none}", None, removes, is_open, headers=ONE)


def _sorts(model: Model, table: str, path: Path) -> Iterator[Asked]:
    if any(RELATIONS[origin][name].many for origin, name in _steps(table, path)):
        return
    sort, is_open = f"sort={'.'.join(path)}.mark", _leads(model, table, path)
    lists, streams = _own(model, table, "list"), _own(model, table, "stream")
    yield Asked("GET", f"/{table}/?{sort}", None, lists, is_open)
    yield Asked("GET", f"/{table}/?{sort}&cursor=&limit=1", None, lists, is_open)
    yield Asked("GET", f"/{table}/stream/?{sort}", None, streams, is_open)
    sums, field = _own(model, table, "aggregate"), f"{'.'.join(path)}.mark"
    for query in (f"group={field}", f"measures={field}:max"):
        yield Asked("GET", f"/{table}/aggregate/?{query}", None, sums, is_open)


def _includes(model: Model, table: str, path: Path) -> Iterator[Asked]:
    include, is_open = f"include={'.'.join(path)}", model.includes(_steps(table, path))
    shows, row = _targets(table, path), {"mark": "new"}
    asked: tuple[tuple[Operation, str, str, Any], ...] = (
        ("list", "GET", f"/{table}/?{include}", None),
        ("list", "POST", f"/{table}/query/", {"include": ".".join(path)}),
        ("stream", "GET", f"/{table}/stream/?{include}", None),
        ("read", "GET", f"/{table}/1?{include}", None),
        ("update", "PATCH", f"/{table}/1?{include}", {}),
        ("update", "PUT", f"/{table}/1?{include}", {}),
        ("bulk_update", "PATCH", f"/{table}/bulk/?{include}", [{"id": 1}]),
        ("create", "POST", f"/{table}/?{include}", row),
        ("bulk_create", "POST", f"/{table}/bulk/?{include}", [row]),
    )
    for operation, method, url, body in asked:
        creates = body in (row, [row])
        own = _own(model, table, operation)
        yield Asked(method, url, body, own, is_open, () if creates else shows)


def _nested(model: Model, table: str, path: Path) -> Iterator[Asked]:
    steps = _steps(table, path)
    is_open = all(model.nests(*step) for step in steps)
    body: dict[str, Any] = {"mark": "new"}
    for origin, name in reversed(steps):
        body = {"mark": "new", name: [body] if RELATIONS[origin][name].many else body}
    if _turns_back(steps):
        return
    yield Asked("POST", f"/{table}/", body, _own(model, table, "create"), is_open)
    own = _own(model, table, "bulk_create")
    yield Asked("POST", f"/{table}/bulk/", [body], own, is_open)


def _turns_back(steps: Sequence[tuple[str, str]]) -> bool:
    """Whether a row below another one would bring a second parent along, which is always 422."""
    back = {
        ("captains", "ships"): "captain",
        ("captains", "cabin"): "captain",
        ("ships", "crates"): "ship",
        ("goods", "parts"): "whole",
    }
    return any(back.get(step) == after[1] for step, after in pairwise(steps))


def _children(model: Model, table: str, path: Path) -> Iterator[Asked]:
    name, *below = path
    target, url = RELATIONS[table][name].target, f"/{table}/1/{name}/"
    kinds = ("list", "create", "aggregate")
    lists, creates, sums = (model.below(table, name, kind) for kind in kinds)
    if not below:
        yield Asked("GET", url, None, lists, True, [target])
        yield Asked("GET", f"{url}aggregate/?group=mark", None, sums, True, [target])
        yield Asked("POST", url, {"mark": "new"}, creates, True)
        return
    rest = tuple(below)
    steps, dotted = _steps(target, rest), ".".join(rest)
    filtered = f"{url}?{dotted}.mark__startswith=mark"
    is_open = _leads(model, target, rest)
    yield Asked("GET", filtered, None, lists, is_open)
    summed = f"{url}aggregate/?{dotted}.mark__startswith=mark"
    yield Asked("GET", summed, None, sums, is_open)
    included, shows = model.includes(steps), [target, *_targets(target, rest)]
    yield Asked("GET", f"{url}?include={dotted}", None, lists, included, shows)
    row = {"mark": "new"}
    yield Asked("POST", f"{url}?include={dotted}", row, creates, included)


def _links(model: Model, table: str, name: str) -> Iterator[Asked]:
    route = model.below(table, name, "link")
    yield Asked("PUT", f"/{table}/1/{name}/1", None, route, True)
    yield Asked("DELETE", f"/{table}/1/{name}/2", None, route, True)
    is_open = model.is_linked(table, name)
    ones: tuple[tuple[Operation, str, str, dict[str, Any]], ...] = (
        ("create", "POST", f"/{table}/", {"mark": "new"}),
        ("update", "PATCH", f"/{table}/1", {}),
        ("update", "PUT", f"/{table}/1", {}),
    )
    for operation, method, url, row in ones:
        body = {**row, name: [1]}
        yield Asked(method, url, body, _own(model, table, operation), is_open)
    many: tuple[tuple[Operation, str, dict[str, Any]], ...] = (
        ("bulk_create", "POST", {"mark": "new"}),
        ("bulk_update", "PATCH", {"id": 1}),
    )
    for operation, method, row in many:
        own = _own(model, table, operation)
        yield Asked(method, f"/{table}/bulk/", [{**row, name: [1]}], own, is_open)

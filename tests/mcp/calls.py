"""Requests of random routes, as calls of tools that ask the same."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from mcp.client import Client

from tests.access.two_worlds.draws import Draw
from tests.access.two_worlds.requests import Request, Route, draw_request, find_routes, kind_of
from tests.access.two_worlds.served import Told, Worlds
from tests.query.queries import LISTS

READS = ("list", "query", "read", "aggregate", "aggregate_query")
WRITES = (
    *("create", "change", "delete", "mass_patch", "mass_delete"),
    *("bulk_create", "bulk_patch", "bulk_delete", "batch"),
)
"""The kinds of requests that tools are for."""

Call = tuple[str, dict[str, Any]]

_LISTED = ("fields", "include", "measures", "group")
_RENAMED = {"q": "search"}
_OWN = ("or", "sort", "limit", "cursor", "having", "tz", "on_conflict")
_LEFT_OUT = ("count", "skip", "atomic", "include_of_writes")


def routes_of(worlds: Worlds, kinds: tuple[str, ...]) -> list[Route]:
    """The routes that are asked, of some kinds."""
    return [route for route in find_routes(worlds.app.openapi()) if kind_of(route) in kinds]


def draw_call(draw: Draw, routes: list[Route]) -> Call:
    """Draw a call of a tool that asks what one of some routes does."""
    while True:
        route = draw.random.choice(routes)
        call = as_call(draw_request(draw, route), kind_of(route), draw)
        if call is not None:
            return call


def as_call(request: Request, kind: str, draw: Draw) -> Call | None:
    """The call that asks what a request does; None where no tool does."""
    if kind == "batch":
        parts = [_as_part(part, draw) for part in request.body["requests"]]
        found = [part for part in parts if part is not None]
        return ("batch", {"requests": found}) if found else None
    path, _, query = request.url.partition("?")
    name, *rest = path.strip("/").split("/")
    resource = {"resource": name}
    if kind in READS:
        is_body = kind in ("query", "aggregate_query")
        shown = _arguments_of(request.body if is_body else _read_query(query))
        if kind == "read":
            kept = {n: v for n, v in shown.items() if n in ("fields", "include")}
            return ("read", {**resource, "key": _read_key(rest[0]), **kept}) if rest else None
        return "query" if "aggregate" not in kind else "aggregate", {**resource, **shown}
    return "write", {**resource, **_write(kind, rest, _read_query(query), request)}


def _write(
    kind: str, rest: list[str], query: Mapping[str, Any], request: Request
) -> dict[str, Any]:
    values = {} if request.body is None else {"values": request.body}
    match = {} if "if-match" not in request.headers else {"if_match": request.headers["if-match"]}
    filters = _arguments_of(query)
    key = {"key": _read_key(rest[0]) if rest else ""}
    if kind == "bulk_create":
        conflict = {n: v for n, v in query.items() if n == "on_conflict"}
        return {"operation": "create", **values, **conflict}
    return {
        "create": {"operation": "create", **values},
        "change": {"operation": "update", **key, **values, **match},
        "delete": {"operation": "delete", **key, **match},
        "mass_patch": {"operation": "update", **values, **filters},
        "mass_delete": {"operation": "delete", **filters},
        "bulk_patch": {"operation": "update", **values},
        "bulk_delete": {"operation": "delete", "keys": request.body},
    }[kind]


_OPERATIONS = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "update"}


def _as_part(made: Mapping[str, Any], draw: Draw) -> dict[str, Any] | None:
    path = made["path"].partition("?")[0]
    name, *rest = path.strip("/").split("/")
    if len(rest) > 1 or rest[:1] in (["bulk"], ["query"]):
        return None
    operation = _OPERATIONS.get(made["method"], "delete")
    if bool(rest) == (operation == "create") or (rest and not rest[0]):
        return None
    values = {"values": made["body"]} if operation in ("create", "update") else {}
    key = {"key": _read_key(rest[0])} if rest else {}
    return {"operation": operation, "resource": name, **key, **values}


def _read_key(segment: str) -> Any:
    parts = [unquote(part) for part in segment.split(",")]
    return parts if len(parts) > 1 else parts[0]


def _read_query(query: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        is_list = name.rpartition("__")[2] in LISTS
        if name in found and is_list:
            known = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*known, value]
        else:
            found[name] = value
    return found


def _arguments_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    filters = {}
    for name, value in parameters.items():
        if name in _LISTED:
            found[name] = value.split(",") if isinstance(value, str) else value
        elif name in _RENAMED:
            found[_RENAMED[name]] = value
        elif name in _OWN:
            found[name] = int(value) if name == "limit" else value
        elif name not in _LEFT_OUT:
            filters[name] = value
    return {**found, **({"filters": filters} if filters else {})}


async def tell(client: Client, call: Call) -> Told:
    """Call a tool, and tell what it has answered as an answer by HTTP is told."""
    tool, arguments = call
    result = await client.call_tool(tool, arguments)
    value = result.structured_content
    status = value.get("status", 422) if result.is_error else 200
    return Told(status, json.dumps(value).encode(), {})


def find_confirmation(told: Told) -> int | None:
    """The number that a dry run has told."""
    confirm: int | None = json.loads(told.body).get("confirm")
    return confirm

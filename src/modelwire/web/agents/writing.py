"""Tools that change rows. A write of many rows is a dry run first, until it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from .agent import Agent, Answer, tag_of
from .arguments import Batch, Part, Write
from .refusals import BadArguments, read_answer
from .requests import (
    HTTPRequest,
    conditions_of,
    headers_of,
    write_key,
    write_path,
    write_query,
)
from .served import Named
from .surface import Reply
from .trim import shorten

MOST_TRIED = 1_000
"""Maximum number of rows in the dry run of a mass write; beyond, only their number is told."""

_METHODS = {"create": "POST", "read": "GET", "update": "PATCH", "delete": "DELETE"}

_TRIED = "tx=rollback"

_HOW = "Nothing is stored yet. To do it, call again with the same arguments and confirm={}."

_COMBINATIONS = {
    "create": "`values`: an object for one row, an array for many",
    "update": "`key` and `values` for one row, an array of `values` with their keys for many, or "
    "`filters` and `values` for all rows that match",
    "delete": "`key` for one row, `keys` for many, or `filters` for all rows that match",
}

_OF_PARTS = {
    "create": "`values`",
    "read": "`key`",
    "update": "`key` and `values`",
    "delete": "`key`",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Write, as a request.

    Args:
        request: The request.
        rows: The number of its rows, where there may be many; None for a mass write, whose filters
            decide.
        is_of_many: Whether it may affect many rows.
    """

    request: HTTPRequest
    rows: int | None = None
    is_of_many: bool = True


async def write(agent: Agent, arguments: Write) -> Answer:
    """Write one row, or many."""
    named = agent.served.find(arguments.resource)
    change = _plan(named, arguments)
    sent = [
        ("If-Match", arguments.if_match),
        ("Idempotency-Key", arguments.idempotency_key),
    ]
    request = replace(change.request, headers=headers_of(sent))
    if not change.is_of_many:
        _refuse_confirmation(arguments)
        reply = await agent.send(_prefer(request, _TRIED) if arguments.dry_run else request)
        return shorten(_show(reply, tried=arguments.dry_run), agent.max_answer_bytes)
    return await _write_many(agent, replace(change, request=request), arguments)


async def batch(agent: Agent, arguments: Batch) -> Answer:
    """Carry out several requests, all or none."""
    path = agent.served.batch
    if path is None:
        raise BadArguments("There are no batches in this application")
    body = {"requests": [_write_part(agent, part) for part in arguments.requests]}
    request = HTTPRequest(
        "POST", path, body, headers_of([("Idempotency-Key", arguments.idempotency_key)])
    )
    count, is_told = len(arguments.requests), arguments.confirm
    if is_told is UNSET and any(part.operation != "read" for part in arguments.requests):
        reply = await agent.send(_prefer(request, _TRIED))
        return shorten(_show(reply, tried=True, confirm=count), agent.max_answer_bytes)
    _check_count(is_told if is_told is not UNSET else count, count, "requests")
    return shorten(_show(await agent.send(request)), agent.max_answer_bytes)


async def _write_many(agent: Agent, change: Change, arguments: Write) -> Answer:
    told = arguments.confirm
    limit = [] if change.rows is not None else [f"max-affected={_most(told)}"]
    if told is UNSET or arguments.dry_run:
        reply = await agent.send(_prefer(change.request, _TRIED, *limit))
        answer = read_answer(reply)
        count = change.rows if change.rows is not None else answer["affected"]
        return shorten(_show(reply, tried=True, confirm=count), agent.max_answer_bytes)
    if change.rows is not None:
        _check_count(told, change.rows, "rows")
    request = _prefer(change.request, *limit) if limit else change.request
    return shorten(_show(await agent.send(request)), agent.max_answer_bytes)


def _most(told: object) -> int:
    if not isinstance(told, int):
        return MOST_TRIED
    if told < 0:
        raise BadArguments("confirm: should be the number from the dry run")
    return told


def _check_count(told: int, count: int, noun: str) -> None:
    if told != count:
        raise BadArguments(
            f"confirm: these are {count} {noun}, not {told}; leave it out to see what would be done"
        )


def _refuse_confirmation(arguments: Write) -> None:
    if arguments.confirm not in (UNSET, 1):
        raise BadArguments("confirm: this is about one row; leave it out")


def _prefer(request: HTTPRequest, *preferences: str) -> HTTPRequest:
    header = (b"prefer", ", ".join(preferences).encode())
    return replace(request, headers=[*request.headers, header])


def _show(reply: Reply, *, tried: bool = False, confirm: int | None = None) -> Answer:
    """Return the answer to a write.

    Raises:
        Refusal: The write was refused.
    """
    value = read_answer(reply)
    shown: dict[str, Any] = {"status": reply.status}
    if isinstance(value, list):
        shown["items"] = value
    elif isinstance(value, dict) and value.keys() & {"responses", "affected", "items"}:
        shown |= value
    elif value is not None:
        shown["item"] = value
    if not tried:
        return {**shown, **tag_of(reply)}
    told = {} if confirm is None else {"confirm": confirm, "how": _HOW.format(confirm)}
    return {"dry_run": True, **told, **shown}


def _plan(named: Named, arguments: Write) -> Change:
    """Plan the request of a write.

    Raises:
        BadArguments: The arguments can't be combined.
    """
    method, parts = _METHODS[arguments.operation], _parts_of(arguments)
    values, rows = parts.get("values"), parts.get("rows")
    bulk, conditions = f"{named.path}/bulk/", parts.get("filters", {})
    match arguments.operation, "+".join(sorted(parts)):
        case "create", "values":
            return Change(HTTPRequest(method, f"{named.path}/", values), is_of_many=False)
        case "create", "on_conflict+rows":
            query = write_query({"on_conflict": parts["on_conflict"]})
            return Change(HTTPRequest(method, bulk + query, rows), len(parts["rows"]))
        case "create" | "update", "rows":
            return Change(HTTPRequest(method, bulk, rows), len(parts["rows"]))
        case ("update", "key+values") | ("delete", "key"):
            path = write_path(named, parts["key"])
            return Change(HTTPRequest(method, path, values), is_of_many=False)
        case "delete", "keys":
            keys = [write_key(named, key) for key in parts["keys"]]
            return Change(HTTPRequest(method, bulk, keys), len(keys))
        case ("update", "filters+values") | ("delete", "filters"):
            query = write_query(conditions)
            return Change(HTTPRequest(method, f"{named.path}/{query}", values))
    raise BadArguments(f"{arguments.operation} takes {_COMBINATIONS[arguments.operation]}")


def _parts_of(arguments: Write) -> Mapping[str, Any]:
    """Return the arguments that say what to write, and that select rows."""
    values, conditions = arguments.values, conditions_of(arguments)
    found = {
        "key": arguments.key,
        "keys": arguments.keys,
        "rows" if isinstance(values, list) else "values": values,
        "filters": conditions or UNSET,
        "on_conflict": arguments.on_conflict,
    }
    return {name: value for name, value in found.items() if value is not UNSET}


def _write_part(agent: Agent, part: Part) -> Mapping[str, Any]:
    """Write a request of a batch.

    Raises:
        BadArguments: The arguments can't be combined.
    """
    named = agent.served.find(part.resource)
    needs_key, takes_values = part.operation != "create", part.operation in ("create", "update")
    if (part.key is not UNSET) != needs_key or (part.values is not UNSET) != takes_values:
        raise BadArguments(f"requests: {part.operation} takes {_OF_PARTS[part.operation]}")
    key = part.key
    path = f"{named.path}/" if key is UNSET else write_path(named, key, refers=True)
    values = {} if part.values is UNSET else {"body": part.values}
    headers = {} if part.if_match is UNSET else {"headers": {"If-Match": part.if_match}}
    return {"method": _METHODS[part.operation], "path": path, **values, **headers}

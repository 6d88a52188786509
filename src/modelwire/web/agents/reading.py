"""Tools that only read."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from .agent import Agent, Answer, tag_of
from .arguments import Aggregate, DescribeResource, History, ListResources, Query, Read
from .refusals import BadArguments, read_answer
from .requests import HTTPRequest, conditions_of, given, write_path, write_query
from .served import RESOURCES
from .trim import Page, count_fitting, fit_page, shorten


async def list_resources(agent: Agent, arguments: ListResources) -> Answer:
    """List the resources."""
    page = await agent.ask(HTTPRequest("GET", agent.served.path + RESOURCES))
    return _cut(page["resources"], "resources", _read_number(arguments.cursor), agent)


async def describe_resource(agent: Agent, arguments: DescribeResource) -> Answer:
    """Describe a resource, with the rights of its caller."""
    named = agent.served.find(arguments.resource)
    path = agent.served.path + RESOURCES + write_query({"name": named.name})
    return shorten(await agent.ask(HTTPRequest("GET", path)), agent.max_answer_bytes)


async def query(agent: Agent, arguments: Query) -> Answer:
    """Return a page of rows."""
    named = agent.served.find(arguments.resource)
    wanted = {
        **conditions_of(arguments),
        **given(
            ("sort", arguments.sort),
            ("fields", arguments.fields),
            ("include", arguments.include),
            ("limit", arguments.limit),
        ),
        "cursor": "" if arguments.cursor is UNSET else arguments.cursor,
    }

    async def ask(limit: int | None) -> Page:
        body = wanted if limit is None else {**wanted, "limit": limit}
        return _show_page(await agent.ask(HTTPRequest("POST", f"{named.path}/query", body)))

    return await fit_page(ask, agent.max_answer_bytes)


async def read(agent: Agent, arguments: Read) -> Answer:
    """Return one row."""
    shown = given(("fields", arguments.fields), ("include", arguments.include))
    path = write_path(agent.served.find(arguments.resource), arguments.key)
    listed = {name: ",".join(names) for name, names in shown.items()}
    reply = await agent.send(HTTPRequest("GET", path + write_query(listed)))
    item = {"item": read_answer(reply), **tag_of(reply)}
    return shorten(item, agent.max_answer_bytes)


async def aggregate(agent: Agent, arguments: Aggregate) -> Answer:
    """Return a page of groups with their measures."""
    named = agent.served.find(arguments.resource)
    skip = _read_number(arguments.cursor)
    wanted = {
        **conditions_of(arguments),
        **given(
            ("measures", arguments.measures),
            ("group", arguments.group),
            ("having", arguments.having),
            ("sort", arguments.sort),
            ("tz", arguments.tz),
            ("limit", arguments.limit),
        ),
        "skip": skip,
    }
    page = await agent.ask(HTTPRequest("POST", f"{named.path}/aggregate/query", wanted))
    return _cut(page["items"], "items", 0, agent, start=skip, more=page["more"])


async def history(agent: Agent, arguments: History) -> Answer:
    """Return a page of the changes of a row."""
    named = agent.served.find(arguments.resource)
    if not named.keeps_history:
        raise BadArguments(f"`{named.name}` keeps no history")
    path = f"{write_path(named, arguments.key)}/history/"
    wanted = {
        **given(("limit", arguments.limit)),
        "cursor": "" if arguments.cursor is UNSET else arguments.cursor,
    }

    async def ask(limit: int | None) -> Page:
        parameters = wanted if limit is None else {**wanted, "limit": limit}
        return _show_page(await agent.ask(HTTPRequest("GET", path + write_query(parameters))))

    return await fit_page(ask, agent.max_answer_bytes)


def _show_page(page: Page) -> Page:
    return {"items": page["items"], "next": page["next"]}


def _cut(
    items: list[Any],
    name: str,
    skip: int,
    agent: Agent,
    *,
    start: int = 0,
    more: bool = False,
) -> Page:
    """Return as many of some items as fit, and the cursor of the rest.

    Args:
        items: The items.
        name: Their name in the page.
        skip: The number of items that earlier pages had.
        agent: The caller.
        start: The number of items before the first of these.
        more: Whether more items follow after these.
    """
    left = items[skip:]
    shown = left[: count_fitting(left, agent.max_answer_bytes)]
    end = start + skip + len(shown)
    is_last = len(shown) == len(left) and not more
    page = {name: shown, "next": None if is_last else str(end)}
    return shorten(page, agent.max_answer_bytes)


def _read_number(cursor: str | UnsetType) -> int:
    if cursor is UNSET or cursor == "":
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise BadArguments("cursor: should be `next` of the page before")
    return int(cursor)

"""Tools: eight at most, however many resources there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import arguments as given
from . import reading, writing
from .agent import Agent, Answer
from .served import Served


@dataclass(frozen=True, slots=True)
class Tool:
    """Tool.

    Args:
        name: Its name.
        description: Its description for agents.
        arguments: The class of its arguments.
        run: Carries it out.
        changes: Whether it may change rows.
    """

    name: str
    description: str
    arguments: type[given.Arguments]
    run: Callable[[Agent, Any], Awaitable[Answer]]
    changes: bool = False


_READING = (
    Tool(
        "list_resources",
        "List the resources (tables), and for how many rows you may read, create, update, delete: "
        "all, some (a policy decides by row) or none.",
        given.ListResources,
        reading.list_resources,
    ),
    Tool(
        "describe_resource",
        "Describe a resource: fields with types, key, operators of filters, relations, your "
        "rights. Call it before you first use a resource.",
        given.DescribeResource,
        reading.describe_resource,
    ),
    Tool(
        "query",
        "List rows that match. `next` is the cursor of the next page, null on the last one. What "
        "is too long is cut and listed in `shortened`.",
        given.Query,
        reading.query,
    ),
    Tool("read", "Read one row by its key, with its etag.", given.Read, reading.read),
    Tool(
        "aggregate",
        "Count rows and add them up by groups. Use it to count: query tells no totals.",
        given.Aggregate,
        reading.aggregate,
    ),
)

_WRITE = Tool(
    "write",
    "Create, update or delete. One row: values (and key). Many: an array of values, keys, or all "
    "rows that match filters; that is a dry run first, which tells what it would do and the number "
    "to confirm.",
    given.Write,
    writing.write,
    changes=True,
)

_BATCH = Tool(
    "batch",
    'Several requests in one transaction, all or none. {"$ref": "0.id"} in values, or "{0.id}" as '
    "key, stands for a value of the answer to request 0. A dry run first, like write of many.",
    given.Batch,
    writing.batch,
    changes=True,
)

_HISTORY = Tool(
    "history",
    "The changes of a row, newest first: when, by whom, old and new values.",
    given.History,
    reading.history,
)


def list_tools(served: Served) -> Sequence[Tool]:
    """Return the tools that the resources support."""
    batch = () if served.batch is None else (_BATCH,)
    history = (_HISTORY,) if served.keeps_history else ()
    return (*_READING, _WRITE, *batch, *history)

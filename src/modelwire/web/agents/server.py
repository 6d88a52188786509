"""Tools as a server of the official SDK of the Model Context Protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from .agent import Agent
from .arguments import read_arguments, schema_of
from .refusals import Refusal
from .served import Served
from .surface import Surface
from .tools import Tool as Described
from .tools import list_tools
from .trim import shorten, write

logger = logging.getLogger("modelwire")

INSTRUCTIONS = (
    "The rows of an application, with the rights of the caller. Begin with list_resources, and "
    "describe_resource before you use one. Refusals are problem documents: `errors` says which "
    "argument or value is wrong, by its name or its place in values."
)

Context = ServerRequestContext[Any, Any]

FindSurface = Callable[[Context], Surface]
"""Function that returns the application as the sender of a message may use it."""


def make_server(
    served: Served, find_surface: FindSurface, *, name: str, version: str, max_answer_bytes: int
) -> Server[Any]:
    """Make the server.

    Args:
        served: The resources.
        find_surface: Returns the application as the sender of a message may use it.
        name: The name of the application.
        version: Its version.
        max_answer_bytes: The maximum size of a tool's answer, in bytes.
    """

    def find(name: str) -> Described | None:
        return next((tool for tool in list_tools(served) if tool.name == name), None)

    def find_schema(name: str) -> dict[str, Any] | None:
        tool = find(name)
        return None if tool is None else schema_of(tool.arguments)

    async def on_list_tools(
        _context: Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[_show(tool) for tool in list_tools(served)])

    async def on_call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = find(params.name)
        if tool is None:
            names = ", ".join(t.name for t in list_tools(served))
            raise MCPError(INVALID_PARAMS, f"There is no tool {params.name}; there are {names}")
        agent = Agent(served, find_surface(context), max_answer_bytes)
        return await _call(tool, agent, params.arguments or {})

    return Server(
        name,
        version=version,
        instructions=INSTRUCTIONS,
        get_tool_input_schema=find_schema,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )


def _show(tool: Described) -> Tool:
    hints = ToolAnnotations(read_only_hint=True) if not tool.changes else None
    return Tool(
        name=tool.name,
        description=tool.description,
        input_schema=schema_of(tool.arguments),
        annotations=hints,
    )


async def _call(tool: Described, agent: Agent, given: dict[str, Any]) -> CallToolResult:
    try:
        return _answer(await tool.run(agent, read_arguments(tool.arguments, given)))
    except Refusal as refusal:
        problem = shorten(dict(refusal.problem), agent.max_answer_bytes)
        return _answer(problem, is_error=True)
    except Exception:
        logger.exception("The tool %s failed", tool.name)
        problem = {"code": "unexpected_error", "detail": "Unexpected error"}
        return _answer(problem, is_error=True)


def _answer(value: dict[str, Any], *, is_error: bool = False) -> CallToolResult:
    text = TextContent(text=write(value))
    return CallToolResult(content=[text], structured_content=value, is_error=is_error)

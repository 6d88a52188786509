"""Agents, as tests call tools by them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2
from fastapi import FastAPI
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent


class Called(NamedTuple):
    """Result of a tool.

    Args:
        is_error: Whether the tool has refused.
        value: The content.
    """

    is_error: bool
    value: dict[str, Any]


@dataclass(frozen=True)
class Agent:
    """Calls tools of an application in this process, each over a connection of its own.

    Args:
        app: The application.
        headers: Those that say who asks.
        path: Where agents are served.
        mode: Which protocol is spoken: `auto` is the newest one, `legacy` that with sessions.
        root_path: What a proxy has taken off the path.
    """

    app: FastAPI
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/mcp"
    mode: str = "auto"
    root_path: str = ""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        """Connect a client of the SDK."""
        transport = httpx2.ASGITransport(
            app=self.app, raise_app_exceptions=False, root_path=self.root_path
        )
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://test", headers=self.headers, timeout=60
        ) as http:
            url = f"http://test{self.root_path}{self.path}"
            connection = streamable_http_client(url, http_client=http)
            async with Client(connection, mode=self.mode) as client:
                yield client

    async def call(self, tool: str, **arguments: Any) -> Called:
        """Call a tool, whichever way it goes."""
        arguments = {name.rstrip("_"): value for name, value in arguments.items()}
        async with self.connect() as client:
            return read_result(await client.call_tool(tool, arguments))

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that is to succeed."""
        is_error, value = await self.call(tool, **arguments)
        assert not is_error, value
        return value

    async def refuse(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that is to refuse; its problem."""
        is_error, value = await self.call(tool, **arguments)
        assert is_error, value
        return value

    async def list_tools(self) -> list[dict[str, Any]]:
        """The tools, as they are listed."""
        async with self.connect() as client:
            listed = await client.list_tools()
        dumped = listed.model_dump(mode="json", by_alias=True, exclude_none=True)
        tools: list[dict[str, Any]] = dumped["tools"]
        return tools


def read_result(result: CallToolResult) -> Called:
    """Read what a tool has answered, which it says as text too."""
    value = result.structured_content
    assert isinstance(result.content[0], TextContent)
    assert json.loads(result.content[0].text) == value
    return Called(result.is_error, value)

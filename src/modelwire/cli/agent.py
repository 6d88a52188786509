"""Server of an application's tools for the agent that has started this process (stdio)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from fastapi import FastAPI
from mcp.server.stdio import stdio_server

from ..errors import ConfigurationError
from ..web.agents.mounting import Agents
from ..web.agents.options import Mcp
from ..web.agents.server import Context
from ..web.agents.surface import Surface
from ..web.service import find_service
from .extra import serve_all, service_of

TOKEN = "MODELWIRE_TOKEN"  # noqa: S105 - the name of an environment variable

_ALONE = "/agents-of-this-process"
"""Path of agents that the application doesn't serve itself; nothing listens there."""


def read_headers(given: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Read the headers that identify the caller: those given, or the token of the environment.

    Args:
        given: Each as in `Authorization: Bearer …`.

    Raises:
        ConfigurationError: One of them is malformed.
    """
    headers = [_read_header(text) for text in given]
    token = os.environ.get(TOKEN)
    if token and not any(name.lower() == "authorization" for name, _ in headers):
        headers.append(_read_header(f"Authorization: Bearer {token}"))
    return headers


def _read_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    is_name = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    if not colon or not is_name or not (value.isascii() and value.isprintable()):
        # It may be a secret, so it is not shown.
        raise ConfigurationError("--header should be a name and a value, as in 'X-Caller: 7'")
    return name.strip(), value.strip()


def find_agents(app: FastAPI, path: str | None = None) -> Agents:
    """Find what an application serves to agents; all of its resources, if it serves none itself.

    Args:
        app: The application.
        path: The path at which it serves agents, if there are several.

    Raises:
        ConfigurationError: It has no resources, or serves no agents at the path.
    """
    service = service_of(app)
    known = service.agents
    if path is None and len(known) > 1:
        raise ConfigurationError(f"--path should be one of {', '.join(known)}")
    if path is not None and path not in known:
        there = ", ".join(known) or "none"
        raise ConfigurationError(f"--path {path}: agents are served at {there}")
    if known:
        return known[path or next(iter(known))]
    serve_all(app, service, mcp=Mcp(path=_ALONE))
    return service.agents[_ALONE]


def serve_agent(app: FastAPI, agents: Agents, headers: Sequence[tuple[str, str]]) -> None:
    """Answer messages on standard input until it ends.

    Args:
        app: The application, which is started for it.
        agents: The agents to serve.
        headers: Headers that identify the caller.
    """
    surface = Surface.alone(app, _name_host(app), headers)

    def find_surface(_context: Context) -> Surface:
        return surface

    server = agents.make_server(find_surface)

    async def run() -> None:
        async with (
            app.router.lifespan_context(app),
            stdio_server() as (received, sent),
        ):
            await server.run(received, sent, server.create_initialization_options())

    asyncio.run(run())


def _name_host(app: FastAPI) -> str:
    """Return a host name that the application accepts."""
    service = find_service(app)
    name = "*" if service is None else service.database.settings.allowed_hosts[0]
    return "localhost" if name == "*" else name.replace("*", "agent")

"""Routes for agents at one path of an application."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from mcp.server.lowlevel import Server
from starlette.types import Scope

from ..extra_route import ExtraRoute
from .describe import Descriptions
from .exchange import Exchanges, allow
from .metadata import WELL_KNOWN, ProtectedResource
from .options import Mcp
from .served import ACCESS, RESOURCES, Served
from .server import Context, FindSurface, make_server
from .surface import Surface


class Agents:
    """Tools for agents at one path.

    Args:
        app: The application.
        served: The resources, and the path.
        options: The options of `Mcp`.
        find_origins: Returns the origins whose pages may use the application.
        has_callers: Whether the application identifies callers, by tokens or otherwise.

    Attributes:
        options: The same.
        served: The resources.
        descriptions: The endpoint that describes them.
        protected: The source of tokens; None where the application requires none.
        exchanges: The endpoint of messages.
    """

    def __init__(
        self,
        app: FastAPI,
        served: Served,
        options: Mcp,
        find_origins: Callable[[], Sequence[str]],
        *,
        has_callers: bool,
    ) -> None:
        self.options = options
        self.served = served
        self.descriptions = Descriptions(served)
        self.protected = ProtectedResource(served.path, options) if has_callers else None

        self._app = app

        def find_surface(context: Context) -> Surface:
            return Surface.behind(app, scope_of(context))

        server = self.make_server(find_surface)
        self.exchanges = Exchanges(app, server, served, find_origins, self.protected)

    def make_server(self, find_surface: FindSurface) -> Server[Any]:
        """Make a server of the tools.

        Args:
            find_surface: Returns the application as the sender of a message may use it.
        """
        return make_server(
            self.served,
            find_surface,
            name=self._app.title,
            version=self._app.version,
            max_answer_bytes=self.options.max_answer_bytes,
        )

    def list_routes(self) -> Iterator[ExtraRoute]:
        """Yield the routes for agents."""
        path = self.served.path
        yield ExtraRoute("GET", path + RESOURCES, self.descriptions.answer, is_guarded=True)
        yield ExtraRoute("GET", path + ACCESS, allow, is_guarded=True)
        takes = {"takes_body": True, "takes_scope": True}
        yield ExtraRoute("POST", path, self.exchanges.answer, takes=takes)
        if self.protected is not None:
            tell, takes = self.protected.answer, {"takes_scope": True}
            yield ExtraRoute("GET", WELL_KNOWN + path, tell, takes=takes)
            yield ExtraRoute("GET", WELL_KNOWN, tell, is_shared=True, takes=takes)


def scope_of(context: Context) -> Scope:
    """Return the scope of the request that carries a message."""
    scope: Scope = context.request.scope  # type: ignore[union-attr] # the SDK's transport adds it
    return scope

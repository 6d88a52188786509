"""The shortcut of requests for resources, past what FastAPI does for endpoints in general."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import RequestError
from .dispatch import Dispatcher
from .route import PATH_MATCH, RAISED, Endpoint

_TELEMETRY = "fastapi.telemetry"
"""Where FastAPI has what it records of a request, which it learns on the whole way."""


def take_shortcuts(app: FastAPI) -> None:
    """Lead the requests for resources past an application's layers where nothing is lost by that.

    FastAPI's layers answer errors, limit bodies and close what dependencies have opened; the
    endpoints of resources do the first two themselves and open nothing. Whatever the application
    adds to them, such as middleware, is never passed by.

    Args:
        app: The application.
    """
    build = app.build_middleware_stack
    if getattr(build, "__func__", None) is not FastAPI.build_middleware_stack:
        return  # this was done before, or somebody builds other layers

    def build_with_shortcut() -> ASGIApp:
        layers = build()
        limit = getattr(app, "max_body_size", None)  # FastAPI before 0.160 has none
        dispatchers = [route for route in app.router.routes if isinstance(route, Dispatcher)]
        if app.user_middleware or limit is not None:
            return layers
        return Shortcut(app, layers, dispatchers[-1])

    app.build_middleware_stack = build_with_shortcut  # type: ignore[method-assign]


class Shortcut:
    """Calls the endpoints of resources itself; all other requests go the whole way.

    Args:
        app: The application.
        layers: What FastAPI leads requests through, with the router within.
        last: The last of its dispatchers: no resource is found behind it.
    """

    def __init__(self, app: FastAPI, layers: ASGIApp, last: Dispatcher) -> None:
        self.app = layers
        self._application = app
        self._last = last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        endpoint = self._find(scope) if scope["type"] == "http" else None
        if endpoint is None:
            await self.app(scope, receive, send)
            return
        try:
            response = await endpoint.respond(scope, receive)
        except RequestError as error:
            # The application has a handler for it, which is found on the whole way.
            scope[RAISED] = error
            await self.app(scope, receive, send)
            return
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> Endpoint | None:
        """Find the endpoint of a resource as the router would; None where another way is due."""
        if _TELEMETRY in scope:
            return None
        for candidate in self._application.router.routes:
            if isinstance(candidate, Dispatcher):
                found = candidate.find(scope)
                if found is not None:
                    break
                if candidate is self._last:
                    return None
            elif candidate.matches(scope)[0] is not Match.NONE:
                return None
        else:
            return None
        routes, scope[PATH_MATCH] = found
        route = routes.get(scope["method"])
        if route is None or not route.is_direct(self._application):
            return None
        scope["route"], scope["endpoint"] = route, route.endpoint
        return route.endpoint

"""Position of a client's writes, by which replicas know what it has seen."""

from __future__ import annotations

from collections.abc import MutableMapping
from http.cookies import SimpleCookie
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import RequestError
from ..execute.database import Database
from ..execute.replicas.replicas import Replicas
from ..request.freshness import COOKIE, LATEST, POSITION, write_position

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Positions:
    """Middleware that adds the primary's position to responses.

    It does so for requests that may have written, and for reads whose client keeps a position.

    Args:
        app: The application.
        replicas: The replicas of the database.
        cookies: Whether browsers keep the position in a cookie.
    """

    def __init__(self, app: ASGIApp, replicas: Replicas[Database], *, cookies: bool) -> None:
        self.app = app
        self._replicas = replicas
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._add(scope, message)
            await send(message)

        await self.app(scope, receive, tell)

    async def _add(self, scope: Scope, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(raw=message.setdefault("headers", []))
        position = headers.get(POSITION)
        if position is None and self._is_asked(scope):
            position = headers[POSITION] = await self._find()
        if position is not None and self._cookies:
            headers.append("set-cookie", _write_cookie(position, scope))

    def _is_asked(self, scope: Scope) -> bool:
        """Whether a request may have written, or its client keeps a position."""
        if getattr(scope.get("route"), "reads_only", False) or scope["method"] in _SAFE:
            return self._cookies or any(
                name == b"modelwire-position" for name, _ in scope["headers"]
            )
        return True

    async def _find(self) -> str:
        try:
            return write_position(await self._replicas.position())
        except RequestError:
            return LATEST


def _write_cookie(position: str, scope: Scope) -> str:
    cookie = SimpleCookie({COOKIE: position})
    morsel = cookie[COOKIE]
    morsel["path"] = scope.get("root_path", "") or "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    if scope.get("scheme") == "https":
        morsel["secure"] = True
    return morsel.OutputString()

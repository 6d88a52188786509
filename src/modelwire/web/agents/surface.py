"""HTTP surface of the application, called within this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import anyio
from starlette.types import ASGIApp, Message, Scope

from ...request.freshness import LATEST, POSITION
from ..inner_requests import share_scope
from ..observing import EXCHANGE

logger = logging.getLogger("modelwire")

_UNDO_S = 5.0
"""Seconds that an abandoned request has to undo its work."""

_OF_THE_MESSAGE = frozenset(
    (
        *("accept", "accept-encoding", "connection", "expect", "idempotency-key", "if-match"),
        *("if-modified-since", "if-none-match", "if-unmodified-since", "last-event-id", "prefer"),
        *("range", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)
"""Headers about a message of the protocol, rather than about its sender."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """Response of the application.

    Args:
        status: The status.
        headers: The headers, names in lower case.
        body: The body.
    """

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, or None."""
        found = next((value for given, value in self.headers if given == name), None)
        return None if found is None else found.decode("latin-1")


class Surface:
    """Client of an application within its process, which passes through all of its middleware.

    Args:
        app: The application.
        shared: The keys of a scope that describe the caller and the connection.
        headers: The headers of the caller.
    """

    def __init__(self, app: ASGIApp, shared: Mapping[str, Any], headers: Headers) -> None:
        self._app = app
        self._shared = shared
        is_placed = any(name == _LATEST[0] for name, _ in headers)
        self._headers = headers if is_placed else [*headers, _LATEST]

    @classmethod
    def behind(cls, app: ASGIApp, scope: Scope) -> Surface:
        """Return the surface for the sender of a request.

        Args:
            app: The application.
            scope: The request, whose headers identify the caller.
        """
        headers = [h for h in scope["headers"] if not _is_of_message(h[0].decode("latin-1"))]
        exchange = scope.get(EXCHANGE)
        if exchange is not None:
            headers = [h for h in headers if h[0] != b"x-request-id"]
            headers.append((b"x-request-id", exchange.request_id.encode()))
        return cls(app, share_scope(scope), headers)

    @classmethod
    def alone(cls, app: ASGIApp, host: str, headers: Iterable[tuple[str, str]]) -> Surface:
        """Return the surface for a caller that is not on the network.

        Args:
            app: The application.
            host: A host name that it answers to.
            headers: The headers that identify the caller.
        """
        given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        return cls(app, _ALONE, [(b"host", host.encode()), *given])

    async def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Headers = ()
    ) -> Reply:
        """Send a request to the application.

        Args:
            method: The method.
            path: The path and the query, percent-encoded.
            body: The JSON body, if any.
            headers: Headers in addition to those of the caller.

        Returns:
            The response.
        """
        exchange = InProcess(body or b"")
        scope = self._scope_of(method, path, body, headers)
        # In a task of its own: cancelling the caller cancels it once, and leaves it time to roll
        # back.
        task = asyncio.ensure_future(_run(self._app, scope, exchange))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([task], timeout=_UNDO_S)
            raise
        return Reply(exchange.status, exchange.headers, b"".join(exchange.parts))

    def _scope_of(
        self, method: str, path: str, body: bytes | None, headers: Headers
    ) -> dict[str, Any]:
        raw, _, query = path.partition("?")
        root = self._shared.get("root_path", "").rstrip("/")
        content = [] if body is None else [(b"content-type", b"application/json")]
        length = [] if body is None else [(b"content-length", str(len(body)).encode())]
        state = self._shared.get("state")
        return {
            **self._shared,
            **({} if state is None else {"state": dict(state)}),
            "method": method,
            "path": root + unquote(raw),
            "raw_path": (quote(root) + raw).encode(),
            "query_string": query.encode(),
            "headers": [*self._headers, _ACCEPT, *content, *length, *headers],
        }


_ACCEPT = (b"accept", b"application/json")

_LATEST = (POSITION.lower().encode(), LATEST.encode())
"""Header that requires the latest rows.

An agent keeps no position between messages, so a replica could not be told which writes the agent
has seen.
"""

_ALONE: Mapping[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "scheme": "http",
    "server": ("localhost", None),
    "client": None,
    "root_path": "",
}


def _is_of_message(name: str) -> bool:
    return name.startswith(("content-", "mcp-")) or name in _OF_THE_MESSAGE


class InProcess:
    """Both ends of a request that is not on the network."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: Headers = ()
        self.parts: list[bytes] = []
        self._body: bytes | None = body
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        """Return the body, and once the response is no longer awaited, the disconnect."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Keep a part of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.lower(), value) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))

    def leave(self) -> None:
        """Signal that the response is no longer awaited."""
        self._gone.set()


async def _run(app: ASGIApp, scope: Scope, exchange: InProcess) -> None:
    try:
        await app(scope, exchange.receive, exchange.send)
    except Exception:
        # The exception of a request that was answered 500 is raised again, for the server's log.
        if not exchange.status:
            raise
        logger.exception("%s %s, requested by an agent, failed", scope["method"], scope["path"])
    finally:
        exchange.leave()

"""In-process requests of commands to an application, equivalent to those of clients over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.requests import ClientDisconnect

from ..catalog.names import join_words
from ..errors import ConfigurationError, RequestError
from ..execute.database import Database
from ..execute.hooks.committed import wait_for_hooks
from ..execute.tables import find_missing_tables
from ..execute.url import show_url
from ..web.service import Service, find_service
from .ask import Failed
from .reason import reason_of
from .target import BadTarget, naming_mistakes

Header = tuple[bytes, bytes]

Take = Callable[[bytes], None]
"""Receiver of the parts of a body."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Response of an application.

    Args:
        status: The status.
        body: The body; empty where it was received part by part.
    """

    status: int
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the request has succeeded."""
        return 200 <= self.status < 300

    @property
    def document(self) -> Mapping[str, Any]:
        """The body, if it is a JSON object; empty otherwise."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.DecodeError:
            return {}

    @property
    def reason(self) -> str:
        """Reason for the refusal, in a line."""
        detail = self.document.get("detail") or self.document.get("title") or ""
        return f"{self.status} {detail}".strip()


@dataclass(slots=True)
class _Exchange:
    """Request and its response."""

    body: bytes
    take: Take | None
    status: int = 0
    is_whole: bool = False
    parts: list[bytes] = field(default_factory=list)
    failure: Exception | None = None
    _is_sent: bool = False

    async def receive(self) -> dict[str, Any]:
        if self._is_sent:
            # The client stays until the response is complete; a watcher of disconnects is cancelled
            # then.
            await asyncio.Event().wait()
        self._is_sent = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self._add(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)

    def _add(self, part: bytes) -> None:
        if self.take is None or not 200 <= self.status < 300:
            self.parts.append(part)
            return
        try:
            self.take(part)
        except Exception as exc:
            # The application takes that for a client that has gone, and no error of its own.
            self.failure = exc
            raise ClientDisconnect from None


class Inside:
    """Application that is called in this process, without a server and without a network.

    A request goes through everything that one over HTTP goes through: middleware, the caller,
    guards, policies, limits. A part of a response is received before the next one is made.

    Args:
        app: The application.
        service: Its part of modelwire.
        headers: Headers of every request beside its own: those of the caller.
        state: The state that the lifespan of the application has yielded.
    """

    def __init__(
        self,
        app: FastAPI,
        service: Service,
        headers: Sequence[Header],
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self.app = app
        self.service = service
        self._headers = [(b"host", _host_of(service)), (b"user-agent", b"modelwire"), *headers]
        self._state = state or {}

    @property
    def database(self) -> Database:
        """Database of the application."""
        return self.service.database

    async def ask(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        headers: Sequence[Header] = (),
        body: bytes = b"",
        take: Take | None = None,
    ) -> Reply:
        """Send a request to the application.

        Args:
            method: The method.
            path: The path, which needs no percent-encoding.
            query: The query, encoded.
            headers: Headers of this request.
            body: The body, JSON.
            take: Receives the parts of the body, if the request succeeds.

        Returns:
            The response.

        Raises:
            Failed: There is none, or it is incomplete.
        """
        exchange = _Exchange(body, take)
        scope = self._scope_of(method, path, query, [*headers, *_describe(body)])
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as exc:
            if exchange.failure is None and not exchange.is_whole:
                raise Failed(f"{method} {path} was broken off: {type(exc).__name__}") from exc
        if exchange.failure is not None:
            raise exchange.failure
        if not exchange.is_whole:
            raise Failed(f"{method} {path} was broken off")
        return Reply(exchange.status, b"".join(exchange.parts))

    def _scope_of(
        self, method: str, path: str, query: str, headers: Sequence[Header]
    ) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [*self._headers, *headers],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 443),
            "state": dict(self._state),
        }


@asynccontextmanager
async def opening(
    app: FastAPI, headers: Sequence[Header] = (), *, creates: bool = True
) -> AsyncIterator[Inside]:
    """Run the start-up of an application before the block, and its shutdown after it.

    Args:
        app: The application.
        headers: Headers of every request beside its own: those of the caller.
        creates: Whether a missing SQLite database may be created.

    Yields:
        The application.

    Raises:
        ConfigurationError: It has no resources, or no database.
        Failed: Its database can't be used, or its start-up fails.
    """
    service = find_service(app)
    if service is None:
        raise ConfigurationError("The application has no resources: nothing is mounted on it")
    database = service.database
    if not creates:
        _check_file(database)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close_db)
        with _explaining(database):
            state = await stack.enter_async_context(app.router.lifespan_context(app))
            missing = await find_missing_tables(database.engine, [t.sql for t in service.paths])
        if missing:
            where = f"The database {show_url(database.url)}"
            raise Failed(f"{where} has no table {join_words(missing)}: nothing has created it yet")
        yield Inside(app, service, headers, state)
        await wait_for_hooks()


@contextmanager
def _explaining(database: Database) -> Iterator[None]:
    """Raise the reason why an application does not start."""
    try:
        with naming_mistakes("The application", "can't be started"):
            yield
    except BadTarget as exc:
        raise Failed(str(exc)) from exc
    except RequestError as exc:
        reason = reason_of(exc)
        raise Failed(f"Can't use the database {show_url(database.url)}: {reason}") from exc


def _check_file(database: Database) -> None:
    name = database.url.database
    if database.dialect != "sqlite" or not name or name.startswith((":", "file:")):
        return
    if not Path(name).is_file():
        raise ConfigurationError(
            f"There is no database {name}; MODELWIRE_DATABASE_URL names another one"
        )


def _host_of(service: Service) -> bytes:
    """Return a host name that the application accepts."""
    name = service.database.settings.allowed_hosts[0]
    return name.replace("*.", "modelwire.").replace("*", "localhost").encode()


def _describe(body: bytes) -> list[Header]:
    if not body:
        return []
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

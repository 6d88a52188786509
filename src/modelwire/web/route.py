"""The routes: real `APIRoute`s that go straight to the pipeline."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from ..errors import ConfigurationError, RequestError, TooLarge
from ..request import Request, read_headers
from ..respond import Answer, StreamAnswer
from .deadline import Deadline
from .limits import RequestLimits
from .problems import Problems
from .responses import to_response
from .session import SessionDep, get_session

Handle = Callable[[Request, AsyncSession | None], Awaitable[Answer | StreamAnswer]]

Handler = Callable[[HTTPRequest], Coroutine[Any, Any, Response]]

PATH_MATCH = "modelwire.path_match"
"""Where the scope of a request has its `PathMatch`."""

RAISED = "modelwire.raised"
"""Where the scope of a request has the error that it ends with, until that is raised."""


class PathMatch(Struct, frozen=True):
    """Where a request leads, percent-encoded.

    Args:
        segments: Its path.
        keys: The keys in that.
    """

    segments: Sequence[str]
    keys: Sequence[str]


@dataclass(frozen=True, eq=False)
class Endpoint:
    """What a route calls: a request in, a response out, and every error answered.

    Args:
        handle: The pipeline's method.
        problems: Answers errors.
        limits: What the request may take.
        key_names: Names of the fields of each key in the path, for the user's own dependencies.
        base: The path of the resource that is answered, for `Location`.
        takes_body: Whether the body is read.
        signature: The parameters that the OpenAPI document shows.
    """

    handle: Handle
    problems: Problems
    limits: RequestLimits
    key_names: Sequence[Sequence[str]] = ()
    base: str = ""
    takes_body: bool = False
    signature: inspect.Signature = field(default_factory=inspect.Signature)

    @property
    def __signature__(self) -> inspect.Signature:
        return self.signature

    async def __call__(self, request: HTTPRequest, session: AsyncSession | None = None) -> Response:
        receive = _receive_anew(request) if self.takes_body else request.receive
        return await self.respond(request.scope, receive, session)

    async def respond(
        self, scope: Scope, receive: Receive, session: AsyncSession | None = None
    ) -> Response:
        """Respond to a request.

        Args:
            scope: The request.
            receive: Where its body comes from, and whether its client has gone.
            session: The session that somebody put in the way, if any.

        Returns:
            The response.

        Raises:
            RequestError: The application has a handler of its own for it.
        """
        try:
            with Deadline(self.limits.timeout_s) as deadline:
                parsed = await self._read(scope, receive)
                deadline.watch(receive)
                answer = await self.handle(parsed, session)
            return to_response(answer, parsed.method, self.limits)
        except RequestError as error:
            if self.problems.is_handled_otherwise(scope, error):
                raise
            return self.problems.answer(scope, error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:
            return self.problems.answer_unexpected(scope, error)

    async def _read(self, scope: Scope, receive: Receive) -> Request:
        match: PathMatch = scope[PATH_MATCH]
        headers = read_headers(scope["headers"])
        return Request(
            scope["method"],
            scope["query_string"],
            headers,
            match.keys,
            scope.get("root_path", "") + self.base,
            match.segments,
            await self._read_body(receive, headers) if self.takes_body else b"",
        )

    async def _read_body(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        limit = self.limits.max_body_bytes
        announced = headers.get(b"content-length", b"")
        size = int(announced[:20]) if announced.isdigit() else 0
        parts, is_whole = [], False
        if size <= limit:
            size = 0
        while size <= limit and not is_whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            parts.append(part)
            is_whole = not message.get("more_body", False)
        if size > limit:
            raise TooLarge(f"The body should have at most {limit} bytes", unread=True)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _receive_anew(request: HTTPRequest) -> Receive:
    """What gives the body of a request, whether or not a dependency has read it before."""
    parts: AsyncGenerator[bytes, None] | None = request.stream()

    async def receive() -> Message:
        nonlocal parts
        if parts is None:
            return await request.receive()
        part = await anext(parts, b"")
        if not part:
            parts = None
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    return receive


class ResourceRoute(APIRoute):
    """A route of a resource. Without dependencies in its way it calls its endpoint at once.

    Requests come by way of the dispatcher, or by the shortcut.
    """

    endpoint: Endpoint
    methods: set[str]
    _built = False
    _in_session = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._through_fastapi = self.app
        # FastAPI before 0.160 has no limit of its own.
        is_limited = getattr(self, "max_body_size", None) is not None
        self._is_plain = not (self.dependencies or self._in_session or is_limited)
        if self._is_plain:
            self.app = self._answer

    def is_direct(self, app: FastAPI) -> bool:
        """Whether nothing that the user has declared runs before the endpoint.

        Args:
            app: The application, which may replace what gives sessions.
        """
        return self._is_plain and get_session not in app.dependency_overrides

    def matches(self, _scope: Scope) -> tuple[Match, Scope]:
        """Match nothing: the dispatcher has looked before."""
        return Match.NONE, {}

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if RAISED in scope:
            raise scope.pop(RAISED)
        if not self.is_direct(scope["app"]):
            await self._through_fastapi(scope, receive, send)
            return
        response = await self.endpoint.respond(scope, receive)
        await response(scope, receive, send)

    def get_route_handler(self) -> Handler:
        """Build the handler: the user's dependencies first, then the endpoint.

        Raises:
            ConfigurationError: The route is included in another router, whose dependencies it
                would not run.
        """
        if self._built:
            raise ConfigurationError(
                "modelwire's routes can't be included in another router; "
                "give mount() the prefix and the dependencies."
            )
        self._built = True
        needs_session = self._in_session = _calls(self.dependant, get_session)
        run_in_session = _run_in_session(self.endpoint, shared=needs_session)
        # Most routes need at most one of them, and many none.
        plain = cache(lambda: self._build_handler(_run(self.endpoint)))
        in_session = cache(lambda: self._build_handler(run_in_session))

        async def handle(request: HTTPRequest) -> Response:
            overridden = get_session in request.app.dependency_overrides
            handler = in_session() if needs_session or overridden else plain()
            return await handler(request)

        return handle

    def _build_handler(self, endpoint: Callable[..., Any]) -> Handler:
        """The handler of a route with this one's dependencies but no documented parameters."""
        inner = APIRoute(
            self.path,
            endpoint,
            dependencies=self.dependencies,
            dependency_overrides_provider=self.dependency_overrides_provider,
            response_model=None,
        )
        return inner.get_route_handler()


def _run(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    async def run(request: HTTPRequest, response: Response) -> Response:
        return _with_headers(await endpoint(request), response)

    return run


def _run_in_session(endpoint: Callable[..., Any], *, shared: bool) -> Callable[..., Any]:
    async def run(request: HTTPRequest, response: Response, session: SessionDep) -> Response:
        answer: Response = await endpoint(request, session)
        if shared and answer.status_code >= 400:
            # What a dependency has written belongs to a request that has failed.
            await session.rollback()
        return _with_headers(answer, response)

    return run


def _with_headers(answer: Response, response: Response) -> Response:
    """Add the headers and cookies that dependencies have set."""
    answer.raw_headers.extend(response.raw_headers)
    return answer


def _calls(dependant: Dependant, dependency: Callable[..., Any]) -> bool:
    """Whether a dependency is among those that a route resolves, at any depth."""
    return any(
        inner.call is dependency or _calls(inner, dependency) for inner in dependant.dependencies
    )

"""The routes: real `APIRoute`s that go straight to the pipeline."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from ..errors import ConfigurationError, RequestError, TooLarge
from ..request import Request
from ..respond import Answer, StreamAnswer
from .paths import Template, decode_key, segments_of
from .problems import Problems
from .responses import to_response
from .session import SessionDep, get_session

Handle = Callable[[Request, AsyncSession | None], Awaitable[Answer | StreamAnswer]]

_KEY = "modelwire.key"
_NO_BODY = ("GET", "HEAD", "DELETE")


@dataclass(frozen=True, eq=False)
class Endpoint:
    """What a route calls: a request in, a response out, and every error answered.

    Args:
        handle: The pipeline's method.
        template: Its path.
        key_names: Names of the key's fields, for the user's own dependencies.
        base: The resource's path, for `Location`.
        problems: Answers errors.
        max_body_bytes: Bytes that the body may have.
        signature: The parameters that the OpenAPI document shows.
    """

    handle: Handle
    template: Template
    problems: Problems
    max_body_bytes: int
    key_names: Sequence[str] = ()
    base: str = ""
    signature: inspect.Signature = field(default_factory=inspect.Signature)

    @property
    def __signature__(self) -> inspect.Signature:
        return self.signature

    async def __call__(self, request: HTTPRequest, session: AsyncSession | None = None) -> Response:
        try:
            answer = await self.handle(await self._read(request), session)
        except RequestError as error:
            if self.problems.is_handled_otherwise(request, error):
                raise
            return self.problems.answer(request, error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:
            return self.problems.answer_unexpected(request, error)
        return to_response(answer, request.method)

    async def _read(self, request: HTTPRequest) -> Request:
        scope = request.scope
        body = b"" if request.method in _NO_BODY else await self._read_body(request)
        return Request(
            method=request.method,
            query_string=scope["query_string"],
            headers=_headers_of(scope),
            key=scope.get(_KEY),
            base=quote(scope.get("root_path", "") + self.base),
            body=body,
        )

    async def _read_body(self, request: HTTPRequest) -> bytes:
        limit = self.max_body_bytes
        announced = request.headers.get("content-length", "")
        parts, size = [], int(announced) if announced.isdigit() else 0
        if size <= limit:
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    break
                parts.append(part)
        if size > limit:
            raise TooLarge(f"The body should have at most {limit} bytes")
        return b"".join(parts)


class ResourceRoute(APIRoute):
    """A route of a resource. Without dependencies in its way it calls its endpoint at once."""

    endpoint: Callable[..., Any]
    _built = False
    _known_routes = 0
    _own_paths: Collection[tuple[str, ...]] = ()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path before it is percent-decoded, so that a key may hold a slash."""
        if scope["type"] != "http" or not isinstance(self.endpoint, Endpoint):
            return Match.NONE, {}
        segments = segments_of(scope)
        key = self.endpoint.template.match(segments)
        if key is None or (key and self._is_shadowed(scope["app"].router.routes, segments)):
            return Match.NONE, {}
        parameters = decode_key(key, self.endpoint.key_names) if key else {}
        child = {
            "endpoint": self.endpoint,
            "path_params": {**scope.get("path_params", {}), **parameters},
            "route": self,
            _KEY: key or None,
        }
        allowed = scope["method"] in (self.methods or ())
        return (Match.FULL if allowed else Match.PARTIAL), child

    def _is_shadowed(self, routes: Sequence[BaseRoute], segments: Sequence[str]) -> bool:
        """Whether a route of the user's own has exactly this path, such as `/users/me`.

        It wins wherever it stands: `me` is no key then.
        """
        if self._known_routes != len(routes):
            self._known_routes = len(routes)
            own = (r.path for r in routes if isinstance(r, Route) and "{" not in r.path)
            self._own_paths = {tuple(path.removesuffix("/").split("/")[1:]) for path in own}
        return tuple(segments) in self._own_paths

    def get_route_handler(self) -> Callable[[HTTPRequest], Coroutine[Any, Any, Response]]:
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
        endpoint = self.endpoint
        plain = self._inner(_run(endpoint))
        needs_session = _calls(plain.dependant, get_session)
        in_session = self._inner(_run_in_session(endpoint, shared=needs_session))
        handle_plain, handle_in_session = plain.get_route_handler(), in_session.get_route_handler()
        handle_direct = handle_plain if self.dependencies else endpoint

        async def handle(request: HTTPRequest) -> Response:
            if needs_session or get_session in request.app.dependency_overrides:
                return await handle_in_session(request)
            response: Response = await handle_direct(request)
            return response

        return handle

    def _inner(self, endpoint: Callable[..., Any]) -> APIRoute:
        """A route that has this one's dependencies but none of its documented parameters."""
        return APIRoute(
            self.path,
            endpoint,
            dependencies=self.dependencies,
            dependency_overrides_provider=self.dependency_overrides_provider,
            response_model=None,
        )


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


def _headers_of(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        key = name.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers

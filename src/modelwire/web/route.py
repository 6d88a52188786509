"""Routes: real `APIRoute`s that lead straight to the pipeline."""

from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from fastapi.params import Depends
from fastapi.routing import APIRoute
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import URLPath
from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from ..catalog.tables import Table
from ..compat.fastapi import allow_slash, app_of, limits_body, replace_app, resolves
from ..errors import ConfigurationError
from ..shape.parts import Lock
from .batch_part import PART, Part, PartOverrides, PartResponse
from .endpoint import Endpoint
from .lookup import RouteLookup
from .own_access import get_access
from .paths import PATH_MATCH, PathMatch
from .session import SessionDep, get_session

_PLACED = "modelwire_placed"
"""Attribute of a placeholder endpoint that a route already has."""

_NOT_INCLUDED = (
    "modelwire's routes can't be included in another router; "
    "give mount() the prefix and the dependencies."
)

Compose = Callable[[], dict[str, Any]]

Handler = Callable[[HTTPRequest], Coroutine[Any, Any, Response]]


IS_COMPOSING: ContextVar[bool] = ContextVar("modelwire_is_composing", default=False)
"""Whether the application's OpenAPI document is being composed, from the operations of each."""


class ResourceRoute(APIRoute):
    """Route of a resource, which calls its endpoint directly where it has no dependencies.

    Attributes:
        resource_endpoint: The endpoint; `endpoint` stands for it wherever routes are inspected.
        lookup: The look-up that finds it among all routes of resources.
        compose: Composes its operation in the OpenAPI document; None where it is not documented.
        joins: Whether its requests may be parts of a transaction.
        is_guarded: Whether anything but the caller's dependency runs before its endpoint.
        reads_only: Whether its requests change nothing, whatever their method.
        locks: The resource whose row in the path its requests change, and the lock that they
            take; None where they name none.
    """

    methods: set[str]
    resource_endpoint: Endpoint
    lookup: RouteLookup
    compose: Compose | None = None
    joins = False
    is_guarded = True
    reads_only = False
    locks: tuple[Table, Lock] | None = None
    in_session: bool = False
    _built = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if getattr(endpoint, _PLACED, False):  # FastAPI before 0.138 includes copies
            raise ConfigurationError(_NOT_INCLUDED)
        setattr(endpoint, _PLACED, True)
        super().__init__(path, endpoint, **options)
        allow_slash(self, path.removesuffix("/"))
        self._through_fastapi = app_of(self)
        is_own = type(self).get_route_handler is not ResourceRoute.get_route_handler
        self._is_wrapped = limits_body(self) or is_own
        self._is_plain = not (self.in_session or self._is_wrapped)
        if self._is_plain and not self.dependencies:
            replace_app(self, self._answer)

    def serve(
        self,
        endpoint: Endpoint,
        lookup: RouteLookup,
        compose: Compose | None = None,
        *,
        joins: bool = False,
        reads_only: bool = False,
        locks: tuple[Table, Lock] | None = None,
    ) -> None:
        """Set the endpoint, the look-up, and the operation of the route."""
        self.resource_endpoint, self.lookup, self.compose = endpoint, lookup, compose
        self.locks = locks
        self.joins, self.reads_only, callers = joins, reads_only, endpoint.callers
        asked = [] if callers is None else [callers.depends]
        self.is_guarded = self._is_wrapped or self.dependencies != asked
        is_short = callers is not None and callers.short_way is not None
        if is_short and self._is_plain and not self.is_guarded:
            replace_app(self, self._answer_caller)
        lookup.add(self)

    # A generator of OpenAPI documents that reads the routes finds the whole operation, composed on
    # demand. The application's own document adds the operation itself, and needs FastAPI only for
    # the parameters of dependencies.

    @property
    def include_in_schema(self) -> bool:
        """Whether FastAPI documents the route."""
        if self.compose is None:
            return False
        return bool(self.dependencies) or not IS_COMPOSING.get()

    @include_in_schema.setter
    def include_in_schema(self, _value: bool) -> None: ...

    @property
    def openapi_extra(self) -> dict[str, Any] | None:
        """Operation, where FastAPI is to document it."""
        return None if self.compose is None or IS_COMPOSING.get() else self.compose()

    @openapi_extra.setter
    def openapi_extra(self, _value: object) -> None: ...

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request against this route, within the application that it belongs to."""
        is_here = scope["type"] == "http" and self.lookup.serves(scope)
        found = self.lookup.find(scope) if is_here else None
        if found is None or self not in found.routes.values():
            return Match.NONE, {}
        selected = found.routes.get(scope["method"])
        if selected is not None and selected is not self:
            return Match.NONE, {}
        match = Match.PARTIAL if selected is None else Match.FULL
        return match, self.describe(found.match, scope)

    def describe(self, match: PathMatch, scope: Scope) -> dict[str, Any]:
        """Return the scope's entries for a request that the route answers.

        The components of its keys are parameters for the user's own dependencies.
        """
        given = dict(scope.get("path_params", {}))
        for key, names in zip(match.keys, self.resource_endpoint.key_names, strict=False):
            parts = key.split(",") if len(names) > 1 else [key]
            given.update(zip(names, map(unquote, parts), strict=False))
        return {
            "endpoint": self.endpoint,
            "path_params": given,
            "route": self,
            PATH_MATCH: match,
        }

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Return the path of the route for a key, whose components are percent-encoded."""
        encoded = {key: quote(str(value), safe="") for key, value in path_params.items()}
        return super().url_path_for(name, **encoded)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that this route matches, even if its method is wrong."""
        if scope["method"] not in self.methods and not self._answers_head(scope):
            raise HTTPException(405, headers={"Allow": ", ".join(self.methods)})
        await self.app(scope, receive, send)

    def _answers_head(self, scope: Scope) -> bool:
        return scope["method"] == "HEAD" and "GET" in self.methods

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if get_session in scope["app"].dependency_overrides:
            await self._through_fastapi(scope, receive, send)
            return
        response = await self.resource_endpoint.respond(scope, receive)
        await response(scope, receive, send)

    async def _answer_caller(self, scope: Scope, receive: Receive, send: Send) -> None:
        callers = self.resource_endpoint.callers
        if scope["app"].dependency_overrides or callers is None or callers.short_way is None:
            await self._through_fastapi(scope, receive, send)
            return
        request = HTTPRequest(scope, receive, send)
        who = await callers.short_way.call(request, {})
        response = await self.resource_endpoint(request, None, who)
        await response(scope, receive, send)

    def get_route_handler(self) -> Handler:
        """Build the handler: the user's dependencies first, then the endpoint.

        Raises:
            ConfigurationError: The route is included in another router, whose dependencies it
                would not run.
        """
        if self._built:
            raise ConfigurationError(_NOT_INCLUDED)
        self._built = True
        needs_session = self.in_session = resolves(self, get_session)
        # Most routes need at most one of these handlers, and many need none.
        plain = cache(lambda: self._build_handler(in_session=False))
        in_session = cache(lambda: self._build_handler(in_session=True))
        in_part = cache(self._build_part_handler)

        async def handle(request: HTTPRequest) -> Response:
            if PART in request.scope:
                return await in_part()(request)
            overridden = get_session in request.app.dependency_overrides
            handler = in_session() if needs_session or overridden else plain()
            return await handler(request)

        return handle

    def _build_handler(self, *, in_session: bool) -> Handler:
        """Build a handler with this route's dependencies, but without documented parameters."""
        callers, dependencies = self.resource_endpoint.callers, self.dependencies
        if callers is not None:
            endpoint = callers.bind(_run_for_caller, in_session=in_session)
            if resolves(self, get_access):
                dependencies = [callers.keeps, *dependencies]
        else:
            endpoint = _run_in_session if in_session else _run
        return self._build_inner(endpoint, dependencies, self.dependency_overrides_provider)

    def _build_part_handler(self) -> Handler:
        """Build the handler of requests of a batch."""
        callers = self.resource_endpoint.callers
        overrides = PartOverrides(self.dependency_overrides_provider, callers)
        return self._build_inner(_run_part, self.dependencies, overrides)

    def _build_inner(
        self, endpoint: Callable[..., Any], dependencies: Sequence[Depends], overrides: object
    ) -> Handler:
        inner = APIRoute(
            self.path,
            endpoint,
            dependencies=dependencies,
            dependency_overrides_provider=overrides,
            response_model=None,
        )
        return inner.get_route_handler()


def route_class_of(given: type[APIRoute]) -> type[ResourceRoute]:
    """Return the class of resources' routes, combined with the application's own route class.

    Args:
        given: The router's `route_class`. Its `get_route_handler` is called as for other routes,
            and `super()` returns the resource's handler.

    Raises:
        ConfigurationError: The classes can't be combined.
    """
    if given is APIRoute:
        return ResourceRoute
    try:
        return type(given.__name__, (given, ResourceRoute), {})
    except TypeError as exc:
        raise ConfigurationError(
            f"mount(app=…): its routes are of the class {given.__name__}, which can't be combined "
            f"with modelwire's ({exc}); give router.route_class a class derived from APIRoute."
        ) from None


# FastAPI caches functions that it was given, so these refer to no application.


async def _run(request: HTTPRequest, response: Response) -> Response:
    route: ResourceRoute = request.scope["route"]
    return _with_headers(await route.resource_endpoint(request), response)


async def _run_in_session(
    request: HTTPRequest, response: Response, session: SessionDep
) -> Response:
    return await _run_for_caller(request, response, session, None)


async def _run_for_caller(
    request: HTTPRequest, response: Response, session: AsyncSession | None, who: object
) -> Response:
    route: ResourceRoute = request.scope["route"]
    answer = await route.resource_endpoint(request, session, who)
    if session is not None and route.in_session and answer.status_code >= 400:
        # The request has failed, and so the writes of its dependencies are undone.
        await session.rollback()
    return _with_headers(answer, response)


async def _run_part(request: HTTPRequest, response: Response) -> Response:
    part: Part = request.scope[PART]
    route: ResourceRoute = request.scope["route"]
    await part.settle()
    if not part.is_asked_only:
        answer = await route.resource_endpoint.join(
            request.scope, part.body, part.caller, part.transaction
        )
        part.answer = replace(answer, headers=(*answer.headers, *response.raw_headers))
    return PartResponse(part)


def stand_in_for_endpoint(name: str) -> Callable[..., Any]:
    """Make a named placeholder for an endpoint, for code that inspects routes."""

    async def endpoint(request: HTTPRequest) -> Response:
        return await _run(request, Response())

    endpoint.__name__ = endpoint.__qualname__ = name
    return endpoint


def _with_headers(answer: Response, response: Response) -> Response:
    """Add the headers and cookies that dependencies have set."""
    answer.raw_headers.extend(response.raw_headers)
    return answer

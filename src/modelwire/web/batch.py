"""Batches: several requests to the application's resources, answered in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from fastapi.exceptions import RequestValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from ..access.principal import Principal
from ..errors import InvalidRequest, MethodNotAllowed, NoSuchPath, Violation
from ..pipeline.batch import Addressed, BatchWork, Placing, Requests, Target
from ..pipeline.pipeline import wants_minimal
from ..pipeline.transaction import run
from ..pipeline.variants import Variants
from ..pipeline.work import OpenTransaction
from ..plan.keys import key_values
from ..plan.reading.query import refuse_parameters
from ..request.batch import BatchedRequest, read_batch
from ..request.body import check_content
from ..request.request import Request
from ..respond.answer import Answer
from .batch_part import PART, Part, send_nothing
from .callers import WHO, Callers
from .inner_requests import share_scope
from .lookup import RouteLookup
from .mounted_resources import MountedResources
from .paths import PATH_MATCH, PathMatch
from .problems import Problems, allowed_methods, explain_http, explain_validation
from .route import ResourceRoute

_HEADERS_OF_THE_BATCH = frozenset(
    (
        *(b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"),
        *(b"accept", b"accept-encoding", b"idempotency-key", b"prefer"),
        *(b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"),
    )
)
"""Headers of a batch that do not apply to its requests."""

_JSON = (b"content-type", b"application/json")

_RAISED = (RequestValidationError, HTTPException)
"""Exceptions by which the application's own code refuses a request."""

_running: set[asyncio.Future[None]] = set()


class Batches:
    """Endpoint of batches of requests to the resources of an application.

    Args:
        variants: The pipelines of the mount that batches belong to.
        lookup: The routes of all resources.
        problems: Knows which errors the application handles itself.
        mounted: The mounts of the application.
        max_requests: The maximum number of requests in a batch.
    """

    def __init__(
        self,
        variants: Variants,
        lookup: RouteLookup,
        problems: Problems,
        mounted: Sequence[MountedResources],
        max_requests: int,
    ) -> None:
        self._variants = variants
        self._lookup = lookup
        self._problems = problems
        self._mounted = mounted
        self._max_requests = max_requests

    async def answer(self, request: Request, session: AsyncSession | None, scope: Scope) -> Answer:
        """Answer `POST /batch`."""
        pipeline = self._variants.choose(request.caller)
        refuse_parameters(pipeline.parse_query(request))
        check_content(request.headers)
        requests = read_batch(request.body, self._max_requests)
        parts = _Parts(request, scope, self._lookup, self._problems)
        routes = [parts.find(each) for each in requests]
        batch = Requests(
            requests,
            [*parts.find_targets(requests, routes)],
            parts.answer,
            [each for each, route in zip(requests, routes, strict=True) if route.is_guarded],
            parts.guard,
            needs_session=self._needs_session(scope, routes),
            find_grants=lambda: self._find_grants(request.caller.who),
            minimal=wants_minimal(request),
        )
        answer = await run(pipeline, BatchWork(pipeline, batch), request, session)
        parts.run_in_background()
        return answer

    def _needs_session(self, scope: Scope, routes: Sequence[ResourceRoute]) -> bool:
        """Whether hooks, or dependencies of a request, may use a session."""
        guarded = [route for route in routes if route.is_guarded]
        if any(each.variants.widest.catalog.has_hooks for each in self._mounted):
            return True
        overrides = bool(scope["app"].dependency_overrides)
        return any(overrides or route.in_session for route in guarded)

    def _find_grants(self, who: object) -> Collection[str]:
        found: set[str] = set()
        for each in self._mounted:
            if each.callers is not None:
                found |= set(each.catalog_of(each.read_caller(who)).grants)
        return found


class _Parts:
    """Requests of one batch, as requests to the application."""

    def __init__(
        self, request: Request, scope: Scope, lookup: RouteLookup, problems: Problems
    ) -> None:
        self._who = request.caller.who
        self._scope = scope
        self._preferences = request.headers.get(b"prefer")
        self._shared = share_scope(scope)
        self._headers = [h for h in scope["headers"] if h[0] not in _HEADERS_OF_THE_BATCH]
        self._usual_headers = [*self._headers, _JSON]
        self._lookup = lookup
        self._problems = problems
        self._known: dict[tuple[str, str], tuple[ResourceRoute, dict[str, Any]]] = {}
        self._callers: dict[Callers | None, Principal] = {}
        self._background: dict[str, BackgroundTask | None] = {}

    def find(self, request: BatchedRequest) -> ResourceRoute:
        """Find the route of a request, whose references need not be resolved.

        Raises:
            RequestError: No route matches, or it is not available in batches.
        """
        with Placing(request.place):
            return self._look_up(request.method, request.path)[0]

    def find_targets(
        self, requests: Sequence[BatchedRequest], routes: Sequence[ResourceRoute]
    ) -> Iterator[Target]:
        """Yield the rows that requests name in paths without references, to change them.

        Those of requests with dependencies are left out: these may refuse the caller first.
        """
        for request, route in zip(requests, routes, strict=True):
            if route.locks is None or route.is_guarded or not request.has_fixed_path:
                continue
            match: PathMatch = self._look_up(request.method, request.path)[1][PATH_MATCH]
            table, lock = route.locks
            with suppress(InvalidRequest):  # the request will be refused in its turn
                key = tuple(key_values(table, match.keys[0]))
                yield Target(table, key, lock, self._caller_of(route))

    async def answer(self, addressed: Addressed, transaction: OpenTransaction) -> Answer:
        """Answer a request as a part of a transaction, once its dependencies have run."""
        try:
            route, scope = self._open(addressed.request, addressed.path)
            caller, body = self._caller_of(route), addressed.body
            if not route.is_guarded:
                return await route.resource_endpoint.join(scope, body, caller, transaction)
            part = Part(transaction, caller, body)
            await _pass(scope, route, part)
            self._background[addressed.request.place] = part.background
            return part.answer
        except _RAISED as error:
            raise self._tell(error) from None

    async def guard(self, addressed: Addressed, transaction: OpenTransaction) -> None:
        """Run the dependencies of a request, and nothing else."""
        try:
            route, scope = self._open(addressed.request, addressed.path)
            part = Part(transaction, self._caller_of(route), addressed.body, is_asked_only=True)
            await _pass(scope, route, part)
        except _RAISED as error:
            raise self._tell(error) from None

    def run_in_background(self) -> None:
        """Run the background tasks of dependencies, now that the batch is committed."""
        for background in self._background.values():
            if background is not None:
                task = asyncio.ensure_future(background())
                _running.add(task)
                task.add_done_callback(_running.discard)

    def _open(self, request: BatchedRequest, path: str) -> tuple[ResourceRoute, dict[str, Any]]:
        """Find the route of a request, and make its scope."""
        route, scope = self._look_up(request.method, path)
        return route, {**scope, "headers": self._headers_of(request)}

    def _look_up(self, method: str, path: str) -> tuple[ResourceRoute, dict[str, Any]]:
        """Find the route of a method and a path, and the scope of its requests."""
        known = self._known.get((method, path))
        if known is None:
            scope = self._scope_of(method, path)
            known = self._known[method, path] = self._select(scope), scope
        return known

    def _scope_of(self, method: str, path: str) -> dict[str, Any]:
        raw, _, query = path.partition("?")
        return {
            **self._shared,
            "method": method,
            "path": unquote(raw),
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "headers": self._headers,
        }

    def _headers_of(self, request: BatchedRequest) -> list[tuple[bytes, bytes]]:
        if not request.headers and self._preferences is None:
            return self._usual_headers
        own = dict(request.headers)
        own.setdefault(*_JSON)
        if self._preferences is not None:
            # The first occurrence of a preference counts.
            parts = (own.get(b"prefer"), self._preferences)
            own[b"prefer"] = b", ".join(part for part in parts if part)
        return [*self._headers, *own.items()]

    def _select(self, scope: dict[str, Any]) -> ResourceRoute:
        route = self._lookup.select(scope)
        if isinstance(route, ResourceRoute) and route.joins:
            return route
        matches = {route.matches(scope)[0] for route in scope["app"].routes}
        if Match.FULL in matches:
            message = "A batch can read a row or a list, and write to resources; nothing else"
            raise InvalidRequest(Violation(message, "not_in_batches"))
        if Match.PARTIAL in matches:
            raise MethodNotAllowed(allowed_methods(scope))
        raise NoSuchPath(f"Nothing is at {scope['path']}")

    def _caller_of(self, route: ResourceRoute) -> Principal:
        endpoint = route.resource_endpoint
        if endpoint.callers not in self._callers:
            self._callers[endpoint.callers] = endpoint.read_caller(self._who)
        return self._callers[endpoint.callers]

    def _tell(self, error: RequestValidationError | HTTPException) -> Exception:
        """Convert an exception of the application's own code as for a single request."""
        is_answer = isinstance(error, HTTPException) and error.status_code < 400
        if is_answer or self._problems.is_handled_otherwise(self._scope, error):
            return error
        if isinstance(error, RequestValidationError):
            return explain_validation(error)
        return explain_http(error)


async def _pass(scope: dict[str, Any], route: ResourceRoute, part: Part) -> None:
    """Pass a request through the dependencies of its route, to its endpoint."""
    known = {} if route.resource_endpoint.callers is None else {WHO: part.caller.who}
    await route.app({**scope, **known, PART: part}, part.receive(), send_nothing)

"""OpenAPI document of an application: FastAPI's, with the operations of resources added."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Collection, Iterator
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from ..compat.fastapi import functions_of, place_routes
from ..openapi.answers import describe_problems
from ..openapi.components import Components, Parts
from ..openapi.merging import add_operations, add_parts, drop_unused
from ..openapi.values import JSONSchema
from ..request.headers import accepts_gzip, parse_entity_tags
from .own_access import SCOPE, OwnAccess, get_access
from .route import IS_COMPOSING, ResourceRoute
from .row_of import RowDependency

_ROOTS = 8
"""Maximum number of root paths whose documents are cached."""

_VALIDATION = ("HTTPValidationError", "ValidationError")
"""Schemas of FastAPI's own validation errors, in place of which resources have problems."""


class Document:
    """Composer of the document, which is composed anew only where routes were added.

    FastAPI describes the application's own routes, and what the dependencies of resources' routes
    take. The rest comes from the catalog, at a fraction of the cost.

    Args:
        app: The application. Its `openapi` is replaced by a function that adds the operations of
            resources to its result; a custom `openapi` is kept that way.
        components: Returns the components that the operations of resources share.
        own_access: Makes FastAPI resolve callers in the application's own endpoints.
    """

    def __init__(
        self, app: FastAPI, components: Callable[[], Components], own_access: OwnAccess
    ) -> None:
        self._app = app
        self._own_access = own_access
        self._components = components
        self._build = app.openapi
        self._whole: JSONSchema | None = None
        self._size = 0
        self._lock = Lock()
        app.openapi = self.compose  # type: ignore[method-assign]

    def compose(self) -> JSONSchema:
        """Compose the document, or return the one composed before."""
        with self._lock:
            return self._compose()

    def _compose(self) -> JSONSchema:
        size = len(self._app.routes)
        if size != self._size:
            self._size, self._whole, self._app.openapi_schema = size, None, None
        self._own_access.ask_first()
        composing, answering = IS_COMPOSING.set(True), SCOPE.set({"app": self._app})
        try:
            document = self._build()
        finally:
            SCOPE.reset(answering)
            IS_COMPOSING.reset(composing)
        if document is not self._whole:
            operations = self._compose_operations(document.get("paths", {}))
            whole = add_operations(document, operations, self._components())
            whole = add_parts(whole, self._add_refusals(whole["paths"]))
            self._whole = self._app.openapi_schema = drop_unused(whole, _VALIDATION)
        return self._whole

    def read(self) -> JSONSchema:
        """Return the document as it is served, by whichever function it was made.

        A function that describes the routes alone includes the operations, but not their
        components.
        """
        document = self._app.openapi()
        if document is self._whole:
            return document
        return add_parts(document, self._components().collect(document.get("paths", {})))

    def _compose_operations(self, solved: JSONSchema) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for route in self._app.routes:
            if not isinstance(route, ResourceRoute) or route.compose is None:
                continue
            operation = route.compose() | {"tags": route.tags, "operationId": route.operation_id}
            for method in map(str.lower, route.methods):
                own = solved.get(route.path_format, {}).get(method, {})
                methods = found.setdefault(route.path_format, {})
                asks = route.resource_endpoint.callers is not None
                methods[method] = self._add_dependencies(operation, own, asks=asks)
        return found

    def _add_refusals(self, paths: JSONSchema) -> Parts:
        """Add the refusals of callers to the application's own endpoints.

        Returns:
            The components that these responses refer to.
        """
        added: list[JSONSchema] = []
        for placed in place_routes(self._app.routes):
            functions = functions_of(placed)
            if get_access not in functions or isinstance(placed.route, ResourceRoute):
                continue
            added.append(describe_problems(self._components(), _statuses(functions)))
            for method in map(str.lower, placed.methods):
                operation = paths.get(placed.template or "", {}).get(method)
                if operation is not None:
                    operation["responses"] = {**added[-1], **operation["responses"]}
        return self._components().collect(added)

    def _add_dependencies(
        self, operation: JSONSchema, solved: JSONSchema, *, asks: bool
    ) -> JSONSchema:
        """Add the parameters, security and refusals of its dependencies to an operation."""
        if "parameters" in solved:
            parameters = [*operation.get("parameters", ()), *solved["parameters"]]
            operation = {**operation, "parameters": parameters}
        if "security" in solved:
            operation = {**operation, "security": solved["security"]}
        if "security" in solved or asks:
            refusals = describe_problems(self._components(), (401, 403))
            operation = {**operation, "responses": {**operation["responses"], **refusals}}
        return operation


def _statuses(functions: Collection[object]) -> Iterator[int]:
    """Yield the statuses of the problems by which an endpoint's dependencies refuse callers."""
    yield from (401, 403)
    actions = {found.action for found in functions if isinstance(found, RowDependency)}
    if actions:
        yield 404
    if actions - {"read"}:
        yield from (412, 428)


class DocumentPage:
    """Endpoint of the document, which is encoded once, in a thread.

    Args:
        app: The application.
        document: Its document.
    """

    def __init__(self, app: FastAPI, document: Document) -> None:
        self._app = app
        self._document = document
        self._threads = CapacityLimiter(1)
        self._shown: JSONSchema | None = None
        self._pages: dict[str, _Page] = {}

    async def read(self, request: Request) -> Response:
        """Answer a request for the document."""
        root = request.scope.get("root_path", "").rstrip("/")
        page = await to_thread.run_sync(self._find_page, root, limiter=self._threads)
        headers = {"etag": f'"{page.tag}"', "vary": "accept-encoding", "cache-control": "no-cache"}
        known = parse_entity_tags(request.headers.get("if-none-match"))
        if page.tag in known or known == ("*",):
            return Response(status_code=304, headers=headers)
        body = page.body
        if accepts_gzip(request.headers.get("accept-encoding")):
            body, headers["content-encoding"] = page.zipped, "gzip"
        return Response(body, headers=headers, media_type="application/json")

    def _find_page(self, root: str) -> _Page:
        document = self._document.read()
        if document is not self._shown:
            self._shown, self._pages = document, {}
        if root not in self._pages:
            if len(self._pages) == _ROOTS:
                self._pages.clear()
            self._pages[root] = _make_page(self._below(root, document))
        return self._pages[root]

    def _below(self, root: str, document: JSONSchema) -> JSONSchema:
        """Return the document for a root path, which FastAPI adds to its servers."""
        servers = document.get("servers", [])
        known = {server.get("url") for server in servers}
        if not root or not self._app.root_path_in_servers or root in known:
            return document
        return {**document, "servers": [{"url": root}, *servers]}


class _Page(NamedTuple):
    body: bytes
    zipped: bytes
    tag: str


def _make_page(document: JSONSchema) -> _Page:
    body = _encode(document).encode()
    return _Page(body, gzip.compress(body, mtime=0), sha256(body).hexdigest()[:32])


def _encode(value: Any, levels: int = 3) -> str:
    """Encode JSON in parts, since encoding it at once would block all other threads."""
    if levels == 0 or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    parts = (f"{json.dumps(name)}:{_encode(part, levels - 1)}" for name, part in value.items())
    return f"{{{','.join(parts)}}}"

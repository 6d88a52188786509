"""Routes of the admin page at one path of an application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from anyio import to_thread
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Scope

from ...plan.reading.query import refuse_parameters
from ...request.headers import accepts_gzip
from ...request.query import parse_query
from ...request.request import Request
from ...respond.answer import Answer
from ..agents.served import Served
from ..extra_route import ExtraRoute
from .assets import Asset, read_assets
from .describe import Resources
from .page import NOSNIFF, write_page

_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_VARIES = (b"vary", b"accept-encoding")


class Admin:
    """Admin page at one path.

    Args:
        app: The application.
        served: The resources, and the path.

    Attributes:
        served: The same.
    """

    def __init__(self, app: FastAPI, served: Served) -> None:
        self.served = served
        self._app = app
        self._assets = read_assets()
        self._resources = Resources(served)

    def list_routes(self) -> Iterator[ExtraRoute]:
        """Yield the routes of the page."""
        path = self.served.path
        yield ExtraRoute("GET", path, self._show, takes={"takes_scope": True})
        yield ExtraRoute("GET", f"{path}/resources", self._resources.answer, is_guarded=True)
        yield ExtraRoute("GET", f"{path}/caller", self._resources.answer_caller, is_guarded=True)
        for asset in self._assets.by_name.values():
            yield ExtraRoute("GET", f"{path}/assets/{asset.name}", _answer_with(asset))

    async def _show(self, request: Request, _session: AsyncSession | None, scope: Scope) -> Answer:
        refuse_parameters(parse_query(request.query_string))
        # The first request may have to compose the whole document.
        document = await to_thread.run_sync(self._app.openapi)
        schemes = document.get("components", {}).get("securitySchemes", {})
        root = scope.get("root_path", "").rstrip("/")
        return write_page(self._assets, self._app.title, root, self.served.path, schemes)


def _answer_with(asset: Asset) -> Callable[[Request, AsyncSession | None], Awaitable[Answer]]:
    async def answer(request: Request, _session: AsyncSession | None = None) -> Answer:
        refuse_parameters(parse_query(request.query_string))
        headers = ((b"content-type", asset.content_type), _FOR_EVER, _VARIES, NOSNIFF)
        if accepts_gzip(request.header(b"accept-encoding")):
            return Answer(200, asset.zipped, (*headers, (b"content-encoding", b"gzip")))
        return Answer(200, asset.body, headers)

    return answer

"""Starlette with one route, whose endpoint does nothing."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def read_health(_request: Request) -> Response:
    """Answer what the others do."""
    return Response(b'{"status":"ok"}', media_type="application/json")


app = Starlette(routes=[Route("/health", read_health)])

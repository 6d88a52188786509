"""Model Context Protocol over HTTP, stateless: each message is answered by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp, Scope

from ...plan.reading.query import refuse_parameters
from ...request.query import parse_query
from ...request.request import Request
from ...respond.answer import Answer
from ..cors import is_allowed, is_own
from .metadata import ProtectedResource
from .served import ACCESS, Served
from .surface import InProcess, Reply, Surface

# It logs the start and the end of each message.
logging.getLogger("mcp.server.streamable_http_manager").setLevel(logging.WARNING)

_OF_THE_ANSWER = frozenset((b"content-length", b"connection", b"transfer-encoding"))


class Exchanges:
    """Endpoint of agents' messages.

    No state is kept between two messages, so they may go to different processes. A message has the
    caller that the application reads from its headers: where the application refuses them, it
    refuses the message.

    Args:
        app: The application.
        server: The server of the tools.
        served: The resources.
        find_origins: Returns the origins whose pages may use the application.
        protected: The source of tokens; None where the application requires none.
    """

    def __init__(
        self,
        app: ASGIApp,
        server: Server[Any],
        served: Served,
        find_origins: Callable[[], Sequence[str]],
        protected: ProtectedResource | None,
    ) -> None:
        self._app = app
        self._find_origins = find_origins
        self._server = server
        self._served = served
        self._protected = protected

    async def answer(self, request: Request, _session: AsyncSession | None, scope: Scope) -> Answer:
        """Answer `POST /mcp`."""
        refuse_parameters(parse_query(request.query_string))
        surface = Surface.behind(self._app, scope)
        access = await surface.ask("GET", self._served.path + ACCESS)
        if access.status >= 400:
            return self._refuse(access, scope)
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=True,
            stateless=True,
            security_settings=self._secure(scope),
            max_request_body_size=max(1, len(request.body)),
        )
        exchange = InProcess(request.body)
        async with manager.run():
            await manager.handle_request({**scope}, exchange.receive, exchange.send)
        return _answer(Reply(exchange.status, exchange.headers, b"".join(exchange.parts)))

    def _refuse(self, access: Reply, scope: Scope) -> Answer:
        if access.status != 401 or self._protected is None:
            return _answer(access)
        headers = self._protected.challenge(access.headers, scope)
        return _answer(Reply(access.status, headers, access.body))

    def _secure(self, scope: Scope) -> TransportSecuritySettings:
        """Return the settings that keep pages of other origins from acting for their visitors.

        The setting `allowed_hosts`, which applies before, decides which host names the application
        answers to. Its own pages may send messages, and so may those of allowed origins.
        """
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = given.get(b"host", ""), given.get(b"origin", "")
        known = is_own(origin, host) or is_allowed(origin, self._find_origins())
        allowed = bool(origin) and known
        return TransportSecuritySettings(
            allowed_hosts=[host], allowed_origins=[origin] if allowed else []
        )


def _answer(reply: Reply) -> Answer:
    headers = tuple(header for header in reply.headers if header[0] not in _OF_THE_ANSWER)
    return Answer(reply.status, reply.body, headers)


async def allow(request: Request, _session: AsyncSession | None = None) -> Answer:
    """Answer `GET /mcp/access`, which succeeds for callers who may use the tools."""
    refuse_parameters(parse_query(request.query_string))
    return Answer(204)

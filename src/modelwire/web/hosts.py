"""Middleware that refuses host names other than an application's own."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import UnknownHost
from .problems import Problems


class AllowedHosts:
    """Middleware that refuses requests whose `Host` is not a name of the application.

    A web page can have its own name resolve to this machine, and so read a local service in the
    name of its visitor (DNS rebinding); such a request has the page's name as its host.

    Args:
        app: The application.
        names: The allowed names, without ports; `*.example.com` allows all subdomains.
        problems: Answers errors.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], problems: Problems) -> None:
        self.app = app
        self._names = frozenset(name for name in names if not name.startswith("*"))
        self._ends = tuple(name.removeprefix("*") for name in names if name.startswith("*."))
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket") or self._is_allowed(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            error = UnknownHost(
                "This service does not answer to the host that the request names; its operator "
                "can allow that host by MODELWIRE_ALLOWED_HOSTS"
            )
            response = self._problems.answer(scope, error)
            await response(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1:
            return False
        host = host_name_of(given[0].decode("latin-1"))
        return host in self._names or host.endswith(self._ends)


def host_name_of(authority: str) -> str:
    """Return the name in a `Host` header, in lower case and without its port (RFC 3986, 3.2)."""
    end = authority.rfind("]") + 1 or authority.rfind(":")
    name = authority[:end] if end > 0 else authority
    return name.lower().removesuffix(".")

"""Discovery of the source of tokens for the application (RFC 9728)."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Scope

from ...plan.reading.query import refuse_parameters
from ...request.query import parse_query
from ...request.request import Request
from ...respond.answer import CONTENT, Answer
from .options import Mcp
from .surface import Headers

WELL_KNOWN = "/.well-known/oauth-protected-resource"

_AUTHENTICATE = b"www-authenticate"
_FOR_ANY_PAGE = (b"access-control-allow-origin", b"*")


class ProtectedResource:
    """Metadata of the protected resource, which names the source of tokens for agents.

    Args:
        path: The path of the agents.
        options: The options of `Mcp`.
    """

    def __init__(self, path: str, options: Mcp) -> None:
        self._path = path
        self._options = options

    async def answer(self, request: Request, _session: AsyncSession | None, scope: Scope) -> Answer:
        """Answer `GET /.well-known/oauth-protected-resource/mcp`."""
        refuse_parameters(parse_query(request.query_string))
        servers = list(self._options.authorization_servers)
        document = {
            "resource": self._options.url or self._base(scope) + self._path,
            **({"authorization_servers": servers} if servers else {}),
            "bearer_methods_supported": ["header"],
        }
        return Answer(200, json.dumps(document).encode(), (CONTENT, _FOR_ANY_PAGE))

    def challenge(self, headers: Headers, scope: Scope) -> Headers:
        """Return the headers of a 401, with a challenge that names the metadata (RFC 9728, 5.1).

        Args:
            headers: The headers of the response of the caller's dependency.
            scope: The request.
        """
        named = f'resource_metadata="{self._base(scope)}{WELL_KNOWN}{self._path}"'
        given = [value.decode("latin-1") for name, value in headers if name == _AUTHENTICATE]
        others = [header for header in headers if header[0] != _AUTHENTICATE]
        written = [_add(value, named) for value in given if _is_bearer(value)] or [
            f"Bearer {named}"
        ]
        kept = [value for value in given if not _is_bearer(value)]
        return [*others, *((_AUTHENTICATE, v.encode("latin-1")) for v in (*written, *kept))]

    def _base(self, scope: Scope) -> str:
        """Return the part of the application's URLs before its paths."""
        url = self._options.url
        if url is not None:
            parts = urlsplit(url)
            return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(self._path)}"
        host = next((v.decode("latin-1") for n, v in scope["headers"] if n == b"host"), "")
        return f"{scope['scheme']}://{host}{scope.get('root_path', '').rstrip('/')}"


def _is_bearer(challenge: str) -> bool:
    return challenge.split(" ", 1)[0].lower() == "bearer"


def _add(challenge: str, parameter: str) -> str:
    return f"{challenge}{',' if ' ' in challenge.strip() else ''} {parameter}"

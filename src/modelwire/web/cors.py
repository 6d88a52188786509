"""Cross-origin resource sharing (CORS)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ConfigurationError, CrossOriginRefused
from ..settings import split_origins
from ..suggestions import naming_arguments
from .problems import Problems

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_TAKEN = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Modelwire-Position",
    "Prefer",
    "X-Request-ID",
    "traceparent",
    "tracestate",
)
"""Headers that routes of resources read, and that pages must be allowed to send."""

_SENT = (
    "Allow",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Modelwire-Position",
    "Preference-Applied",
    "Retry-After",
    "Server-Timing",
    "WWW-Authenticate",
    "X-Change-Number",
    "X-Request-ID",
)
"""Response headers that scripts can't read unless they are exposed."""

_TOKEN = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
_VARY = (b"vary", b"Origin")
_CREDENTIALS = "Access-Control-Allow-Credentials"


@naming_arguments
@dataclass(frozen=True, slots=True)
class Cors:
    """Origins whose pages may use an application, and what they may do.

    They may use every method and header of modelwire's own routes.

    Args:
        origins: The origins, as in `https://app.example.com` or `http://localhost:5173`;
            `https://*.example.com` for all subdomains, `*` for any origin.
        credentials: Whether browsers may send cookies; not, by default.
        allow_headers: More headers that pages may send, for endpoints of your own.
        expose_headers: More response headers that pages may read.
        max_age_s: Seconds that a browser may cache a preflight; 600 by default.

    Raises:
        ConfigurationError: An argument can't be used, or cookies are allowed for any origin.
    """

    origins: Sequence[str]
    credentials: bool = False
    allow_headers: Sequence[str] = ()
    expose_headers: Sequence[str] = ()
    max_age_s: int = 600

    def __post_init__(self) -> None:
        for name in ("origins", "allow_headers", "expose_headers"):
            values = getattr(self, name)
            if isinstance(values, str) or not all(isinstance(value, str) for value in values):
                raise ConfigurationError(f"Cors({name}=…) should be a list of texts.")
            object.__setattr__(self, name, tuple(values))
        object.__setattr__(self, "origins", _check_origins(self.origins))
        for header in (*self.allow_headers, *self.expose_headers):
            if not _TOKEN.fullmatch(header):
                raise ConfigurationError(f"Cors(…): {header!r} is no name of a header.")
        if self.credentials and "*" in self.origins:
            raise ConfigurationError(
                "Cors(credentials=True): any page could use the cookies of its visitors; name "
                "the origins in place of `*`."
            )
        if self.max_age_s < 0:
            raise ConfigurationError("Cors(max_age_s=…) should be a number of seconds from 0 on.")


def _check_origins(origins: Sequence[str]) -> object:
    try:
        checked = split_origins(origins)
    except ValueError as exc:
        raise ConfigurationError(f"Cors(origins=…): {exc}.") from None
    if not checked:
        raise ConfigurationError("Cors(origins=…) should name an origin; leave cors= out for none.")
    return checked


class CrossOrigin(CORSMiddleware):
    """Middleware that answers preflights, and marks responses with what pages may read.

    A refusal is a problem document. Every response varies by origin, also that to a request without
    an origin, since caches must know.

    Args:
        app: The application.
        cors: The allowed origins.
        problems: Answers errors.
    """

    def __init__(self, app: ASGIApp, cors: Cors, problems: Problems) -> None:
        super().__init__(
            app,
            allow_origins=[origin for origin in cors.origins if "//*" not in origin],
            allow_origin_regex=_write_pattern(cors.origins),
            allow_methods=_METHODS,
            allow_headers=(*_TAKEN, *cors.allow_headers),
            allow_credentials=cors.credentials,
            expose_headers=(*_SENT, *cors.expose_headers),
            max_age=cors.max_age_s,
        )
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or its preflight."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not any(name == b"origin" for name, _ in scope["headers"]):
            await self.app(scope, receive, _varying(send))
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            preflight = self._answer_preflight(scope, headers)
            await preflight(scope, receive, send)
        else:
            await self.app(scope, receive, self._allowing(send, headers["origin"]))

    def _answer_preflight(self, scope: Scope, headers: Headers) -> Response:
        given = self.preflight_response(headers)
        if given.status_code < 400:
            return given
        error = CrossOriginRefused(
            f"{bytes(given.body).decode()}; the operator of the service can allow origins by "
            "MODELWIRE_CORS_ORIGINS, and headers by Cors(allow_headers=…)"
        )
        refusal = self._problems.answer(scope, error)
        kept = [(n, v) for n, v in given.raw_headers if n.startswith((b"access-", b"vary"))]
        refusal.raw_headers.extend(kept)
        return refusal

    def _allowing(self, send: Send, origin: str) -> Send:
        """Return a `send` that adds the headers for pages of an origin."""
        allowed = dict(self.simple_headers) if self.is_allowed_origin(origin) else {}
        if allowed and not self.allow_all_origins:
            allowed["Access-Control-Allow-Origin"] = origin

        def send_allowed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(allowed)
            return send(message)

        return _varying(send_allowed)


def _varying(send: Send) -> Send:
    """Return a `send` that marks responses as varying by origin."""

    def send_varying(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), _VARY]
        return send(message)

    return send_varying


def is_own(origin: str, host: str) -> bool:
    """Whether an origin is that of the host that a request was sent to."""
    return origin.partition("://")[2].lower() == host.lower()


def trusts_cookies(origin: str, middleware: Sequence[Middleware]) -> bool:
    """Whether pages of an origin may send requests with the cookies of their visitors.

    Origins may be named to modelwire or to FastAPI's own `CORSMiddleware`. `*` names none, unless
    cookies are allowed with it.

    Args:
        origin: The origin.
        middleware: The middleware of the application.
    """
    for known in middleware:
        if isinstance(known.cls, type) and issubclass(known.cls, CORSMiddleware):
            make: Callable[..., CORSMiddleware] = known.cls
            cors = make(_answer_nothing, *known.args, **known.kwargs)
            names = not cors.allow_all_origins or _CREDENTIALS in cors.simple_headers
            if names and cors.is_allowed_origin(origin):
                return True
    return False


async def _answer_nothing(_scope: Scope, _receive: Receive, _send: Send) -> None: ...


def is_allowed(origin: str, origins: Sequence[str]) -> bool:
    """Whether an origin is allowed, by itself or by a wildcard."""
    pattern = _write_pattern(origins)
    is_below = pattern is not None and re.fullmatch(pattern, origin) is not None
    return "*" in origins or origin in origins or is_below


def _write_pattern(origins: Sequence[str]) -> str | None:
    """Return a pattern for the origins with wildcards for subdomains."""
    wild = (re.escape(origin) for origin in origins if "//*" in origin)
    pattern = "|".join(origin.replace(r"\*", "[a-z0-9_.-]+") for origin in wild)
    return pattern or None

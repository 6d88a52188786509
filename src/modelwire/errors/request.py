"""Errors about a request itself, or about its relation to earlier requests."""

from __future__ import annotations

from collections.abc import Sequence

from .base import RequestError, Violation


class NoSuchPath(RequestError):
    """No route has this path."""

    code = "no_such_path"


class UnknownHost(RequestError):
    """The request is for a host that this service does not answer to."""

    code = "unknown_host"


class CrossOriginRefused(RequestError):
    """A page of another origin has sent a request that it is not allowed to send."""

    code = "cross_origin_refused"


class MethodNotAllowed(RequestError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Allowed here: {', '.join(allowed)}")
        self.allowed = tuple(allowed)


class TooLarge(RequestError):
    """The body is over its limit.

    Args:
        detail: The limit.
        unread: Whether the body was not read to its end.
    """

    code = "too_large"

    def __init__(self, detail: str, *, unread: bool = False) -> None:
        super().__init__(detail)
        self.unread = unread


class TooSlow(RequestError):
    """The body did not arrive in time."""

    code = "too_slow"


class UnsupportedMediaType(RequestError):
    """The body has a media type that this route does not accept."""

    code = "unsupported_media_type"


class UnsupportedEncoding(UnsupportedMediaType):
    """The body has a content coding, which no route accepts."""


class NotAcceptable(RequestError):
    """The client accepts none of the answer's media types."""

    code = "not_acceptable"


class Forbidden(RequestError):
    """A policy forbids this to the caller; or the database forbids it to its role, by privileges or
    row-level security."""

    code = "forbidden"

    def __init__(
        self,
        detail: str = "The database does not allow this",
        violations: Sequence[Violation] = (),
    ) -> None:
        super().__init__(detail, violations)


class PreconditionFailed(RequestError):
    """`If-Match` does not match: the row has changed since the client read it."""

    code = "changed"


class PreconditionRequired(RequestError):
    """The request requires a precondition that it does not have."""

    code = "precondition_required"


class TooManyAffected(RequestError):
    """A change would have affected more rows than the client allows."""

    code = "too_many_affected"


class TooManyIncluded(RequestError):
    """An answer would have included more rows than the limit."""

    code = "too_many_included"


class NoLongerKept(RequestError):
    """The request asks for changes that are no longer kept."""

    code = "no_longer_kept"


class KeyReused(RequestError):
    """An `Idempotency-Key` was used before with a different request."""

    code = "key_reused"


class KeyInFlight(RequestError):
    """The first request with this `Idempotency-Key` has not finished yet."""

    code = "key_in_flight"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Answered(RequestError):
    """The application's own code has given an answer in place of the result.

    Args:
        status: The status.
        detail: The content of the answer, a JSON value.
        headers: Additional headers.
    """

    code = "answered"

    def __init__(
        self, status: int, detail: object, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(str(detail))
        self.status = status
        self.given = detail
        self.headers = tuple(headers)

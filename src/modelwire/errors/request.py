"""What is wrong with a request by itself, or with what was asked before."""

from __future__ import annotations

from collections.abc import Sequence

from .base import RequestError, Violation


class NoSuchPath(RequestError):
    """No route has this path."""

    code = "no_such_path"


class UnknownHost(RequestError):
    """The request is for a host that this service is not."""

    code = "unknown_host"


class CrossOriginRefused(RequestError):
    """A page of another origin asks for more than it is allowed to send."""

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
        detail: Which limit.
        unread: Whether the body was not read to its end.
    """

    code = "too_large"

    def __init__(self, detail: str, *, unread: bool = False) -> None:
        super().__init__(detail)
        self.unread = unread


class TooSlow(RequestError):
    """The body did not come in time."""

    code = "too_slow"


class UnsupportedMediaType(RequestError):
    """The body is of a media type that this route does not read."""

    code = "unsupported_media_type"


class UnsupportedEncoding(UnsupportedMediaType):
    """The body has a content coding, which no route reads."""


class NotAcceptable(RequestError):
    """The answer has no media type that the client accepts."""

    code = "not_acceptable"


class Forbidden(RequestError):
    """The caller may not do this by a policy; or the database does not let its role do it, by
    privileges or by row-level security."""

    code = "forbidden"

    def __init__(
        self,
        detail: str = "The database does not allow this",
        violations: Sequence[Violation] = (),
    ) -> None:
        super().__init__(detail, violations)


class PreconditionFailed(RequestError):
    """The row is not as the client has seen it: `If-Match` does not match."""

    code = "changed"


class PreconditionRequired(RequestError):
    """The request may only be made under a condition that it does not state."""

    code = "precondition_required"


class TooManyAffected(RequestError):
    """A change would have affected more rows than the client allows."""

    code = "too_many_affected"


class TooManyIncluded(RequestError):
    """An answer would have included more rows than one may."""

    code = "too_many_included"


class NoLongerKept(RequestError):
    """Changes are asked for that are not kept any more."""

    code = "no_longer_kept"


class KeyReused(RequestError):
    """An `Idempotency-Key` came with another request before."""

    code = "key_reused"


class KeyInFlight(RequestError):
    """The request that came first with an `Idempotency-Key` has not ended yet."""

    code = "key_in_flight"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Answered(RequestError):
    """The application's own code has answered, in place of what was asked for.

    Args:
        status: The status that it gives.
        detail: What it says, as JSON may have it.
        headers: The headers that it adds.
    """

    code = "answered"

    def __init__(
        self, status: int, detail: object, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(str(detail))
        self.status = status
        self.given = detail
        self.headers = tuple(headers)

"""Problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..errors import (
    Answered,
    KeyInFlight,
    MethodNotAllowed,
    RequestError,
    Unavailable,
    UnknownOutcome,
    UnsupportedEncoding,
    Violation,
)
from .answer import Answer
from .links import Headers
from .statuses import status_of, title_of

PROBLEM = "application/problem+json"


def answer_problem(error: RequestError, *, conflict_status: int = 400) -> Answer:
    """Answer with the problem document of an error.

    Args:
        error: The error.
        conflict_status: The status where a unique value is taken or a parent is missing.

    Returns:
        The answer.
    """
    if isinstance(error, Answered):
        return answer_other_problem(error.status, error.given, error.headers, error.violations)
    status = status_of(error.code, conflict_status)
    headers: Headers = ()
    if isinstance(error, (Unavailable, UnknownOutcome, KeyInFlight)):
        headers = ((b"retry-after", b"%d" % error.retry_after_s),)
    if isinstance(error, MethodNotAllowed):
        headers = ((b"allow", ", ".join(error.allowed).encode()),)
    if isinstance(error, UnsupportedEncoding):
        headers = ((b"accept-encoding", b"identity"),)
    members: dict[str, Any] = {"code": error.code}
    if error.detail:
        members["detail"] = error.detail
    if error.violations:
        members["errors"] = [_describe(violation) for violation in error.violations]
    if error.more:
        members["more_errors"] = error.more
    kind = f"urn:modelwire:{error.code}"
    document = {"type": kind, "title": title_of(status), "status": status, **members}
    return _answer(status, document, headers)


def answer_other_problem(
    status: int, detail: Any, headers: Headers = (), violations: Sequence[Violation] = ()
) -> Answer:
    """Answer with the problem document of an `HTTPException` that the application raised.

    Args:
        status: Its status.
        detail: Its detail, as given.
        headers: Its headers.
        violations: The violations that it was raised for, where known.

    Returns:
        The answer.
    """
    title = title_of(status)
    code = title.lower().replace("'", "").replace(" ", "_").replace("-", "_")
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if violations:
        document["errors"] = [_describe(violation) for violation in violations]
    return _answer(status, document, headers)


def _describe(violation: Violation) -> dict[str, Any]:
    where: dict[str, Any] = {}
    if violation.parameter is not None:
        where["parameter"] = violation.parameter
    if violation.pointer is not None:
        where["pointer"] = violation.pointer
    if violation.position is not None:
        where["position"] = violation.position
    return {**where, "code": violation.code, "message": violation.message}


def _answer(status: int, document: dict[str, Any], headers: Headers) -> Answer:
    # Names sent by a client may contain lone surrogates, which ASCII escapes carry safely.
    body = json.dumps(document, default=str).encode()
    return Answer(status, body, ((b"content-type", PROBLEM.encode()), *headers))

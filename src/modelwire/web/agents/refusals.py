"""Refusals of a tool: a problem from the application, or one of the tool's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...errors import ModelwireError
from .surface import Reply

_SHOWN = 500
"""Maximum length of the excerpt from an answer that is not JSON, in characters."""


class Refusal(ModelwireError):
    """A tool can't do what it was called for.

    Args:
        problem: The problem document (RFC 9457).
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail", "")))
        self.problem = problem


class BadArguments(Refusal):
    """The arguments of a tool are wrong, or can't be combined.

    Args:
        detail: What is wrong, and what would be right.
    """

    def __init__(self, detail: str) -> None:
        super().__init__({"code": "invalid_arguments", "detail": detail})


def read_answer(reply: Reply) -> Any:
    """Read the JSON of a response; None where it has no body.

    Raises:
        Refusal: The response is a problem, which is passed on unchanged.
    """
    value = _parse(reply.body)
    if reply.status < 400:
        return value
    if not isinstance(value, dict):
        text = reply.body[:_SHOWN].decode(errors="replace")
        value = {"status": reply.status, "detail": text}
    raise Refusal(value)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None

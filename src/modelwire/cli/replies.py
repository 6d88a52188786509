"""Refusals of applications, worded for the user of a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigurationError, ModelwireError
from .ask import Failed
from .inside import Reply


class Reason(NamedTuple):
    """Reason for a refusal.

    Args:
        pointer: The place of the value in the body; empty where all of it is meant.
        code: The kind of fault.
        message: The fault.
    """

    pointer: str
    code: str
    message: str


def read_reasons(problem: Mapping[str, Any]) -> Sequence[Reason]:
    """Read the reasons of a problem document."""
    found = [
        Reason(str(e.get("pointer", "")), str(e.get("code", "")), str(e.get("message", "")))
        for e in problem.get("errors", ())
        if isinstance(e, dict)
    ]
    code, detail = problem.get("code", ""), problem.get("detail") or problem.get("title") or ""
    return found or [Reason("", str(code), str(detail))]


def refuse(reply: Reply, about: str) -> ModelwireError:
    """Make the error for a refused request: either it was wrong, or it can't be done.

    Args:
        reply: The response.
        about: The subject of the request.
    """
    problem = reply.document
    parameters = [e.get("parameter") for e in problem.get("errors", ()) if isinstance(e, dict)]
    text = f"{about}: {reply.reason}"
    if reply.status in (401, 403):
        text += "; --token or --header sets the caller"
    return ConfigurationError(text) if any(parameters) else Failed(text)

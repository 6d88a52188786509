"""What applications refuse, in the words of whoever runs a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigurationError, ModelwireError
from .ask import Failed
from .inside import Reply


class Reason(NamedTuple):
    """Why something is refused.

    Args:
        pointer: The place of the value in the body; empty where it is about all of it.
        code: What kind of fault it is.
        message: What is wrong.
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
    """Make the error of what was refused: it was asked for wrongly, or can't be done.

    Args:
        reply: The answer.
        about: What it is about.
    """
    problem = reply.document
    parameters = [e.get("parameter") for e in problem.get("errors", ()) if isinstance(e, dict)]
    text = f"{about}: {reply.reason}"
    if reply.status in (401, 403):
        text += "; --token or --header says who asks"
    return ConfigurationError(text) if any(parameters) else Failed(text)

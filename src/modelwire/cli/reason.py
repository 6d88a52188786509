"""Reason for a database's refusal, in the words of its driver."""

from __future__ import annotations


def reason_of(error: BaseException) -> str:
    """Return the driver's message on one line, for the terminal and not for clients."""
    cause = error.__cause__ or error
    original = getattr(cause, "orig", None) or cause
    return " ".join(str(original).split()) or type(original).__name__

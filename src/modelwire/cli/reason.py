"""Why a database refused: its driver's own words."""

from __future__ import annotations


def reason_of(error: BaseException) -> str:
    """The driver's own words, on one line; they go to the terminal, not to a client."""
    cause = error.__cause__ or error
    original = getattr(cause, "orig", None) or cause
    return " ".join(str(original).split()) or type(original).__name__

"""Values that models make themselves: the same for each request, whatever answers it."""

import uuid
from datetime import UTC, datetime, timedelta

_next = 0


def start_from(number: int) -> None:
    """Let what is made from now on begin at a number."""
    global _next  # noqa: PLW0603 - a default factory takes no arguments
    _next = number * 1000


def make_uuid() -> uuid.UUID:
    """Make a key: each as if it was drawn, and always the same ones."""
    global _next  # noqa: PLW0603 - as above
    _next += 1
    return uuid.UUID(int=(_next * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128, version=4)


def make_moment() -> datetime:
    """Make a moment: a second later than the one before."""
    global _next  # noqa: PLW0603 - as above
    _next += 1
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=_next)

"""Who a request comes from, and what statements know of that."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from msgspec import Struct

PREFIX = "me_"
"""Names of the parameters that are bound to a caller's values begin so; no other's does."""


class Caller(Struct, frozen=True):
    """Who a request comes from.

    Args:
        key: What tells one caller from another; None where nobody is told apart.
        values: What statements may compare with, by the names of their parameters.
    """

    key: Hashable = None
    values: Mapping[str, Any] = {}


ANYONE = Caller()
"""A caller of whom nothing is known. A statement that asks for something does not run."""

"""The order in which sets are stored, and written.

Python keeps a set in an order that differs from process to process, as the hashes of texts do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def put_in_order(values: Iterable[Any]) -> list[Any]:
    """The items of a set in the one order that it is stored and written in."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)

"""Stored values that are invalid for their column's type."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic_core import to_jsonable_python


class Octets(bytes):
    """The bytes of a text that is not valid in its encoding."""


class Unreadable:
    """Stored value that is invalid for its column's type.

    Examples are a member of an enum that is newer than the code, a text that is not UTF-8, and a
    date before the year 1.

    Args:
        stored: The value as the driver returns it.
    """

    __slots__ = ("stored",)

    def __init__(self, stored: Any) -> None:
        self.stored = stored

    def __repr__(self) -> str:
        return f"Unreadable({self.stored!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unreadable) and self.stored == other.stored

    def __hash__(self) -> int:
        return hash(self.stored)

    def __str__(self) -> str:
        """Return the stored value as a text."""
        if isinstance(self.stored, bytes):
            return self.stored.decode(errors="replace")
        return str(to_jsonable_python(self.stored, fallback=str, inf_nan_mode="strings"))


class SpelledUUID(uuid.UUID):
    """UUID that another program has stored in a spelling other than the column's own.

    It equals any UUID of the same value. A database without a UUID type orders it by its spelling.

    Args:
        stored: Its spelling.
    """

    __slots__ = ("stored",)
    stored: str

    def __init__(self, stored: str) -> None:
        super().__init__(stored)
        object.__setattr__(self, "stored", stored)

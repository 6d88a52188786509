"""Values that a database holds and that are none of their field's."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic_core import to_jsonable_python


class Octets(bytes):
    """The bytes of a text that is none in its encoding."""


class Unreadable:
    """A stored value that can't be read as one of its column's type.

    It may be a member of an enum that is newer than the code, a text that is no UTF-8, or a date
    before the year 1.

    Args:
        stored: What the driver gives for it.
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
        """The value as the database has it, as a text."""
        if isinstance(self.stored, bytes):
            return self.stored.decode(errors="replace")
        return str(to_jsonable_python(self.stored, fallback=str, inf_nan_mode="strings"))


class SpelledUUID(uuid.UUID):
    """A UUID that somebody else has written, in another spelling than its column's own.

    It is the same as any other of its value. A database that has no such type orders it by how it
    is spelled.

    Args:
        stored: How it is spelled.
    """

    __slots__ = ("stored",)
    stored: str

    def __init__(self, stored: str) -> None:
        super().__init__(stored)
        object.__setattr__(self, "stored", stored)

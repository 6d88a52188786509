"""What is told of a copy while it runs."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told of a copy as it goes on."""

    shown: bool
    """Whether anybody looks; totals are not counted for nobody."""

    def begin(self, what: str, rows: int | None, done: int = 0) -> None:
        """Begin with something, such as `Copying books`; of so many rows some are done."""

    def advance(self, rows: int) -> None:
        """Some more rows are done."""


class Silent:
    """A progress that nobody looks at."""

    shown = False

    def begin(self, what: str, rows: int | None, done: int = 0) -> None:
        """Begin with something."""

    def advance(self, rows: int) -> None:
        """Some more rows are done."""

"""Reports of the progress of a copy."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receiver of the progress of a copy."""

    shown: bool
    """Whether progress is shown; totals are only counted if it is."""

    def begin(self, what: str, rows: int | None, done: int = 0) -> None:
        """Begin a task, such as `Copying books`, of a number of rows, some of which are done."""

    def advance(self, rows: int) -> None:
        """Report that more rows are done."""


class Silent:
    """Progress that is shown nowhere."""

    shown = False

    def begin(self, what: str, rows: int | None, done: int = 0) -> None:
        """Begin a task."""

    def advance(self, rows: int) -> None:
        """Report that more rows are done."""

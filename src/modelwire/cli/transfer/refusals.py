"""Rows that were refused, and the file that keeps them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from ..ask import Failed
from ..replies import Reason
from .files import check_new
from .readers import Line

SHOWN = 10
"""Number of refusals that are shown; the rest are counted."""


class Refusal(NamedTuple):
    """Row that was refused.

    Args:
        line: The row.
        reasons: The reasons; their pointers lead into the row.
    """

    line: Line
    reasons: Sequence[Reason]

    def __str__(self) -> str:
        shown = "; ".join(
            f"{reason.pointer.strip('/')}: {reason.message}" if reason.pointer else reason.message
            for reason in self.reasons
        )
        return f"line {self.line.number}: {shown}"


class Refusals:
    """Count of refusals, with the first of them, and all in a file if there is one.

    Args:
        file: The file for them, as JSON lines.

    Attributes:
        count: Their number.
        first: The first ones, as they are shown.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file
        self.count = 0
        self.first: list[str] = []

    @property
    def are_kept(self) -> bool:
        """Whether they are written into a file."""
        return self._file is not None

    def add(self, refusals: Sequence[Refusal]) -> None:
        """Add refusals."""
        self.count += len(refusals)
        self.first += [str(refusal) for refusal in refusals[: SHOWN - len(self.first)]]
        if self._file is not None:
            self._file.writelines(map(_write, refusals))

    def save(self) -> int:
        """Flush the file to disk; return its length in bytes."""
        if self._file is None:
            return 0
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()


def _write(refusal: Refusal) -> bytes:
    record = {
        "line": refusal.line.number,
        "row": msgspec.Raw(refusal.line.body),
        "errors": [reason._asdict() for reason in refusal.reasons],
    }
    return msgspec.json.encode(record) + b"\n"


@contextmanager
def keeping(path: Path | None, *, start: int | None, replaces: bool) -> Iterator[Refusals]:
    """Keep refusals in a file, which only its owner can read: rows may hold secrets.

    Args:
        path: The file; None for none.
        start: The length of what is kept of an existing file; None if there should be none.
        replaces: Whether an existing one is replaced.

    Yields:
        The receiver of refusals.

    Raises:
        ConfigurationError: The file exists already.
        Failed: It can't be written.
    """
    if path is None:
        yield Refusals()
        return
    if start is None:
        check_new(path, replaces=replaces)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with open(descriptor, "wb") as file:
            if os.fstat(descriptor).st_size < (start or 0):
                raise Failed(f"{path} is not what this import has kept in it so far")
            file.truncate(start or 0)
            file.seek(start or 0)
            yield Refusals(file)
    except OSError as exc:
        raise Failed(f"{path} can't be written: {exc.strerror or exc}") from exc

"""Writes the parts of a stream into a file of some format, and counts its rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

import msgspec

from ..ask import Failed
from .formats import Format

_LONGEST_END = 40
"""Bytes of the longest line that ends a stream."""

_ENDS = {
    Format.CSV: re.compile(rb"#rows,(\d+)\r\n$"),
    Format.JSONL: re.compile(rb'\{"\$rows":(\d+)\}\n$'),
}

_BROKEN = "The stream was broken off"


class Writer(Protocol):
    """Takes the parts of a stream, and counts its rows.

    Attributes:
        rows: How many rows have come.
    """

    rows: int

    def take(self, part: bytes) -> None:
        """Take the next part.

        Raises:
            Failed: The file can't hold what is in it.
        """

    def finish(self) -> None:
        """Write what is left.

        Raises:
            Failed: The stream has had no end.
        """


class RowWriter(Protocol):
    """Writes rows in a format whose columns have types."""

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows.

        Raises:
            Failed: The format can't hold a value.
        """

    def close(self) -> None:
        """Write what is left."""


class Passing:
    """Writes a stream as it comes, but for the line that ends it.

    Args:
        file: Where it goes.
        format_: The format of the stream.
    """

    def __init__(self, file: BinaryIO, format_: Format) -> None:
        self._file = file
        self._end = _ENDS[format_]
        self._kept = b""
        self.rows = 0

    def take(self, part: bytes) -> None:
        """Take the next part; so much is kept as may be the end."""
        self.rows += part.count(b"\n")
        whole = self._kept + part
        cut = max(len(whole) - _LONGEST_END, 0)
        self._file.write(whole[:cut])
        self._kept = whole[cut:]

    def finish(self) -> None:
        """Write what was kept, without the line that ends the stream and counts its rows."""
        end = self._end.search(self._kept)
        if end is None:
            raise Failed(_BROKEN)
        self._file.write(self._kept[: end.start()])
        self.rows = int(end[1])


class Parsing:
    """Takes a stream of JSON lines apart, and writes its rows.

    Args:
        writer: Writes them.
    """

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._kept = b""
        self._count: int | None = None
        self.rows = 0

    def take(self, part: bytes) -> None:
        """Take the next part, and write the rows that end in it."""
        whole, newline, self._kept = (self._kept + part).rpartition(b"\n")
        if not newline:
            return
        rows = [self._decoder.decode(line) for line in whole.split(b"\n")]
        if rows[-1].keys() == {"$rows"}:
            self._count = rows.pop()["$rows"]
        self.rows += len(rows)
        if rows:
            self._writer.write(rows)

    def finish(self) -> None:
        """Check that all rows have come."""
        if self._count != self.rows:
            raise Failed(_BROKEN)
        self._writer.close()


class Known(Exception):
    """All that was wanted of a stream is known."""


class Header:
    """Takes the first line of a stream of CSV.

    Raises:
        Known: It is there.
    """

    def __init__(self) -> None:
        self._text = b""

    def take(self, part: bytes) -> None:
        """Take the next part."""
        self._text += part
        if b"\n" in part:
            raise Known

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        return next(csv.reader([self._text.decode().partition("\r\n")[0]]), [])


def as_text(value: Any) -> str | None:
    """A value as a text: null is none, a text is itself, and anything else its JSON."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()

"""Writers of a stream's parts into a file of some format, which count rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

import msgspec

from ..ask import Failed
from .formats import Format

_LONGEST_END = 40
"""Length in bytes of the longest line that ends a stream."""

_ENDS = {
    Format.CSV: re.compile(rb"#rows,(\d+)\r\n$"),
    Format.JSONL: re.compile(rb'\{"\$rows":(\d+)\}\n$'),
}

_BROKEN = "The stream was broken off"


class Writer(Protocol):
    """Receiver of a stream's parts, which counts its rows.

    Attributes:
        rows: The number of rows so far.
    """

    rows: int

    def take(self, part: bytes) -> None:
        """Take the next part.

        Raises:
            Failed: The file can't hold a value in it.
        """

    def finish(self) -> None:
        """Write what is left.

        Raises:
            Failed: The stream ended early.
        """


class RowWriter(Protocol):
    """Writer of rows in a format with typed columns."""

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows.

        Raises:
            Failed: The format can't hold a value.
        """

    def close(self) -> None:
        """Write what is left."""


class Passing:
    """Writer that copies a stream as it comes, but for its final line.

    Args:
        file: The file to write.
        format_: The format of the stream.
    """

    def __init__(self, file: BinaryIO, format_: Format) -> None:
        self._file = file
        self._end = _ENDS[format_]
        self._kept = b""
        self.rows = 0

    def take(self, part: bytes) -> None:
        """Take the next part; keep back as much as may be the final line."""
        self.rows += part.count(b"\n")
        whole = self._kept + part
        cut = max(len(whole) - _LONGEST_END, 0)
        self._file.write(whole[:cut])
        self._kept = whole[cut:]

    def finish(self) -> None:
        """Write what was kept back, without the final line, which counts the rows."""
        end = self._end.search(self._kept)
        if end is None:
            raise Failed(_BROKEN)
        self._file.write(self._kept[: end.start()])
        self.rows = int(end[1])


class Parsing:
    """Parser of a stream of JSON lines, which writes its rows.

    Args:
        writer: The writer of the rows.
    """

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._kept = b""
        self._count: int | None = None
        self.rows = 0

    def take(self, part: bytes) -> None:
        """Take the next part, and write the rows that are complete."""
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
    """Signal that enough of a stream is known."""


class Header:
    """Reader of the first line of a CSV stream.

    Raises:
        Known: The line is complete.
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
        """Names of the columns."""
        return next(csv.reader([self._text.decode().partition("\r\n")[0]]), [])


def as_text(value: Any) -> str | None:
    """Return a value as text: null is none, a text is itself, and anything else its JSON."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()

"""Rows as CSV (RFC 4180), made of the JSON that they are otherwise: one way to write each value."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

import msgspec

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a text starts with that a spreadsheet takes for a formula (OWASP, CSV injection)."""

_WHOLE_SECOND = re.compile(r"((?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?")

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


Write = Callable[[msgspec.Raw | None], str]


class Sheet:
    """Writes rows as lines of CSV.

    Null is empty, a text is itself, and anything else is its JSON. Moments and times of day have
    six digits of a second, those of whole seconds too: what reads a column finds out its format by
    the first cells, and takes the column for text where others differ.

    Args:
        names: The columns, in their order.
        times: Those of them that hold moments or times of day.
        escape_formulas: Whether a text that a spreadsheet would take for a formula gets an
            apostrophe in front.
    """

    def __init__(
        self, names: Sequence[str], times: Collection[str], *, escape_formulas: bool = False
    ) -> None:
        self._names = names
        write = _write_harmless if escape_formulas else _write_cell
        self._columns = [(n, partial(_write_time, write) if n in times else write) for n in names]

    @property
    def header(self) -> bytes:
        """The names of the columns, as the first line."""
        return _write([self._names])

    def write(self, lines: bytes) -> bytes:
        """Write rows.

        Args:
            lines: The rows as JSON objects, each on a line.
        """
        rows = map(_decoder.decode, lines.splitlines())
        return _write([write(row.get(name)) for name, write in self._columns] for row in rows)


def _write(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _write_cell(value: msgspec.Raw | None) -> str:
    text = "" if value is None else bytes(value).decode()
    if text == "null":
        return ""
    return msgspec.json.decode(text, type=str) if text.startswith('"') else text


def _write_harmless(value: msgspec.Raw | None) -> str:
    text = _write_cell(value)
    is_text = value is not None and bytes(value).startswith(b'"')
    return f"'{text}" if is_text and text.startswith(_FORMULA) else text


def _write_time(write: Write, value: msgspec.Raw | None) -> str:
    text = write(value)
    found = _WHOLE_SECOND.fullmatch(text)
    return f"{found[1]}.000000{found[2] or ''}" if found else text

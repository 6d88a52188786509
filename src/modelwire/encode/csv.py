"""Rows as CSV (RFC 4180), derived from their JSON, so that each value is written in one way."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

import msgspec

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of a text that a spreadsheet evaluates as a formula (OWASP, CSV injection)."""

_WHOLE_SECOND = re.compile(r"((?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?")

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


Write = Callable[[msgspec.Raw | None], str]


class Sheet:
    """Writer of rows as lines of CSV.

    Null is empty, a text is itself, and any other value is its JSON. Datetimes and times always
    have six digits of a second, even where these are zero: readers guess the format of a column
    from its first cells, and treat the column as text where later cells differ.

    Args:
        names: The columns, in order.
        times: Those columns that hold datetimes or times.
        escape_formulas: Whether a text that a spreadsheet would evaluate as a formula gets a
            leading apostrophe.
    """

    def __init__(
        self, names: Sequence[str], times: Collection[str], *, escape_formulas: bool = False
    ) -> None:
        self._names = names
        write = _write_harmless if escape_formulas else _write_cell
        self._columns = [(n, partial(_write_time, write) if n in times else write) for n in names]

    @property
    def header(self) -> bytes:
        """Names of the columns, as the first line."""
        return _write([self._names])

    def write(self, lines: bytes) -> bytes:
        """Write rows.

        Args:
            lines: The rows as JSON objects, one per line.
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

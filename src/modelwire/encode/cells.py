"""Rows as CSV (RFC 4180), made of the JSON that they are otherwise: one way to write each value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a text starts with that a spreadsheet takes for a formula (OWASP, CSV injection)."""

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def write_header(names: Sequence[str]) -> bytes:
    """Write the names of the columns as the first line."""
    return _write([names])


def write_csv(lines: bytes, names: Sequence[str], *, escape_formulas: bool = False) -> bytes:
    """Write rows.

    Args:
        lines: The rows as JSON objects, each on a line.
        names: The columns, in their order.
        escape_formulas: Whether a text that a spreadsheet would take for a formula gets an
            apostrophe in front.

    Returns:
        The lines of CSV. Null is empty, a text is itself, and anything else is its JSON.
    """
    rows = map(_decoder.decode, lines.splitlines())
    return _write([_write_cell(row.get(n), escape_formulas) for n in names] for row in rows)


def _write(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _write_cell(value: msgspec.Raw | None, escape_formulas: bool) -> str:
    text = "" if value is None else bytes(value).decode()
    if text == "null":
        return ""
    if not text.startswith('"'):
        return text
    text = msgspec.json.decode(text, type=str)
    return f"'{text}" if escape_formulas and text.startswith(_FORMULA) else text

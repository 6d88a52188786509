"""Readers of files that return rows in the JSON of requests."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, BinaryIO

import msgspec

from ...catalog.tables import Table
from ..ask import Failed
from .columns import Cells, read_header
from .files import seekable
from .formats import Format

_NULL = msgspec.Raw(b"null")
_LONGEST_CELL = 2**31 - 1


class Line(msgspec.Struct, frozen=True, gc=False):
    """Row of a file.

    Args:
        number: The line that it starts on, from 1; the row of a sheet, or of a Parquet file.
        body: The row as JSON; if it can't be sent, as much of it as can be shown.
        fault: The reason why it can't be sent.
    """

    number: int
    body: bytes
    fault: str | None = None


def read_lines(
    file: BinaryIO, format_: Format, table: Table, left_out: frozenset[str]
) -> Iterator[Line]:
    """Read the rows of a file, one after another.

    Args:
        file: The file, decompressed.
        format_: Its format.
        table: The resource to import into.
        left_out: The columns to ignore.

    Raises:
        ConfigurationError: It has another format, or a column that can't be set.
        Failed: It is damaged.
    """
    if format_ is Format.JSONL:
        yield from _read_jsonl(file, left_out)
    elif format_ is Format.CSV:
        yield from _read_csv(file, table, left_out)
    else:
        with seekable(file) as source:
            rows = _open_rows(format_)(source)
            columns = read_header(table, list(map(str, next(rows))), left_out)
            yield from _read_typed(rows, columns, left_out, is_sheet=format_ is Format.EXCEL)


def _read_jsonl(file: BinaryIO, left_out: frozenset[str]) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    for number, line in enumerate(file, 1):
        body = line.strip()
        if not body:
            continue
        try:
            body.decode()
            row = decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield Line(number, _quote(body.decode(errors="replace")), "is no JSON object")
            continue
        if left_out and not left_out.isdisjoint(row):
            kept = {name: value for name, value in row.items() if name not in left_out}
            body = msgspec.json.encode(kept)
        yield Line(number, body)


def _read_csv(file: BinaryIO, table: Table, left_out: frozenset[str]) -> Iterator[Line]:
    """Read CSV (RFC 4180) whose first line names the columns."""
    # Invalid UTF-8 is reported with its line, when that is to be sent.
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text, strict=True)
    try:
        columns = read_header(table, next(reader, []), left_out)
        yield from _read_cells(reader, columns, left_out)
    except csv.Error as exc:
        raise Failed(f"Line {reader.line_num} is no CSV: {exc}") from None
    finally:
        text.detach()


def _read_cells(reader: Any, columns: Sequence[Cells], left_out: frozenset[str]) -> Iterator[Line]:
    encode = msgspec.json.Encoder().encode
    names, width = [column.name for column in columns], len(columns)
    nulls = [(i, column.name) for i, column in enumerate(columns) if column.takes_null]
    documents = [i for i, column in enumerate(columns) if column.holds_json]
    skipped = [i for i, name in enumerate(names) if name in left_out]
    start = reader.line_num + 1
    for cells in reader:
        number, start = start, reader.line_num + 1
        if len(cells) != width:
            if cells:  # skip empty lines
                fault = f"has {len(cells)} cells where there are {width} columns"
                yield Line(number, _quote(cells), fault)
            continue
        row = dict(zip(names, cells, strict=True))
        for i in documents:
            row[names[i]] = _read_document(cells[i])
        if "" in cells:
            row.update({name: None for i, name in nulls if not cells[i]})
        for i in skipped:
            del row[names[i]]
        try:
            yield Line(number, encode(row))
        except UnicodeEncodeError:
            yield Line(number, _quote(cells), "is no UTF-8")


def _read_document(text: str) -> object:
    """Return a cell of a JSON column; invalid JSON is text, which exports write unquoted."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return msgspec.Raw(text.encode())


Rows = Iterator[Sequence[object]]


def _open_rows(format_: Format) -> Callable[[IO[bytes]], Rows]:
    if format_ is Format.PARQUET:
        from .parquet import read_parquet  # noqa: PLC0415 - it imports pyarrow

        return read_parquet
    from .excel import read_excel  # noqa: PLC0415 - it imports openpyxl

    return read_excel


def _read_typed(
    rows: Rows, columns: Sequence[Cells], left_out: frozenset[str], *, is_sheet: bool
) -> Iterator[Line]:
    """Read rows whose cells have types.

    In a sheet, the first row names the columns, and a cell without a value is as empty as one of
    CSV.
    """
    encode = msgspec.json.Encoder().encode
    kept = [(i, column) for i, column in enumerate(columns) if column.name not in left_out]
    read = [(i, column) for i, column in kept if not column.is_plain]
    for number, cells in enumerate(rows, 2 if is_sheet else 1):
        row = {column.name: cells[i] for i, column in kept}
        for i, column in read:
            row[column.name] = _read_typed_cell(cells[i], column)
        if is_sheet:
            if all(cell is None for cell in cells):
                continue
            blank = {c.name: "" for i, c in kept if cells[i] is None and not c.takes_null}
            row.update(blank)
        yield Line(number, encode(row))


def _read_typed_cell(value: object, column: Cells) -> object:
    if isinstance(value, dt.datetime):
        if column.is_date:
            return value.date()
        return value.replace(tzinfo=dt.UTC) if column.is_aware and value.tzinfo is None else value
    if isinstance(value, str) and column.holds_json:
        return _read_document(value)
    if column.is_text and isinstance(value, (int, float)):
        return str(value)
    return value


def _quote(value: object) -> bytes:
    """Return a value that can't be sent, as far as JSON can show it."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return b"null"

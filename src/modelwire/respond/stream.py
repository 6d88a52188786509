"""Streamed responses, whose end is unambiguous."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from typing import Any, Protocol

from ..encode.csv import Sheet
from ..observe.exchange import encoding
from ..request.headers import Format
from .answer import StreamAnswer
from .links import Headers


class Encoder(Protocol):
    """Encoder of rows, as those of `encode`."""

    names: Sequence[str]
    times: Collection[str]

    def encode_many(self, rows: Sequence[Any], branches: Sequence[Any]) -> bytes: ...

    def encode_lines(self, rows: Sequence[Any], branches: Sequence[Any]) -> bytes: ...


END_MARKER = "end-marker"
"""Preference for a last line with the number of rows."""

_LINES_END = b'{"$rows":%d}\n'
_SHEET_END = b"#rows,%d\r\n"

Batch = tuple[Sequence[Any], Sequence[Any]]

_TYPES = {Format.CSV: "text/csv; charset=utf-8; header=present"}


def type_of(format_: Format) -> bytes:
    """Return the media type of a format, as in `Content-Type`."""
    return _TYPES.get(format_, format_.value).encode()


def answer_stream(
    format_: Format,
    first: Batch,
    rest: AsyncGenerator[Batch, None],
    encoder: Encoder,
    *,
    escape_formulas: bool = False,
    marks_end: bool = False,
) -> StreamAnswer:
    """Answer with rows as they are read.

    Args:
        format_: The format.
        first: The first batch.
        rest: The batches after it. An error while they are read leaves the body without its end.
        encoder: The encoder of the rows.
        escape_formulas: Whether CSV escapes texts that a spreadsheet would evaluate.
        marks_end: Whether JSON lines and CSV end with a line with the number of rows.

    Returns:
        The answer.
    """
    batches = _chain(first, rest)
    if format_ is Format.JSON:
        parts = _write_array(batches, encoder)
    elif format_ is Format.CSV:
        sheet = Sheet(encoder.names, encoder.times, escape_formulas=escape_formulas)
        parts = _write_sheet(batches, encoder, sheet, _SHEET_END * marks_end)
    else:
        parts = _write_lines(batches, encoder, _LINES_END * marks_end)
    headers: Headers = (
        (b"content-type", type_of(format_)),
        (b"vary", b"Accept, Prefer"),
    )
    if marks_end and format_ is not Format.JSON:
        headers = (*headers, (b"preference-applied", END_MARKER.encode()))
    return StreamAnswer(200, parts, headers)


async def _chain(first: Batch, rest: AsyncGenerator[Batch, None]) -> AsyncIterator[Batch]:
    yield first
    async for batch in rest:
        yield batch


async def _write_array(batches: AsyncIterator[Batch], encoder: Encoder) -> AsyncIterator[bytes]:
    before = b"["
    encode = encoding(encoder.encode_many)
    async for rows, branches in batches:
        if rows:
            yield before + encode(rows, branches)[1:-1]
            before = b","
    yield b"]" if before == b"," else b"[]"


async def _write_lines(
    batches: AsyncIterator[Batch], encoder: Encoder, end: bytes
) -> AsyncIterator[bytes]:
    encode = encoding(encoder.encode_lines)
    count = 0
    async for rows, branches in batches:
        count += len(rows)
        if rows:
            yield encode(rows, branches)
    if end:
        yield end % count


async def _write_sheet(
    batches: AsyncIterator[Batch], encoder: Encoder, sheet: Sheet, end: bytes
) -> AsyncIterator[bytes]:
    def write(rows: Sequence[Any], branches: Sequence[Any]) -> bytes:
        return sheet.write(encoder.encode_lines(rows, branches))

    encode = encoding(write)
    yield sheet.header
    count = 0
    async for rows, branches in batches:
        count += len(rows)
        yield encode(rows, branches)
    if end:
        yield end % count

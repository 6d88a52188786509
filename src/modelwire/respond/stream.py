"""Streams: a body sent in parts, whose end can't be mistaken."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, Protocol

from ..request import Format
from .answer import StreamAnswer


class Encoder(Protocol):
    """What writes rows; those of `encode` do."""

    def encode_many(self, rows: Sequence[Any], branches: Sequence[Any]) -> bytes: ...

    def encode_lines(self, rows: Sequence[Any], branches: Sequence[Any]) -> bytes: ...


Batch = tuple[Sequence[Any], Sequence[Any]]


def answer_stream(
    format_: Format, first: Batch, rest: AsyncGenerator[Batch, None], encoder: Encoder
) -> StreamAnswer:
    """Answer with rows as they are read.

    Args:
        format_: The format.
        first: The first batch.
        rest: The batches after it. An error in them leaves the body without its end.
        encoder: Writes the rows.

    Returns:
        The answer.
    """
    write = _write_array if format_ is Format.JSON else _write_lines
    parts = write(_chain(first, rest), encoder)
    return StreamAnswer(200, parts, (("content-type", format_.value), ("vary", "Accept")))


async def _chain(first: Batch, rest: AsyncGenerator[Batch, None]) -> AsyncIterator[Batch]:
    yield first
    async for batch in rest:
        yield batch


async def _write_array(batches: AsyncIterator[Batch], encoder: Encoder) -> AsyncIterator[bytes]:
    before = b"["
    async for rows, branches in batches:
        if rows:
            yield before + encoder.encode_many(rows, branches)[1:-1]
            before = b","
    yield b"]" if before == b"," else b"[]"


async def _write_lines(batches: AsyncIterator[Batch], encoder: Encoder) -> AsyncIterator[bytes]:
    async for rows, branches in batches:
        if rows:
            yield encoder.encode_lines(rows, branches)

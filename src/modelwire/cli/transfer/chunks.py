"""Rows in pieces of which each is one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .readers import Line


class Size(NamedTuple):
    """How much one request may have.

    Args:
        rows: Rows.
        bytes: Bytes of the body.
    """

    rows: int
    bytes: int


def cut(lines: Iterable[Line], size: Size) -> Iterator[Sequence[Line]]:
    """Cut rows into pieces. A row that is too large for any request is a piece of its own.

    Args:
        lines: The rows.
        size: How much a piece may have.
    """
    piece: list[Line] = []
    length = 2
    for line in lines:
        grown = length + len(line.body) + 1
        if piece and (grown > size.bytes or len(piece) == size.rows):
            yield piece
            piece, grown = [], 3 + len(line.body)
        piece.append(line)
        length = grown
    if piece:
        yield piece


def write_body(piece: Sequence[Line]) -> bytes:
    """Write the body of the request of a piece."""
    return b"[" + b",".join([line.body for line in piece]) + b"]"

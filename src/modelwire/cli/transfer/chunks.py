"""Division of rows into pieces, each for one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .readers import Line


class Size(NamedTuple):
    """Maximum size of one request.

    Args:
        rows: Rows.
        bytes: Bytes of the body.
    """

    rows: int
    bytes: int


def cut(lines: Iterable[Line], size: Size) -> Iterator[Sequence[Line]]:
    """Cut rows into pieces; a row that is too large for any request is a piece of its own.

    Args:
        lines: The rows.
        size: The maximum size of a piece.
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
    """Write the body of the request for a piece."""
    return b"[" + b",".join([line.body for line in piece]) + b"]"

"""Encoding of a request's rows with their includes."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.tables import Table
from ..encode.encoder import encoder_of
from ..encode.tree import Branch
from ..execute.connect.lane import Row
from ..observe.exchange import encoding
from ..respond.answer import entity_tag
from ..shape.parts import Include, Projection, whole_row
from ..shape.reads import SelectShape


@encoding
def encode_row(
    table: Table,
    row: Row,
    branches: Sequence[Branch],
    includes: tuple[Include, ...],
    read: Projection | None = None,
) -> tuple[bytes, str]:
    """Write one row, and make its entity tag."""
    body = encoder_of(table, includes, read).encode_one(row, branches)
    if read is not None:
        # The tag covers the whole row, whatever is shown of it.
        positions = read.positions
        row = [row[positions[field]] for field in table.selected]
    more = b""
    if includes or (read is None and table.shows_computed):
        more = body
    elif table.computed:
        more = encoder_of(table, (), whole_row(table)).encode_one(row)
    return body, entity_tag(tagged(table, row), more)


def tagged(table: Table, row: Row) -> Row:
    """Return the part of a row that its entity tag covers: its fields as clients see them.

    A digest of hidden values would let clients guess them. Computed fields are covered by the other
    half of the tag, since they may change by themselves, or with other rows.
    """
    if not table.masked:
        return row[: table.shown_columns]
    own = Projection(table.selected, table.shown_columns)
    return (encoder_of(table, (), own).encode_one(row),)


@encoding
def encode_rows(
    shape: SelectShape,
    rows: Sequence[Row],
    branches: Sequence[Branch],
    includes: tuple[Include, ...],
) -> bytes:
    """Write many rows."""
    encoder = encoder_of(shape.table, includes, shape.projection)
    return encoder.encode_many(own_columns(shape, rows), branches)


@encoding
def encode_each(
    table: Table, rows: Sequence[Row], branches: Sequence[Branch], includes: tuple[Include, ...]
) -> list[bytes]:
    """Write many rows, each by itself."""
    # JSON escapes line ends in strings, so each row is one line.
    return encoder_of(table, includes).encode_lines(rows, branches).split(b"\n")[:-1]


def own_columns(shape: SelectShape, rows: Sequence[Row]) -> Sequence[Row]:
    """Return rows without the columns that were read in addition to their own."""
    if not (shape.traces or shape.joined) and shape.after is None:
        return rows
    width = len(shape.read.fields)
    return [row[:width] for row in rows]

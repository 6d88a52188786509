"""Rows as bytes. Pure."""

from __future__ import annotations

from ..catalog.tables import Table
from ..memory import kept
from ..shape.parts import Include, Projection
from .schemas import SchemaEncoder
from .structs import StructEncoder, can_encode

Encoder = StructEncoder | SchemaEncoder


@kept
def encoder_of(
    table: Table, includes: tuple[Include, ...] = (), read: Projection | None = None
) -> Encoder:
    """Return the encoder of a table's rows with given includes; made once for each shape.

    Args:
        table: The table.
        includes: The includes of its rows.
        read: The columns that are read and shown; the whole row by default.

    Returns:
        The encoder.
    """
    if can_encode(table, includes):
        return StructEncoder(table, includes, read)
    return SchemaEncoder(table, includes, read)

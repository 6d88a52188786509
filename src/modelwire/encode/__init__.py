"""Rows as bytes. Pure."""

from __future__ import annotations

from functools import lru_cache

from ..catalog import Table
from ..plan.shapes import Include
from .schemas import SchemaEncoder
from .structs import StructEncoder, can_encode
from .tree import Branch

Encoder = StructEncoder | SchemaEncoder


@lru_cache(maxsize=512)
def encoder_of(table: Table, includes: tuple[Include, ...] = ()) -> Encoder:
    """The encoder of a table's rows with given includes; made once for each shape."""
    if can_encode(table, includes):
        return StructEncoder(table, includes)
    return SchemaEncoder(table, includes)


__all__ = ["Branch", "Encoder", "SchemaEncoder", "StructEncoder", "encoder_of"]

"""Rows as bytes. Pure."""

from .rows import RowEncoder, encoder_of
from .tree import Branch

__all__ = ["Branch", "RowEncoder", "encoder_of"]

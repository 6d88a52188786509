"""Undocumented parts of SQLModel: the types of its columns, and its own mark on fields.

Tried with 0.0.45 to 0.0.50. `FieldInfoMetadata` is among the constraints of a field that has
arguments for its column. `AutoString` is the type of text that declares none, and `UTCDateTime`
that of a moment.
"""

from __future__ import annotations

from sqlmodel.main import FieldInfoMetadata
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["AutoString", "FieldInfoMetadata", "UTCDateTime"]

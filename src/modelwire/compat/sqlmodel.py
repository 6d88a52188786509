"""What SQLModel documents nowhere: the types of its columns, and a mark of its own on fields.

Tried with 0.0.45 to 0.0.50. `FieldInfoMetadata` stands among the constraints of a field that has
arguments for its column. `AutoString` is the type of a text without one, and `UTCDateTime` that of
a moment.
"""

from __future__ import annotations

from sqlmodel.main import FieldInfoMetadata
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["AutoString", "FieldInfoMetadata", "UTCDateTime"]

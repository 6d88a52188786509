"""Undocumented parts of SQLModel: the types of its columns, and its own mark on fields.

Tried with 0.0.45 to 0.0.50. `FieldInfoMetadata` is among the constraints of a field that has
arguments for its column. `AutoString` is the type of text that declares none, and `UTCDateTime`
that of a moment. `__sqlmodel_relationships__` has the relationships of a class, which SQLAlchemy's
mapper tells only once all classes that they refer to are known.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import SQLModel
from sqlmodel.main import FieldInfoMetadata
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

__all__ = ["AutoString", "FieldInfoMetadata", "UTCDateTime", "relationships_of"]


def relationships_of(model: type[SQLModel]) -> Collection[str]:
    """Return the names of a class's relationships, whether or not it is mapped completely."""
    return model.__sqlmodel_relationships__

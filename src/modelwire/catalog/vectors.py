"""Columns of pgvector: arrays of numbers of fixed length. They are recognised without importing
it."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len
from sqlalchemy.types import TypeEngine

from .kinds import storage_type

_DENSE = frozenset({"VECTOR", "HALFVEC"})
"""Types that store every number. Other types are sparse or store bits."""


def is_vector(sql_type: TypeEngine[Any]) -> bool:
    """Whether a column's type stores vectors."""
    cls = type(storage_type(sql_type))
    return cls.__module__.startswith("pgvector.") and cls.__name__.upper() in _DENSE


def length_of(sql_type: TypeEngine[Any]) -> int | None:
    """Return the length that a vector type declares, if any."""
    length: int | None = getattr(storage_type(sql_type), "dim", None)
    return length


def annotate_vector(sql_type: TypeEngine[Any]) -> Any:
    """Return the annotation of a vector column, whatever its model has."""
    length = length_of(sql_type)
    return list[float] if length is None else Annotated[list[float], Len(length, length)]

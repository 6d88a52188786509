"""Columns of pgvector: arrays of numbers of one length. They are known without importing it."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len
from sqlalchemy.types import TypeEngine

from .kinds import storage_type

_DENSE = frozenset({"VECTOR", "HALFVEC"})
"""Types that store every number. A sparse one stores some, and others store bits."""


def is_vector(sql_type: TypeEngine[Any]) -> bool:
    """Whether a column's type stores vectors."""
    cls = type(storage_type(sql_type))
    return cls.__module__.startswith("pgvector.") and cls.__name__.upper() in _DENSE


def length_of(sql_type: TypeEngine[Any]) -> int | None:
    """The length that a type of vectors declares, if any."""
    length: int | None = getattr(storage_type(sql_type), "dim", None)
    return length


def annotate_vector(sql_type: TypeEngine[Any]) -> Any:
    """The annotation of a column of vectors, whatever its model says."""
    length = length_of(sql_type)
    return list[float] if length is None else Annotated[list[float], Len(length, length)]

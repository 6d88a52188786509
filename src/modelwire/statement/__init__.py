"""Shapes as SQL, through SQLAlchemy's expression language; built once per shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy.sql.base import Executable

from ..plan.shapes import (
    CountShape,
    DeleteShape,
    FindShape,
    InsertShape,
    RelatedShape,
    SelectShape,
    Shape,
    UpdateShape,
)
from .lists import bind_lists
from .operators import LOWER, Prepare
from .select import build_count, build_related, build_select
from .write import build_delete, build_find, build_insert, build_update, value_name

Values = Mapping[str, Any]

CACHED_SHAPES = 1024
"""Statements that are kept for each application; the least recently used one goes first."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with the preparation of its parameters.

    Args:
        sql: The statement.
        prepare: What is done to the value of a parameter before it is bound.
    """

    sql: Executable
    prepare: Mapping[str, Prepare] = field(default_factory=dict)

    def bind(self, values: Values) -> Values:
        """Prepare the values of one execution."""
        if not self.prepare:
            return values
        prepared = {name: prepare(values[name]) for name, prepare in self.prepare.items()}
        return {**values, **prepared}


class Statements:
    """The statements of one application: each shape is written once.

    Args:
        dialect: `sqlite` or `postgresql`.
    """

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.of = lru_cache(CACHED_SHAPES)(self._write)

    def _write(self, shape: Shape) -> Statement:
        dialect = self.dialect
        match shape:
            case SelectShape():
                return Statement(*build_select(shape, dialect))
            case CountShape():
                return Statement(*build_count(shape, dialect))
            case RelatedShape():
                return Statement(build_related(shape, dialect))
            case InsertShape():
                return Statement(build_insert(shape, dialect))
            case UpdateShape():
                return Statement(build_update(shape, dialect))
            case DeleteShape():
                return Statement(build_delete(shape, dialect))
            case FindShape():
                return Statement(build_find(shape, dialect))


__all__ = [
    "LOWER",
    "Statement",
    "Statements",
    "Values",
    "bind_lists",
    "value_name",
]

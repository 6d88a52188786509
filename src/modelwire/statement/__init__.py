"""Shapes as SQL, through SQLAlchemy's expression language; built once per shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

from ..plan.shapes import (
    CountShape,
    DeleteShape,
    FindShape,
    GivenShape,
    InsertShape,
    KeyIn,
    LinkShape,
    RelatedShape,
    SelectShape,
    Shape,
    UpdateShape,
)
from ..settings import LIMITS
from .compiled import Compiled, compile_statement
from .explained import read_estimate
from .folding import COLLATION, COLLATIONS, LOWER, lower
from .idempotency import KEYS
from .lists import ROWS, Expand, expand_rows
from .operators import UNHEX, Prepare
from .own import build_creation
from .secrets import SECRETS
from .select import build_count, build_related, build_select
from .write import (
    build_delete,
    build_find,
    build_given,
    build_insert,
    build_link,
    build_update,
    made_by,
    value_name,
)

Values = Mapping[str, Any]

CACHED_SHAPES = 1024
"""Statements that are kept for each application; the least recently used one goes first."""


@dataclass(eq=False)
class Statement:
    """SQL with the preparation of its parameters.

    Args:
        sql: The statement.
        dialect: SQLAlchemy's dialect of the engine that runs it.
        prepare: What is done to the value of a parameter before it is bound.
        expand: How the rows in the parameter `ROWS` become parameters, where it has any.
        made: What makes the value of a parameter anew for each execution.
    """

    sql: Executable
    dialect: Dialect
    prepare: Mapping[str, Prepare] = field(default_factory=dict)
    expand: Expand | None = None
    made: Mapping[str, Callable[[], Any]] = field(default_factory=dict)

    def bind(self, values: Values) -> Values:
        """Prepare the values of one execution."""
        if self.expand is not None:
            values = self.expand(values[ROWS])
        if self.made:
            values = {**values, **{name: make() for name, make in self.made.items()}}
        if not self.prepare:
            return values
        prepared = {name: prepare(values[name]) for name, prepare in self.prepare.items()}
        return {**values, **prepared}

    @cached_property
    def compiled(self) -> Compiled:
        """The statement as the driver takes it."""
        return compile_statement(self.sql, self.dialect)


class Statements:
    """The statements of one application: each shape is written once.

    Args:
        dialect: SQLAlchemy's dialect of the engine that runs them.
        max_included: Rows that an answer may include.

    Attributes:
        dialect: `sqlite` or `postgresql`.
    """

    def __init__(self, dialect: Dialect, max_included: int = LIMITS.max_included) -> None:
        self.dialect = dialect.name
        self._dialect = dialect
        self._max_included = max_included
        self.of = lru_cache(CACHED_SHAPES)(self._write)

    def _write(self, shape: Shape) -> Statement:
        name = self._dialect.name
        match shape:
            case SelectShape():
                sql, prepare = build_select(shape, name, self._max_included)
                by_key = expand_rows(len(shape.table.key), name)
                return self._statement(
                    sql, prepare, by_key if KeyIn() in shape.conditions else None
                )
            case CountShape():
                return self._statement(*build_count(shape, name))
            case RelatedShape():
                expand = expand_rows(len(shape.relation.remote), name)
                related = build_related(shape, name, self._max_included)
                return self._statement(related, expand=expand)
            case InsertShape():
                many = expand_rows(len(shape.fields), name, of_one=True) if shape.many else None
                return self._statement(build_insert(shape, name), None, many, made_by(shape))
            case GivenShape():
                expand = expand_rows(len(shape.fields), name, of_one=True)
                return self._statement(build_given(shape, name), expand=expand)
            case UpdateShape():
                width = len(shape.fields) + len(shape.table.key)
                many = expand_rows(width, name, of_one=True) if shape.many else None
                return self._statement(build_update(shape, name), expand=many)
            case LinkShape():
                expand = expand_rows(len(shape.columns), name)
                return self._statement(build_link(shape, name), expand=expand)
            case DeleteShape():
                expand = expand_rows(len(shape.columns), name)
                return self._statement(build_delete(shape, name), expand=expand)
            case FindShape():
                expand = expand_rows(len(shape.columns), name)
                return self._statement(build_find(shape, name), expand=expand)

    def _statement(
        self,
        sql: Executable,
        prepare: Mapping[str, Prepare] | None = None,
        expand: Expand | None = None,
        made: Mapping[str, Callable[[], Any]] | None = None,
    ) -> Statement:
        return Statement(sql, self._dialect, prepare or {}, expand, made or {})


__all__ = [
    "COLLATION",
    "COLLATIONS",
    "KEYS",
    "LOWER",
    "ROWS",
    "SECRETS",
    "UNHEX",
    "Statement",
    "Statements",
    "Values",
    "build_creation",
    "lower",
    "read_estimate",
    "value_name",
]

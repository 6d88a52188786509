"""Shapes as SQL, through SQLAlchemy's expression language; built once per shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any

from sqlalchemy import Delete, Insert, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

from ..access.caller import PREFIX
from ..access.principal import ANYONE, Principal
from ..errors import ModelwireError, UnreadableAnswer
from ..settings import LIMITS
from ..shape.aggregates import AggregateShape
from ..shape.entries import EntriesShape, ThenShape
from ..shape.lookups import DescendShape, LookupShape
from ..shape.reads import (
    ChildrenShape,
    CountShape,
    ExistingShape,
    GatheredShape,
    SelectShape,
)
from ..shape.shapes import Shape
from ..shape.writes import CheckShape, DeleteShape, InsertShape, LinkShape, UnlinkShape, UpdateShape
from .aggregate import build_aggregate
from .changes import stamps
from .compiled import Compiled, compile_statement
from .dialects.known import DIALECTS
from .entries import build_entries, build_then
from .estimate import read_estimate
from .gathered import build_gathered, can_gather, parameters_of
from .idempotency import KEYS
from .indexes import value_indexes
from .lists import ROWS, Expand, expand_rows
from .lowercase import COLLATION, COLLATIONS, LOWER, lower
from .made import makers_of, value_name
from .operators import UNHEX, Prepare
from .origin import Origin, ReadShape, log_each_once, origin_of
from .own import build_creation
from .partitions import build_whole
from .secrets import SECRETS
from .select import build_count, build_related, build_select
from .write import (
    build_change,
    build_descend,
    build_find,
    build_given,
    build_insert,
    build_update,
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
        make: Makes parameters for each execution, of those that are given.
        read_leniently: Writes the same statement so that no value stands in the way of reading;
            None where it can't be run twice, or reads so itself.
        origin: What its rows are read of, to name values that can't be.
        gathers: The parameters of another statement that a row in `ROWS` has the values of, where
            it stands for many executions of that.
    """

    sql: Executable
    dialect: Dialect
    prepare: Mapping[str, Prepare] = field(default_factory=dict)
    expand: Expand | None = None
    make: Callable[[Values], Values] | None = None
    read_leniently: Callable[[], Statement] | None = None
    origin: Origin | None = None
    gathers: Sequence[str] = ()

    def bind(self, values: Values, caller: Principal = ANYONE) -> Values:
        """Prepare the values of one execution.

        Args:
            values: Those of the plan.
            caller: Who asks for it.

        Raises:
            KeyError: The statement asks for something that is not known of the caller.
        """
        if self.expand is not None:
            values = self.expand(values[ROWS])
        if self.asked:
            values = {**values, **self.take_from(caller)}
        if self.make is not None:
            values = {**values, **self.make(values)}
        if not self.prepare:
            return values
        prepared = {name: prepare(values[name]) for name, prepare in self.prepare.items()}
        return {**values, **prepared}

    def after(self, error: Exception) -> Statement | None:
        """What is run in place of the statement whose rows could not be read.

        Args:
            error: What was raised instead, by the driver or by a column's type.

        Returns:
            The same statement, read leniently; None if that is of no use.
        """
        unreadable = isinstance(error, UnreadableAnswer) or not isinstance(error, ModelwireError)
        return self.read_leniently() if unreadable and self.read_leniently is not None else None

    @cached_property
    def asked(self) -> Sequence[str]:
        """The parameters that are bound to what is known of the caller."""
        return [name for name in self.compiled.names if name.startswith(PREFIX)]

    def take_from(self, caller: Principal) -> Values:
        """What the statement asks for of a caller.

        Raises:
            KeyError: It is not known.
        """
        return {name: caller.values[name] for name in self.asked}

    def gather(self, bound: Values) -> Sequence[Any]:
        """The row in `ROWS` that stands for one execution of the statement that it gathers.

        Args:
            bound: What `bind` of that one gives.
        """
        return [bound[name] for name in self.gathers]

    @cached_property
    def stamped(self) -> Compiled | None:
        """The statement, which says on whose behalf it writes a row in its last columns; None
        if it writes none."""
        if not isinstance(self.sql, (Insert, Update, Delete)):
            return None
        return compile_statement(self.sql.returning(*stamps()), self.dialect)

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
        dialect: The dialect in which they are written.
    """

    def __init__(self, dialect: Dialect, max_included: int = LIMITS.max_included) -> None:
        self.dialect = DIALECTS[dialect.name]
        self._dialect = dialect
        self._max_included = max_included
        self._log = log_each_once()
        self.of = lru_cache(CACHED_SHAPES)(self._write)
        self.gathered = lru_cache(CACHED_SHAPES)(self._gather)
        self._read_leniently = lru_cache(CACHED_SHAPES)(partial(self._write, lenient=True))

    @cached_property
    def whole(self) -> Statement:
        """What finds the table that one is a partition of."""
        return Statement(build_whole(), self._dialect)

    def _write(self, shape: Shape, *, lenient: bool = False) -> Statement:
        dialect = self.dialect
        match shape:
            case SelectShape() | GatheredShape() | AggregateShape():
                return self._selecting(shape, lenient)
            case CountShape():
                counted, prepare = build_count(shape, dialect)
                return Statement(counted, self._dialect, prepare)
            case ChildrenShape():
                expand = expand_rows(len(shape.relation.remote), dialect, of_one=shape.placed)
                related = build_related(shape, dialect, self._max_included, lenient=lenient)
                return self._reading(shape, related, expand, lenient)
            case ExistingShape():
                expand = expand_rows(len(shape.fields), dialect, of_one=True)
                return self._reading(
                    shape, build_given(shape, dialect, lenient=lenient), expand, lenient
                )
            case LookupShape():
                expand = expand_rows(len(shape.columns), dialect, of_one=shape.placed)
                return self._reading(
                    shape, build_find(shape, dialect, lenient=lenient), expand, lenient
                )
            case InsertShape():
                many = expand_rows(len(shape.fields), dialect, of_one=True) if shape.many else None
                return self._writing(shape, build_insert(shape, dialect), many)
            case UpdateShape():
                width = len(shape.fields) + len(shape.table.key)
                many = expand_rows(width, dialect, of_one=True) if shape.many else None
                return self._writing(shape, build_update(shape, dialect), many)
            case DescendShape():
                expand = expand_rows(len(shape.columns), dialect)
                return self._reading(
                    shape, build_descend(shape, dialect, lenient=lenient), expand, lenient
                )
            case _:
                return self._plain(shape)

    def _plain(
        self,
        shape: CheckShape | LinkShape | UnlinkShape | DeleteShape | EntriesShape | ThenShape,
    ) -> Statement:
        match shape:
            case EntriesShape():
                return Statement(build_entries(shape, self.dialect), self._dialect)
            case ThenShape():
                return Statement(build_then(shape, self.dialect), self._dialect)
        width = len(shape.columns)
        if isinstance(shape, LinkShape):
            width += len(shape.assigned)
        expand = expand_rows(width, self.dialect, of_one=isinstance(shape, CheckShape))
        return Statement(build_change(shape, self.dialect), self._dialect, expand=expand)

    def _gather(self, shape: SelectShape) -> Statement | None:
        """The statement for many executions of one; None where each has its own."""
        sql, _ = build_select(shape, self.dialect, self._max_included)
        gathers = can_gather(parameters_of(sql), self.dialect)
        return self.of(GatheredShape(shape)) if gathers else None

    def _selecting(
        self, shape: SelectShape | GatheredShape | AggregateShape, lenient: bool
    ) -> Statement:
        if isinstance(shape, AggregateShape):
            told, prepare = build_aggregate(shape, self.dialect, lenient=lenient)
            return self._reading(shape, told, None, lenient, prepare)
        each = shape if isinstance(shape, SelectShape) else shape.each
        sql, prepare = build_select(each, self.dialect, self._max_included, lenient=lenient)
        if isinstance(shape, SelectShape):
            return self._reading(shape, sql, None, lenient, prepare)
        parameters = parameters_of(sql)
        return Statement(
            build_gathered(sql, parameters, self.dialect),
            self._dialect,
            expand=expand_rows(len(parameters), self.dialect, of_one=True),
            gathers=[parameter.key for parameter in parameters],
        )

    def _reading(
        self,
        shape: ReadShape,
        sql: Executable,
        expand: Expand | None,
        lenient: bool,
        prepare: Mapping[str, Prepare] | None = None,
    ) -> Statement:
        return Statement(
            sql,
            self._dialect,
            prepare or {},
            expand,
            read_leniently=None if lenient else partial(self._read_leniently, shape),
            origin=origin_of(shape, self._log) if lenient else None,
        )

    def _writing(
        self, shape: InsertShape | UpdateShape, sql: Executable, expand: Expand | None
    ) -> Statement:
        return Statement(
            sql,
            self._dialect,
            expand=expand,
            make=makers_of(shape),
            origin=origin_of(shape, self._log),
        )


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
    "value_indexes",
    "value_name",
]

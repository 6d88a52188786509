"""The statements of shapes, built once for each shape."""

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
from .column_defaults import makers_of
from .compiled import Compiled, compile_statement
from .dialects.known import DIALECTS
from .entries import build_entries, build_then
from .gathered import build_gathered, can_gather, parameters_of
from .lists import ROWS, Expand, expand_rows
from .operators import Prepare
from .origin import Origin, ReadShape, log_each_once, origin_of
from .partitions import build_whole
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
"""Statements that are cached for each application; the least recently used one is evicted first."""


@dataclass(eq=False)
class Statement:
    """SQL statement with the preparation of its parameters.

    Args:
        sql: The statement.
        dialect: The SQLAlchemy dialect of the engine that runs it.
        prepare: Functions that convert the values of parameters before they are bound.
        expand: Converts the rows for the parameter `ROWS` to parameters, if the statement has it.
        make: Computes further parameters for each execution from the given ones.
        read_leniently: Builds the same statement with lenient reading; None if it can't be run
            twice, or reads leniently already.
        origin: The source of its rows, for reports of unreadable values.
        gathers: If it gathers executions of another statement, the parameters of that one whose
            values are in a row of `ROWS`.
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
            values: The values of the plan.
            caller: The caller.

        Raises:
            KeyError: The statement needs an attribute of the caller that is not known.
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
        """Return the statement to run after one whose rows could not be read.

        Args:
            error: The error that was raised, by the driver or by a column's type.

        Returns:
            The same statement with lenient reading; None if that would not help.
        """
        unreadable = isinstance(error, UnreadableAnswer) or not isinstance(error, ModelwireError)
        return self.read_leniently() if unreadable and self.read_leniently is not None else None

    @cached_property
    def asked(self) -> Sequence[str]:
        """The parameters that are bound to attributes of the caller."""
        return [name for name in self.compiled.names if name.startswith(PREFIX)]

    def take_from(self, caller: Principal) -> Values:
        """Return the values of these parameters for a caller.

        Raises:
            KeyError: An attribute is not known.
        """
        return {name: caller.values[name] for name in self.asked}

    def gather(self, bound: Values) -> Sequence[Any]:
        """Return the row in `ROWS` for one execution of the gathered statement.

        Args:
            bound: The result of its `bind`.
        """
        return [bound[name] for name in self.gathers]

    @cached_property
    def stamped(self) -> Compiled | None:
        """The statement with further columns that record the caller and request of its transaction;
        None if it does not write."""
        if not isinstance(self.sql, (Insert, Update, Delete)):
            return None
        return compile_statement(self.sql.returning(*stamps()), self.dialect)

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled statement."""
        return compile_statement(self.sql, self.dialect)


class Statements:
    """Statements of one application; each shape is built once.

    Args:
        dialect: The SQLAlchemy dialect of the engine that runs them.
        max_included: The number of rows that an answer may include.

    Attributes:
        dialect: The SQL dialect in which they are written.
    """

    def __init__(self, dialect: Dialect, max_included: int = LIMITS.max_included) -> None:
        self.dialect = DIALECTS[dialect.name]
        self._dialect = dialect
        self._max_included = max_included
        self._log = log_each_once()
        self.of = lru_cache(CACHED_SHAPES)(self._render)
        self.gathered = lru_cache(CACHED_SHAPES)(self._gather)
        self._read_leniently = lru_cache(CACHED_SHAPES)(partial(self._render, lenient=True))

    @cached_property
    def whole(self) -> Statement:
        """The statement that finds the table of a partition."""
        return Statement(build_whole(), self._dialect)

    def _render(self, shape: Shape, *, lenient: bool = False) -> Statement:
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
        if isinstance(shape, (LinkShape, CheckShape)):
            width += len(shape.assigned)
        expand = expand_rows(width, self.dialect, of_one=isinstance(shape, CheckShape))
        return Statement(build_change(shape, self.dialect), self._dialect, expand=expand)

    def _gather(self, shape: SelectShape) -> Statement | None:
        """Return the statement that gathers many executions of another; None if it can't be
        gathered."""
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

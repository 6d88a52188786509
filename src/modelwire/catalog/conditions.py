"""Conditions of policies, read once so that statements can write them of any alias of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Boolean,
    ClauseElement,
    ColumnElement,
    FromClause,
    literal,
    literal_column,
    select,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.expression import ColumnClause, Grouping, UnaryExpression
from sqlalchemy.sql.selectable import Alias, SelectBase

from ..access.principal import Parameter

Bind = Callable[[Parameter], ColumnElement[Any]]
"""Writes a parameter."""


Replace = Callable[[Alias], FromClause | None]
"""Finds what is read in the place of an alias of a table; None for the alias itself."""

InList = Callable[[ColumnElement[Any], Parameter], ColumnElement[bool]]
"""Writes that something occurs in the collection that a parameter holds."""

IN_OPERATORS = (operators.in_op, operators.not_in_op)
"""The operators of a condition that looks for something in a collection."""


class Slot(BindParameter[Any]):
    """The place of a parameter in a condition.

    Args:
        parameter: The parameter.
    """

    inherit_cache = True

    def __init__(self, parameter: Parameter) -> None:
        is_many = parameter.attribute.is_many
        super().__init__(parameter.name, type_=parameter.sql_type, required=True, expanding=is_many)
        self.parameter = parameter


def bind_plainly(parameter: Parameter) -> ColumnElement[Any]:
    """Write a parameter as SQLAlchemy does."""
    return Slot(parameter)


def find_in_list(found: ColumnElement[Any], parameter: Parameter) -> ColumnElement[bool]:
    """Write that something occurs in a collection as SQLAlchemy does."""
    return found.in_(Slot(parameter))


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A condition of a policy.

    Args:
        written: The condition, over the columns of `row`. Whatever else it reads has an alias
            that nothing outside of it has.
        table: The table that it is for.
        row: What stands in it for the row that it is about.
        parameters: What it compares with that is known of the caller.
        constant: What it is for every row and every caller; None where that depends.
        of_row: Whether it depends on the row, and not on the caller alone.
    """

    written: ColumnElement[bool]
    table: SQLTable
    row: FromClause
    parameters: tuple[Parameter, ...]
    constant: bool | None
    of_row: bool

    def on(
        self,
        source: FromClause,
        bind: Bind = bind_plainly,
        in_list: InList = find_in_list,
        read: Replace = lambda _: None,
    ) -> ColumnElement[bool]:
        """Write it of the rows of a table, or of an alias of it.

        Args:
            source: The table, or the alias: what the statement that it stands in reads.
            bind: Writes what a caller's attribute is.
            in_list: Writes that something occurs in a collection of the caller's.
            read: Finds what is read in the place of an alias.
        """
        return _Rewriting(self.row, source, bind, in_list, read).rewrite(self.written)

    @property
    def columns(self) -> frozenset[str]:
        """The keys of the columns of its row that it depends on, also within subqueries."""
        return frozenset(
            part.key
            for part in visitors.iterate(self.written)
            if isinstance(part, ColumnClause) and part.table is self.row
        )

    @property
    def looks_further(self) -> bool:
        """Whether it asks for other rows than the one that it is about."""
        return any(isinstance(part, SelectBase) for part in visitors.iterate(self.written))

    @property
    def text(self) -> str:
        """The condition in a form that people can read."""
        if self.constant is not None:
            return "everyone" if self.constant else "nobody"
        # Subqueries are about a row of the table where they stand in a statement that reads it.
        rows = select(literal(1)).select_from(self.table)
        shown = rows.where(self.on(self.table, _show, _show_in))
        options = {"literal_binds": True}
        head = str(rows.compile(compile_kwargs=options))
        try:
            sql = str(shown.compile(compile_kwargs=options))
        except (SQLAlchemyError, NotImplementedError):
            head, sql = str(rows), str(shown)  # some values have no literal
        return " ".join(sql.removeprefix(head).split()).removeprefix("WHERE ")


@dataclass(frozen=True, slots=True, eq=False)
class _Rewriting:
    """What takes the place of each part of a condition that is written of some rows."""

    row: FromClause
    source: FromClause
    bind: Bind
    in_list: InList
    read: Replace

    def rewrite(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        rewritten: ColumnElement[Any] = visitors.replacement_traverse(element, {}, self._replace)
        return rewritten

    def _replace(self, element: Any, **_: Any) -> Any:
        match element:
            case Alias():
                return self._replace_source(element)
            case ColumnClause(table=Alias() as table):
                stand_in = self._replace_source(table)
                return None if stand_in is None else stand_in.c[element.key]
            case BinaryExpression(right=Slot() as slot) if element.operator in IN_OPERATORS:
                is_in = self.in_list(self.rewrite(element.left), slot.parameter)
                return is_in if element.operator is operators.in_op else _negate(is_in)
            case Slot():
                return self.bind(element.parameter)
        return None

    def _replace_source(self, alias: Alias) -> FromClause | None:
        return self.source if alias is self.row else self.read(alias)


def _negate(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # The opposite of `= ANY` is not `<> ANY`, which SQLAlchemy would write.
    return UnaryExpression(Grouping(condition), operator=operators.inv, type_=Boolean())


def _show(parameter: Parameter) -> ColumnElement[Any]:
    return literal_column(f"me.{parameter.attribute.name}", parameter.sql_type)


def _show_in(found: ColumnElement[Any], parameter: Parameter) -> ColumnElement[bool]:
    return found.bool_op("IN")(_show(parameter))


def outside_subqueries(element: ClauseElement) -> Iterator[Any]:
    yield element
    if not isinstance(element, SelectBase):
        for child in element.get_children():
            yield from outside_subqueries(child)

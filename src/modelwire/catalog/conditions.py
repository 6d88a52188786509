"""Conditions of policies, parsed once and written into statements for any alias of their table."""

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
"""A function that writes a parameter."""


Replace = Callable[[Alias], FromClause | None]
"""A function that returns the substitute for an alias of a table; None to keep the alias."""

InList = Callable[[ColumnElement[Any], Parameter], ColumnElement[bool]]
"""A function that writes a membership test in the collection of a parameter."""

IN_OPERATORS = (operators.in_op, operators.not_in_op)
"""The operators that test membership in a collection."""


class Slot(BindParameter[Any]):
    """Placeholder for a parameter in a condition.

    Args:
        parameter: The parameter.
    """

    inherit_cache = True

    def __init__(self, parameter: Parameter) -> None:
        is_many = parameter.attribute.is_many
        super().__init__(parameter.name, type_=parameter.sql_type, required=True, expanding=is_many)
        self.parameter = parameter


def bind_plainly(parameter: Parameter) -> ColumnElement[Any]:
    """Write a parameter as a SQLAlchemy bind parameter."""
    return Slot(parameter)


def find_in_list(found: ColumnElement[Any], parameter: Parameter) -> ColumnElement[bool]:
    """Write a membership test as SQLAlchemy does."""
    return found.in_(Slot(parameter))


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Condition of a policy.

    Args:
        written: The condition, over the columns of `row`. All other tables in it have aliases of
            their own.
        table: The table that it is for.
        row: The stand-in for the row that it is about.
        parameters: The parameters that hold attributes of the caller.
        constant: Its value if it is the same for every row and every caller; None otherwise.
        of_row: Whether it depends on the row, and not only on the caller.
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
        """Write the condition for the rows of a table, or of an alias of it.

        Args:
            source: The table or alias, as the surrounding statement reads it.
            bind: Writes an attribute of the caller.
            in_list: Writes a membership test in a collection of the caller.
            read: Returns the substitute for an alias.
        """
        return _Rewriting(self.row, source, bind, in_list, read).rewrite(self.written)

    @property
    def columns(self) -> frozenset[str]:
        """The keys of the row's columns that it depends on, including those in subqueries."""
        return frozenset(
            part.key
            for part in visitors.iterate(self.written)
            if isinstance(part, ColumnClause) and part.table is self.row
        )

    @property
    def looks_further(self) -> bool:
        """Whether it reads rows other than the one that it is about."""
        return any(isinstance(part, SelectBase) for part in visitors.iterate(self.written))

    @property
    def text(self) -> str:
        """The condition in readable form."""
        if self.constant is not None:
            return "everyone" if self.constant else "nobody"
        # A subquery is correlated with the row only inside a statement that reads the table.
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
    """Substitutions that write a condition for a table or alias."""

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
    # The negation of `= ANY` is not `<> ANY`, which SQLAlchemy would write.
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

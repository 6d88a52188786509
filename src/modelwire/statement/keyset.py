"""Orders and keyset pagination in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    or_,
    tuple_,
)
from sqlalchemy import Enum as SQLEnum

from ..catalog.documents import Part
from ..catalog.field import Field
from ..catalog.kinds import Kind, is_decorated, members_of
from ..shape.conditions import Through
from ..shape.parts import Keyset, Order
from .conditions import column_of, join_on
from .dialect import SQLDialect
from .documents import ranked
from .door import exists_in, rows_of
from .normalised import normal_form
from .operators import operand
from .stored_texts import digits_of, is_native, rank_among, rank_of


class Reached(Protocol):
    """Object that takes its values from a field, such as a term of an order."""

    @property
    def field(self) -> Any:
        """The field."""

    @property
    def through(self) -> Through:
        """The relations that lead to the field, each to one row."""


class Joined:
    """Rows joined with the tables that other values come from, such as those of an order.

    Args:
        rows: The rows.
        terms: The terms whose values are needed.
        dialect: The database's dialect.

    Attributes:
        rows: The rows alone.
        source: The joined rows, the same number as without the joins.
    """

    def __init__(self, rows: FromClause, terms: Sequence[Reached], dialect: SQLDialect) -> None:
        self._dialect = dialect
        self._sources: dict[Through, FromClause] = {(): rows}
        self.rows = self.source = rows
        for term in terms:
            for length in range(1, len(term.through) + 1):
                self._join(term.through[:length])

    def column(self, term: Reached) -> ColumnElement[Any]:
        """Return the column of a term."""
        return column_of(self._sources[term.through], term.field)

    def _join(self, through: Through) -> None:
        if through in self._sources:
            return
        parent, step = self._sources[through[:-1]], through[-1]
        target = rows_of(step.target, self._dialect).alias()
        on = join_on(step.relation, parent, target, self._dialect)
        if not step.relation.unique:
            # If there are several rows where one was declared, the one with the lowest key is
            # shown.
            other = rows_of(step.target, self._dialect).alias()
            keys = [[column_of(s, f) for f in step.target.key] for s in (other, target)]
            before = tuple_(*keys[0]) < tuple_(*keys[1])
            on = and_(
                on, ~exists_in(other, join_on(step.relation, parent, other, self._dialect), before)
            )
        self.source = self.source.outerjoin(target, on)
        self._sources[through] = target


@dataclass(frozen=True, slots=True)
class Bound:
    """Term of an order at a given row.

    Args:
        term: The term.
        expression: The expression that rows are ordered by.
        value: Its value for the given row.
        is_null: Whether that value is NULL.
    """

    term: Order
    expression: ColumnElement[Any]
    value: ColumnElement[Any]
    is_null: bool

    @property
    def beyond(self) -> ColumnElement[bool]:
        """A comparison: the expression is beyond the value; never true for NULL."""
        if self.term.descending:
            return self.expression < self.value
        after: ColumnElement[bool] = self.expression > self.value
        return after

    @property
    def not_before(self) -> ColumnElement[bool]:
        """A comparison: the expression is beyond the value or equal to it; never true for NULL."""
        if self.term.descending:
            return self.expression <= self.value
        after: ColumnElement[bool] = self.expression >= self.value
        return after


def order_by(
    order: Sequence[Order], joined: Joined, dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    """Write an order. NULL sorts as the largest value, which is PostgreSQL's default."""
    expressions = [sort_expression(term, joined.column(term), dialect) for term in order]
    return direct(order, expressions, dialect)


def direct(
    order: Sequence[Order], expressions: Sequence[ColumnElement[Any]], dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    """Add the direction to each expression of an order."""
    terms: list[ColumnElement[Any]] = []
    for term, expression in zip(order, expressions, strict=True):
        ordered = expression.desc() if term.descending else expression.asc()
        if term.nullable and not dialect.puts_null_last:
            ordered = ordered.nulls_first() if term.descending else ordered.nulls_last()
        terms.append(ordered)
    return terms


def sort_expressions(
    term: Order, column: ColumnElement[Any], dialect: SQLDialect
) -> Sequence[ColumnElement[Any]]:
    """Return the sort keys of a term; values of any type are sorted by their types first."""
    field = term.field
    if isinstance(field, Part) and field.kind is Kind.VALUE:
        return ranked(column, field)
    return [sort_expression(term, column, dialect)]


def sort_expression(
    term: Order, column: ColumnElement[Any], dialect: SQLDialect
) -> ColumnElement[Any]:
    """Return the sort key of a term: enums are sorted by declaration, not by spelling."""
    if term.field.kind is Kind.ENUM:
        return _rank(term.field, column, dialect)
    normal = normal_form(column, dialect)
    return digits_of(normal, term.field.sql_type, dialect) if term.asked else normal


def _rank(field: Field, value: ColumnElement[Any], dialect: SQLDialect) -> ColumnElement[Any]:
    """Write the position of a value in the declaration of its enum."""
    sql_type = field.sql_type
    if isinstance(sql_type, SQLEnum):
        return value if is_native(sql_type, dialect) else rank_of(value, sql_type)
    if is_decorated(sql_type) or field.to_column is None:
        return value
    members = map(field.to_column, members_of(field.annotation, sql_type))
    return rank_among(value, [(member,) for member in members])


def _value_of(term: Order, name: str, form: str, dialect: SQLDialect) -> ColumnElement[Any]:
    """Write the value of the given row for a term of the order."""
    field = term.field
    value = _parameter_of(field, name, form, dialect)
    if field.kind is Kind.ENUM:
        return _rank(field, value, dialect)
    # A UUID that could be read is bound as its digits; a stored one keeps its spelling.
    spelled = form in {"octets", "stored"} and term.asked
    return digits_of(value, field.sql_type, dialect) if spelled else value


def _parameter_of(field: Field, name: str, form: str, dialect: SQLDialect) -> ColumnElement[Any]:
    if form == "octets":
        return dialect.octets(name)
    if form == "stored":
        return dialect.as_stored(name, field.sql_type)
    return operand(field, name, dialect)


def rows_after(
    order: Sequence[Order], after: Keyset, joined: Joined, dialect: SQLDialect
) -> list[ColumnElement[bool]]:
    """Write the condition for rows after the one whose values are `after0`, `after1`, …

    Args:
        order: A total order.
        after: The row after which the page starts.
        joined: The source of the columns.
        dialect: The database's dialect.

    Returns:
        One condition, or two for consecutive parts. Each begins with a plain comparison of the
        first column, so that an index on it leads to the first row.
    """
    bounds = [
        Bound(
            term,
            sort_expression(term, joined.column(term), dialect),
            _value_of(term, f"after{i}", form, dialect),
            form == "null",
        )
        for i, (term, form) in enumerate(zip(order, after.forms, strict=True))
    ]
    return _split(bounds, inclusive=after.inclusive)


def _split(bounds: Sequence[Bound], *, inclusive: bool) -> list[ColumnElement[bool]]:
    first, rest = bounds[0], bounds[1:]
    if not any(bound.term.nullable for bound in bounds) and _is_one_way(bounds):
        return [_compare_rows(bounds, inclusive=inclusive)]
    then = or_(*_split(rest, inclusive=inclusive))
    if first.is_null:
        among_nulls = and_(first.expression.is_(None), then)
        return (
            [among_nulls, first.expression.is_not(None)] if first.term.descending else [among_nulls]
        )
    values = and_(first.not_before, or_(first.beyond, then))
    if first.term.nullable and not first.term.descending:
        return [values, first.expression.is_(None)]
    return [values]


def _is_one_way(bounds: Sequence[Bound]) -> bool:
    return len({bound.term.descending for bound in bounds}) == 1


def _compare_rows(bounds: Sequence[Bound], *, inclusive: bool) -> ColumnElement[bool]:
    if len(bounds) == 1:
        return bounds[0].not_before if inclusive else bounds[0].beyond
    row = tuple_(*(bound.expression for bound in bounds))
    given = tuple_(*(bound.value for bound in bounds))
    if bounds[0].term.descending:
        return row <= given if inclusive else row < given
    return row >= given if inclusive else row > given

"""Orders, and the rows after a given one in them, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, or_, tuple_

from ..catalog import Field, Kind, Table
from ..catalog.kinds import storage_type
from ..plan.shapes import Keyset, Order, Through
from .conditions import column_of, exists_in, join_on
from .operators import operand


class Joined:
    """A table with the tables that an order takes values from.

    Args:
        table: The table.
        order: The order.

    Attributes:
        source: What rows are selected from; it has as many as the table alone.
    """

    def __init__(self, table: Table, order: Sequence[Order]) -> None:
        self._sources: dict[Through, FromClause] = {(): table.sql}
        self.source: FromClause = table.sql
        for term in order:
            for length in range(1, len(term.through) + 1):
                self._join(term.through[:length])

    def column(self, term: Order) -> ColumnElement[Any]:
        """The column of a term."""
        return column_of(self._sources[term.through], term.field)

    def _join(self, through: Through) -> None:
        if through in self._sources:
            return
        parent, step = self._sources[through[:-1]], through[-1]
        target = step.target.sql.alias()
        on = join_on(step.relation, parent, target)
        if not step.relation.unique:
            # Of several rows where one was declared, the one that is shown is the first by its key.
            other = step.target.sql.alias()
            keys = [[column_of(s, f) for f in step.target.key] for s in (other, target)]
            before = tuple_(*keys[0]) < tuple_(*keys[1])
            on = and_(on, ~exists_in(other, join_on(step.relation, parent, other), before))
        self.source = self.source.outerjoin(target, on)
        self._sources[through] = target


@dataclass(frozen=True, slots=True)
class Bound:
    """One term of an order at a given row.

    Args:
        term: The term.
        expression: What rows are ordered by.
        value: What the given row has there.
        is_null: Whether that is NULL.
    """

    term: Order
    expression: ColumnElement[Any]
    value: ColumnElement[Any]
    is_null: bool

    @property
    def beyond(self) -> ColumnElement[bool]:
        """The expression is beyond the value; never of NULL."""
        if self.term.descending:
            return self.expression < self.value
        after: ColumnElement[bool] = self.expression > self.value
        return after

    @property
    def not_before(self) -> ColumnElement[bool]:
        """The expression is beyond the value or equal to it; never of NULL."""
        if self.term.descending:
            return self.expression <= self.value
        after: ColumnElement[bool] = self.expression >= self.value
        return after


def order_by(order: Sequence[Order], joined: Joined, dialect: str) -> list[ColumnElement[Any]]:
    """Write an order. NULL is the largest value, as PostgreSQL has it by itself."""
    expressions = [sort_expression(term.field, joined.column(term), dialect) for term in order]
    return direct(order, expressions, dialect)


def direct(
    order: Sequence[Order], expressions: Sequence[ColumnElement[Any]], dialect: str
) -> list[ColumnElement[Any]]:
    """Give each expression of an order its direction."""
    terms: list[ColumnElement[Any]] = []
    for term, expression in zip(order, expressions, strict=True):
        ordered = expression.desc() if term.descending else expression.asc()
        if dialect == "sqlite" and term.nullable:
            ordered = ordered.nulls_first() if term.descending else ordered.nulls_last()
        terms.append(ordered)
    return terms


def sort_expression(field: Field, value: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """A value of a field in the order of such values: enums by declaration, not by spelling."""
    if field.kind is not Kind.ENUM:
        return value
    stored: Any = storage_type(field.column.type)
    names = getattr(stored, "enums", None)
    if not names or (dialect == "postgresql" and stored.native_enum):
        return value
    return case({name: i for i, name in enumerate(names)}, value=value)


def rows_after(
    order: Sequence[Order], after: Keyset, joined: Joined, dialect: str
) -> list[ColumnElement[bool]]:
    """Write which rows come after the one whose values are `after0`, `after1`, …

    Args:
        order: A total order.
        after: Where the rows start.
        joined: Where the columns are.
        dialect: `sqlite` or `postgresql`.

    Returns:
        One condition, or two for rows that follow each other. Each starts with a plain comparison
        of the first column, so that an index on it leads to the first row.
    """
    bounds = [
        Bound(
            term,
            sort_expression(term.field, joined.column(term), dialect),
            sort_expression(term.field, operand(term.field, f"after{i}", dialect), dialect),
            is_null,
        )
        for i, (term, is_null) in enumerate(zip(order, after.nulls, strict=True))
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

"""Conditions in SQL. Parameters are numbered in order of occurrence: `p0`, `p1`, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    not_,
    or_,
    true,
)

from ..catalog.document_types import View
from ..catalog.documents import Part
from ..catalog.field import Field
from ..catalog.relation import Relation
from ..shape.conditions import (
    AllOf,
    AnyOf,
    ChildOf,
    Condition,
    Measured,
    Negation,
    Predicate,
    Search,
    Step,
    Through,
)
from .dialect import SQLDialect
from .documents import PartOf, holds, is_absent, occurs, text_and_guard
from .door import column_in, columns_in, exists_in, links_of, rows_of
from .operators import Prepare, is_null_for, operand, render_predicate
from .references import refer

Render = Callable[[FromClause], ColumnElement[bool]]


class Conditions:
    """Writer of one statement's conditions.

    Args:
        dialect: The database's dialect.

    Attributes:
        prepare: The functions that prepare the values of parameters, by name.
        told: The columns of a group, for conditions on groups.
    """

    def __init__(self, dialect: SQLDialect) -> None:
        self.prepare: dict[str, Prepare] = {}
        self.told: Sequence[ColumnElement[Any]] = ()
        self._dialect = dialect
        self._numbers = count()

    def render_all(
        self, conditions: Sequence[Condition], source: FromClause
    ) -> list[ColumnElement[bool]]:
        """Write conditions on the rows of a table, or of an alias."""
        return [self.render(condition, source) for condition in conditions]

    def render(self, condition: Condition, source: FromClause) -> ColumnElement[bool]:
        """Write one condition. If it evaluates to NULL, it counts as false."""
        match condition:
            case Predicate():
                return self._render_predicate(condition, source)
            case AllOf():
                return and_(*self.render_all(condition.terms, source))
            case AnyOf():
                return or_(*self.render_all(condition.terms, source))
            case Negation():
                return self._negate(condition.term, source)
            case Search():
                return self._render_search(condition, source)
            case ChildOf():
                return self._render_child(condition, source)
            case Measured():
                return self._render_measured(condition)

    def _name(self) -> str:
        return f"p{next(self._numbers)}"

    def _render_predicate(self, predicate: Predicate, source: FromClause) -> ColumnElement[bool]:
        name = self._name()

        def compare(end: FromClause) -> ColumnElement[bool]:
            return self._compare(predicate.field, predicate.operator, name, end)

        return _render_through(predicate.through, source, compare, self._dialect)

    def _compare(
        self, field: Field, operator: str, name: str, source: FromClause
    ) -> ColumnElement[bool]:
        condition, prepare = render_comparison(field, source, operator, name, self._dialect)
        self.prepare.update(prepare)
        return condition

    def _render_measured(self, measured: Measured) -> ColumnElement[bool]:
        column = self.told[measured.position]
        # A measure may have another type than its field.
        field = replace(measured.field, sql_type=self._dialect.type_of(column))
        name = self._name()
        condition, prepare = render_predicate(field, column, measured.operator, name, self._dialect)
        self.prepare.update(prepare)
        return condition

    def _negate(self, term: Condition, source: FromClause) -> ColumnElement[bool]:
        condition = self.render(term, source)
        return condition.is_not(true()) if _may_be_null(term) else not_(condition)

    def _render_search(self, search: Search, source: FromClause) -> ColumnElement[bool]:
        name = self._name()
        return or_(*(self._compare(f, "icontains", name, source) for f in search.fields))

    def _render_child(self, child: ChildOf, source: FromClause) -> ColumnElement[bool]:
        """Write that a row is a child of the row with the given key."""
        relation, key = child.relation, child.parent.key
        given = {f.column: operand(f, self._name(), self._dialect) for f in key}
        is_open = child.parent.policy.read.constant
        if is_open and set(relation.local) == set(given):
            owners: list[ColumnElement[Any]] = [given[column] for column in relation.local]
            return _render_link(relation, owners, source, self._dialect)
        parent = rows_of(child.parent, self._dialect).alias()
        is_parent = [column_in(parent, column) == value for column, value in given.items()]
        owners = _owners_in(parent, relation)
        joined = _render_link(relation, owners, source, self._dialect)
        return exists_in(parent, *is_parent, joined)


def column_of(source: FromClause, field: Field) -> ColumnElement[Any]:
    """Return the column of a field in its table or an alias; for a part, its expression."""
    column = column_in(source, field.column)
    return PartOf(column, field) if isinstance(field, Part) else column


def render_comparison(
    field: Field, source: FromClause, operator: str, name: str, dialect: SQLDialect
) -> tuple[ColumnElement[bool], Mapping[str, Prepare]]:
    """Write a comparison in SQL.

    Args:
        field: The field on the left.
        source: Its table, or an alias of it.
        operator: The operator's name.
        name: Name of the parameter on the right.
        dialect: The database's dialect.

    Returns:
        The expression, and the functions that prepare the parameters' values, if any.
    """
    if not isinstance(field, Part):
        return render_predicate(field, column_in(source, field.column), operator, name, dialect)
    document = column_in(source, field.column)
    if operator == "isnull":
        return is_absent(document, field) == bindparam(name), {}
    if operator == "has":
        return holds(document, field, name), {}
    if field.view is View.VALUE:
        found = occurs(document, field, name)
        return (found if operator == "in" else found.is_not(true())), {}
    if field.view is not View.TEXT or operator in ("ne", "not_in"):
        return render_predicate(field, PartOf(document, field), operator, name, dialect)
    text, guard = text_and_guard(document, field)
    condition, prepare = render_predicate(field, text, operator, name, dialect)
    return and_(condition, guard), prepare


def join_on(
    relation: Relation, source: FromClause, target: FromClause, dialect: SQLDialect
) -> ColumnElement[bool]:
    """Write the join condition of a relation without a link table.

    Args:
        relation: The relation.
        source: The table that it starts from.
        target: The table that it leads to.
        dialect: The database's dialect.

    Returns:
        The condition.
    """
    return _equal(relation, _owners_in(source, relation), target, dialect)


def _render_through(
    through: Through, source: FromClause, render: Render, dialect: SQLDialect
) -> ColumnElement[bool]:
    """Write that a condition holds for one of the rows that some relations lead to."""
    if not through:
        return render(source)
    step: Step = through[0]
    target = rows_of(step.target, dialect).alias()
    joined = _render_link(step.relation, _owners_in(source, step.relation), target, dialect)
    return exists_in(target, joined, _render_through(through[1:], target, render, dialect))


def _owners_in(source: FromClause, relation: Relation) -> list[ColumnElement[Any]]:
    """Return the columns of a table, or of an alias, that a relation starts from."""
    return columns_in(source, relation.local)


def _render_link(
    relation: Relation,
    owners: Sequence[ColumnElement[Any]],
    target: FromClause,
    dialect: SQLDialect,
) -> ColumnElement[bool]:
    """Write that a relation leads to a row from the row whose local columns have given values."""
    links = links_of(relation, dialect)
    if links is None:
        return _equal(relation, owners, target, dialect)
    link = links.alias()
    ends = [
        column_in(target, end) == column_in(link, linked) for end, linked in relation.link_target
    ]
    return exists_in(link, *ends, _equal(relation, owners, link, dialect))


def _equal(
    relation: Relation,
    owners: Sequence[ColumnElement[Any]],
    holder: FromClause,
    dialect: SQLDialect,
) -> ColumnElement[bool]:
    pairs = zip(relation.remote, owners, strict=True)
    return and_(*(refer(c, dialect, column_in(holder, c)) == owner for c, owner in pairs))


def _may_be_null(condition: Condition) -> bool:
    match condition:
        case Predicate():
            return not condition.through and is_null_for(condition.field, condition.operator)
        case AllOf() | AnyOf():
            return any(map(_may_be_null, condition.terms))
        case Measured():
            return is_null_for(condition.field, condition.operator)
        case Search():
            return any(field.nullable for field in condition.fields)
        case _:
            return False

"""Reads relationships and the unique keys of their tables."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import (
    Column,
    Constraint,
    Index,
    PrimaryKeyConstraint,
    UnaryExpression,
    UniqueConstraint,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import RelationshipDirection, RelationshipProperty

from ..compat.sqlalchemy import desc_op
from ..errors import ConfigurationError
from .policies import TablePolicy
from .relation import Relation


def read_relation(
    prop: RelationshipProperty[Any], name: str, policies: Mapping[SQLTable, TablePolicy]
) -> Relation:
    """Read a relationship.

    Args:
        prop: The relationship.
        name: Its name on the wire.
        policies: The policies of all resources; they may be filled in later.

    Returns:
        The relation, with the columns that join it.

    Raises:
        ConfigurationError: It is joined by an expression that is not a column.
    """
    target = prop.mapper.local_table
    if not isinstance(target, SQLTable):
        raise ConfigurationError(f"{prop.mapper.class_.__name__} is not mapped to a table.")
    pairs = prop.synchronize_pairs if prop.secondary is not None else prop.local_remote_pairs
    columns = [(_as_column(left), _as_column(right)) for left, right in pairs or ()]
    link = prop.secondary if isinstance(prop.secondary, SQLTable) else None
    remote = tuple(right for _, right in columns)
    link_target = tuple(
        (_as_column(left), _as_column(right))
        for left, right in prop.secondary_synchronize_pairs or ()
    )
    ends = {*remote, *(linked for _, linked in link_target)}
    return Relation(
        name=name,
        key=prop.key,
        target=target.fullname,
        many=bool(prop.uselist),
        simple=joins_columns(prop),
        unique=link is None and is_unique(target, remote),
        holds=prop.direction is RelationshipDirection.MANYTOONE,
        writable=not prop.viewonly and joins_columns(prop),
        local=tuple(left for left, _ in columns),
        remote=remote,
        link=link,
        link_target=link_target,
        excludes=_excludes_links(link, ends),
        repeats=_repeats_links(link, ends),
        order=tuple(_read_order(prop, target)),
        policies=policies,
    )


def _read_order(
    prop: RelationshipProperty[Any], target: SQLTable
) -> Iterator[tuple[Column[Any], bool]]:
    """Yield the columns of `order_by`, up to the first term that is not a column of the target."""
    for term in prop.order_by or ():
        element: Any = term
        descending = False
        while isinstance(element, UnaryExpression):
            descending = descending or element.modifier is desc_op
            element = element.element
        table = getattr(element, "table", None)
        if getattr(table, "fullname", None) != target.fullname:
            return
        yield target.columns[element.key], descending


def leads_back(relation: Relation, before: Relation) -> bool:
    """Whether a relation leads straight back to the row that another one has come from.

    From the players of a team, `team` leads back: there is nothing new to show. From a player's
    team, no relation to all of its players leads back, since most of them are other rows.

    Args:
        relation: The relation.
        before: The relation by which its row was reached.
    """
    if relation.many or relation.link is not before.link:
        return False
    return _pairs(relation) == {(right, left) for left, right in _pairs(before)}


def _pairs(relation: Relation) -> AbstractSet[tuple[Column[Any], Column[Any]]]:
    """Return pairs of the columns that a relation joins: this side's, then the other side's."""
    if relation.link is None:
        return set(zip(relation.local, relation.remote, strict=True))
    here = zip(relation.local, relation.remote, strict=True)
    return {*here, *((linked, column) for column, linked in relation.link_target)}


def joins_columns(prop: RelationshipProperty[Any]) -> bool:
    """Whether a relationship is joined by equality of columns, without further conditions."""
    joins = [j for j in (prop.primaryjoin, prop.secondaryjoin) if j is not None]
    terms = [term for join in joins for term in getattr(join, "clauses", [join])]
    return all(
        getattr(term, "operator", None) is operator.eq
        and isinstance(term.left, Column)
        and isinstance(term.right, Column)
        for term in terms
    )


def is_unique(sql: SQLTable, columns: Sequence[Column[Any]]) -> bool:
    """Whether some columns of a table are unique together, NULLs aside."""
    given = set(columns)
    return any(unique <= given for unique in read_unique_keys(sql))


def read_unique_keys(sql: SQLTable) -> frozenset[frozenset[Column[Any]]]:
    """Return the columns of each unique constraint and index of a table."""
    return frozenset(unique for unique in map(unique_columns, declared_on(sql)) if unique)


def declared_on(sql: SQLTable) -> Sequence[Constraint | Index]:
    """Return the constraints and indexes of a table."""
    return [*sql.constraints, *sql.indexes]


def can_be_deferred(constraint: Constraint | Index) -> bool:
    """Whether a constraint is deferrable; then it can't be a conflict target (PostgreSQL manual,
    INSERT, "conflict_target")."""
    return bool(getattr(constraint, "deferrable", False))


def unique_columns(constraint: Constraint | Index) -> frozenset[Any]:
    """Return the columns that a constraint or index makes unique; empty if it makes none."""
    if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint)) and constraint.columns:
        return frozenset(constraint.columns)
    is_partial = isinstance(constraint, Index) and any(
        options.get("where") is not None for options in constraint.dialect_options.values()
    )
    if isinstance(constraint, Index) and constraint.unique and not is_partial:
        expressions = frozenset(constraint.expressions)
        return expressions if all(isinstance(e, Column) for e in expressions) else frozenset()
    return frozenset()


def find_link_key(sql: SQLTable, ends: Collection[Column[Any]]) -> tuple[Column[Any], ...]:
    """Find the unique key by which an existing link is recognised.

    Args:
        sql: The link table.
        ends: Its foreign key columns to both ends.

    Returns:
        The columns of the shortest key that includes them all and can be a conflict target; empty
        if there is none.
    """
    firm = (unique_columns(c) for c in declared_on(sql) if not can_be_deferred(c))
    keys = [key for key in firm if key.issuperset(ends)]
    return tuple(column for column in sql.columns if column in min(keys, key=len, default=()))


def _excludes_links(link: SQLTable | None, ends: AbstractSet[Column[Any]]) -> bool:
    """Whether one link may rule out another."""
    if link is None:
        return False
    keys = (key for key in read_unique_keys(link) if link.autoincrement_column not in key)
    return not all(ends <= key for key in keys)


def _repeats_links(link: SQLTable | None, ends: AbstractSet[Column[Any]]) -> bool:
    """Whether a link table may have the same link more than once."""
    return link is not None and not any(key <= ends for key in read_unique_keys(link))


def asks_for_keys(relation: Relation) -> bool:
    """Whether the keys of both rows suffice to link them by a relation."""
    link = relation.link
    if link is None or not relation.writable:
        return False
    ends = set(relation.link_columns)
    targets = {column for column, _ in relation.link_target}
    if any(set(c.table.primary_key.columns) != targets for c in targets):
        return False
    return all(
        column in ends
        or column.nullable
        or column.default is not None
        or column.server_default is not None
        or column is link.autoincrement_column
        for column in link.columns
    )


def _as_column(element: Any) -> Column[Any]:
    if not isinstance(element, Column):
        raise ConfigurationError(f"A relationship is joined by {element}, which is not a column.")
    return element

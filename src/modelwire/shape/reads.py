"""Reads of the rows of resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Column

from ..access.policy import Action
from ..catalog.field import Field
from ..catalog.kinds import has_own_equality
from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..memory import kept
from .conditions import AllOf, AnyOf, ChildOf, Condition, Negation, Predicate
from .parts import Include, Keyset, Lock, Order, Projection, whole_row


class SelectShape(Struct, frozen=True, cache_hash=True):
    """Rows of one table.

    Args:
        table: The table.
        conditions: All of them hold.
        order: A total order: the key is its last part.
        limited: Whether there is a limit to their number.
        offset: Whether rows are skipped.
        projection: What is read of each; the whole row, if None.
        traces: Whether what the order takes from other tables, or out of documents, stands behind
            each row.
        after: Where the rows start.
        joined: What stands behind each row of those that it includes: an array for each column.
        lock: What nobody else may do to the rows until the transaction ends.
        allows: An action; behind each row stands whether the caller may do it to the row.
        given: Whether the rows are those of the parameter `IMAGES`, in place of those of the table;
            behind each stands its place there.
    """

    table: Table
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limited: bool = False
    offset: bool = False
    projection: Projection | None = None
    traces: bool = False
    after: Keyset | None = None
    joined: tuple[Include, ...] = ()
    lock: Lock | None = None
    allows: Action | None = None
    given: bool = False

    @property
    def read(self) -> Projection:
        """What is read of each row."""
        return self.projection or whole_row(self.table)

    @property
    def traced(self) -> tuple[Order, ...]:
        """The terms of the order whose values stand behind each row."""
        return tuple(term for term in self.order if term.traced) if self.traces else ()


class GatheredShape(Struct, frozen=True, cache_hash=True):
    """The rows that many executions of one shape read, in one statement.

    The values of each execution are a row of the parameter `ROWS`. Each row that is read has behind
    it the place of its execution in that, from 0.

    Args:
        each: What each of them reads.
    """

    each: SelectShape


class CountShape(Struct, frozen=True, cache_hash=True):
    """The number of rows of one table, or the database's estimate of it.

    Args:
        table: The table.
        conditions: All of them hold.
        estimated: Whether the database tells what it expects, without looking.
    """

    table: Table
    conditions: tuple[Condition, ...] = ()
    estimated: bool = False


class ChildrenShape(Struct, frozen=True, cache_hash=True):
    """The rows that a relation leads to, for a list of parents.

    Each has the values of the relation's `remote` columns, by which it is told whose it is: among
    its own where it refers to its parent itself, before them where it does not. Where values that
    differ here may be one to the database, it has the place of its parent in the list instead.
    """

    table: Table
    relation: Relation
    target: Table

    @property
    def placed(self) -> bool:
        """Whether each row begins with the place in the list of what it was found by, from 0."""
        return _is_placed(self.target, self.relation)

    @property
    def before(self) -> tuple[Column[Any], ...]:
        """The columns that are read before those of the row."""
        positions, remote = self.target.position_of_column, self.relation.remote
        own = self.relation.link is None and all(c.name in positions for c in remote)
        return () if own else remote

    @property
    def owner_positions(self) -> Sequence[int]:
        """Where a row as it is read has the values of its parent."""
        if self.before:
            return range(len(self.before))
        return [self.target.position_of_column[c.name] for c in self.relation.remote]


@kept
def _is_placed(_target: Table, relation: Relation) -> bool:
    return any(has_own_equality(c.type) for c in (*relation.local, *relation.remote))


class ExistingShape(Struct, frozen=True, cache_hash=True):
    """The rows whose values of some fields occur in the parameter `ROWS`.

    What is the same value, the database says: it knows its collations and types. Each row begins
    with the place in the list of what it was found by, from 0. One that is found by several stands
    behind each of them.

    Args:
        table: The table.
        fields: The fields whose values are given.
        projection: What is read of each row; the whole row, if None.
        lock: What nobody else may do to the rows until the transaction ends. They are locked in the
            order of their keys, so that two requests don't wait for each other crosswise.
        allows: Actions; behind each row stands of each whether the caller may do it to the row.
        hidden: Whether rows are found that the caller may not see.
    """

    table: Table
    fields: tuple[Field, ...]
    projection: Projection | None = None
    lock: Lock | None = None
    allows: tuple[Action, ...] = ()
    hidden: bool = False

    @property
    def read(self) -> Projection:
        """What is read of each row, behind its place."""
        return self.projection or whole_row(self.table)


def tables_read(shape: SelectShape) -> frozenset[Table]:
    """The resources whose rows decide which rows a shape reads."""
    return frozenset((shape.table, *_tables_in(shape.conditions)))


def _tables_in(conditions: Iterable[Condition]) -> Iterator[Table]:
    for condition in conditions:
        match condition:
            case Predicate():
                yield from (step.target for step in condition.through)
            case AllOf() | AnyOf():
                yield from _tables_in(condition.terms)
            case Negation():
                yield from _tables_in([condition.term])
            case ChildOf():
                yield condition.parent

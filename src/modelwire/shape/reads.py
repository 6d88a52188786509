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
        conditions: Conditions that must all hold.
        order: A total order: it ends with the key.
        limited: Whether there is a limit.
        offset: Whether rows are skipped.
        projection: The columns to read; None for the whole row.
        traces: Whether each row is followed by the order's values from other tables or documents.
        after: The row after which the page starts.
        joined: Includes that are read by the same statement, each as arrays behind the row, one for
            each column.
        lock: The lock to take on the rows until the transaction ends.
        allows: An action; each row is followed by whether the caller may perform it on the row.
        given: Whether the rows are read from the parameter `IMAGES` instead of the table; each is
            followed by its position there.
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
        """The columns to read of each row."""
        return self.projection or whole_row(self.table)

    @property
    def traced(self) -> tuple[Order, ...]:
        """The terms of the order whose values follow each row."""
        return tuple(term for term in self.order if term.traced) if self.traces else ()


class GatheredShape(Struct, frozen=True, cache_hash=True):
    """Rows that many executions of one shape would read, read by one statement.

    The values of each execution are a row of the parameter `ROWS`. Each row of the result is
    followed by the position of its execution there, from 0.

    Args:
        each: The shape of each execution.
    """

    each: SelectShape


class CountShape(Struct, frozen=True, cache_hash=True):
    """Number of rows of one table, exact or estimated by the database.

    Args:
        table: The table.
        conditions: Conditions that must all hold.
        estimated: Whether to take the database's estimate instead of counting.
    """

    table: Table
    conditions: tuple[Condition, ...] = ()
    estimated: bool = False


class ChildrenShape(Struct, frozen=True, cache_hash=True):
    """Rows that a relation leads to, for a list of parents.

    Each has the values of the relation's `remote` columns, which tell its parent: among its own
    columns if it has the foreign key itself, otherwise before them. Where the database may consider
    values equal that differ in Python, it has the position of its parent in the list instead.
    """

    table: Table
    relation: Relation
    target: Table

    @property
    def placed(self) -> bool:
        """Whether each row begins with the position of its match in the list, from 0."""
        return _is_placed(self.target, self.relation)

    @property
    def before(self) -> tuple[Column[Any], ...]:
        """The columns that are read before those of the row."""
        positions, remote = self.target.position_of_column, self.relation.remote
        own = self.relation.link is None and all(c.name in positions for c in remote)
        return () if own else remote

    @property
    def owner_positions(self) -> Sequence[int]:
        """The positions of the parent's values in a row of the result."""
        if self.before:
            return range(len(self.before))
        return [self.target.position_of_column[c.name] for c in self.relation.remote]


@kept
def _is_placed(_target: Table, relation: Relation) -> bool:
    return any(has_own_equality(c.type) for c in (*relation.local, *relation.remote))


class ExistingShape(Struct, frozen=True, cache_hash=True):
    """Rows whose values of some fields occur in the parameter `ROWS`.

    The database decides which values are equal: it knows its collations and types. Each row begins
    with the position of its match in the list, from 0. A row that matches several times is returned
    once for each.

    Args:
        table: The table.
        fields: The fields whose values are given.
        projection: The columns to read; None for the whole row.
        lock: The lock to take on the rows until the transaction ends. They are locked in the order
            of their keys, to avoid deadlocks between requests.
        allows: Actions; each row is followed by whether the caller may perform each of them.
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
        """The columns to read of each row, after its position."""
        return self.projection or whole_row(self.table)


def tables_read(shape: SelectShape) -> frozenset[Table]:
    """Return the resources whose rows determine which rows a shape reads."""
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

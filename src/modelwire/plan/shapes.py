"""Shapes: the hashable part of a plan. Two requests of one shape run the same SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any

from msgspec import Struct
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog import Field, Relation, Table
from ..catalog.kinds import has_own_equality
from ..memory import kept


class Step(Struct, frozen=True, cache_hash=True):
    """One relation of a path, and the resource that it leads to."""

    relation: Relation
    target: Table


Through = tuple[Step, ...]
"""The relations that lead from a row to the row whose field is meant; empty for its own."""


class Predicate(Struct, frozen=True, cache_hash=True):
    """A comparison of one field with a value that the plan holds.

    Args:
        field: The field.
        operator: The operator's name.
        through: How it is reached. The comparison holds if it does for one of the rows there.
    """

    field: Field
    operator: str
    through: Through = ()


class AllOf(Struct, frozen=True, cache_hash=True):
    """All of some conditions hold."""

    terms: tuple[Condition, ...]


class AnyOf(Struct, frozen=True, cache_hash=True):
    """One of some conditions holds."""

    terms: tuple[Condition, ...]


class Negation(Struct, frozen=True, cache_hash=True):
    """A condition does not hold: for every row, either it or its negation does."""

    term: Condition


class Search(Struct, frozen=True, cache_hash=True):
    """A word occurs in one of some fields."""

    fields: tuple[Field, ...]


class ChildOf(Struct, frozen=True, cache_hash=True):
    """A row is one of those that a relation of the row with a given key leads to."""

    parent: Table
    relation: Relation


Condition = Predicate | AllOf | AnyOf | Negation | Search | ChildOf
"""What rows must fulfil. Values are numbered as they occur in it, from left to right: `p0`, `p1`,
… Each comparison and each search takes one, a child as many as its parent's key has fields."""


class Order(Struct, frozen=True, cache_hash=True):
    """One term of an ORDER BY.

    Args:
        field: The field.
        descending: Whether its largest value comes first.
        through: How it is reached, by relations that lead to one row; a missing row is NULL.
        asked: Whether a client or a model has asked for it. Otherwise any order of its values will
            do, as long as no two are equal.
    """

    field: Field
    descending: bool
    through: Through = ()
    asked: bool = False

    @property
    def nullable(self) -> bool:
        """Whether a row may have NULL here."""
        return self.field.nullable or bool(self.through)

    def reverse(self) -> Order:
        """The same in the other direction."""
        return Order(self.field, not self.descending, self.through, self.asked)


class Include(Struct, frozen=True, cache_hash=True):
    """A relation whose rows are read along, and what they include in turn."""

    relation: Relation
    target: Table
    includes: tuple[Include, ...] = ()


class Projection(Struct, frozen=True, cache_hash=True, dict=True):
    """Some columns of a table, as they are read.

    Args:
        fields: The fields in the order in which a row has them; those that are shown come first.
        shown: How many of them are shown.
    """

    fields: tuple[Field, ...]
    shown: int

    @property
    def shown_fields(self) -> tuple[Field, ...]:
        """The fields that are shown."""
        return self.fields[: self.shown]

    @cached_property
    def positions(self) -> Mapping[Field, int]:
        """Where each field stands in a row."""
        return {field: position for position, field in enumerate(self.fields)}


@kept
def whole_row(table: Table) -> Projection:
    """All that is ever read of a row, with all that clients may see in front."""
    return Projection(table.selected, len(table.readable))


class Keyset(Struct, frozen=True, cache_hash=True):
    """Rows after a given one in the order, whose values are `after0`, `after1`, …

    Args:
        forms: Of each term of the order, what its value is: a `value`, `null`, or what is none and
            is given as it is `stored`, or as the `octets` of a text that is none in its encoding.
        inclusive: Whether the given row itself belongs to them.
        probes: Whether each row says at its end whether there are any rows before them.
    """

    forms: tuple[str, ...]
    inclusive: bool = False
    probes: bool = False


class Lock(Enum):
    """What nobody else may do to rows (PostgreSQL manual, Row-Level Locks).

    A row that is referred to is kept. It may be changed meanwhile, as long as its keys stay.
    """

    KEEP = "keep"
    """Remove them, or change their keys."""

    CHANGE = "change"
    """The same, or change them otherwise."""

    REMOVE = "remove"
    """The same, or refer to them."""


class SelectShape(Struct, frozen=True, cache_hash=True):
    """Rows of one table.

    Args:
        table: The table.
        conditions: All of them hold.
        order: A total order: the key is its last part.
        limited: Whether there is a limit to their number.
        offset: Whether rows are skipped.
        projection: What is read of each; the whole row, if None.
        traces: Whether what the order takes from other tables stands behind each row.
        after: Where the rows start.
        joined: What stands behind each row of those that it includes: an array for each column.
        lock: What nobody else may do to the rows until the transaction ends.
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

    @property
    def read(self) -> Projection:
        """What is read of each row."""
        return self.projection or whole_row(self.table)

    @property
    def traced(self) -> tuple[Order, ...]:
        """The terms of the order whose values stand behind each row."""
        return tuple(term for term in self.order if term.through) if self.traces else ()


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


class RelatedShape(Struct, frozen=True, cache_hash=True):
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


class Conflict(Struct, frozen=True, cache_hash=True):
    """What becomes of a new row where one with the same values is there already.

    Args:
        key: The fields of a unique key whose values are the same.
        merged: The fields that are written to the row that is there; None to leave it alone.
    """

    key: tuple[Field, ...]
    merged: tuple[Field, ...] | None


class InsertShape(Struct, frozen=True, cache_hash=True):
    """New rows, by the fields that are given: one, or many in one statement."""

    table: Table
    fields: tuple[Field, ...]
    many: bool = False
    conflict: Conflict | None = None

    @property
    def ignores(self) -> bool:
        """Whether rows that are there already are left alone; then they are not given back."""
        return self.conflict is not None and self.conflict.merged is None


class GivenShape(Struct, frozen=True, cache_hash=True):
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
    """

    table: Table
    fields: tuple[Field, ...]
    projection: Projection | None = None
    lock: Lock | None = None

    @property
    def read(self) -> Projection:
        """What is read of each row, behind its place."""
        return self.projection or whole_row(self.table)


class UpdateShape(Struct, frozen=True, cache_hash=True):
    """A change of one row by its key, or of many in one statement, by the fields that are given."""

    table: Table
    fields: tuple[Field, ...]
    many: bool = False


class LinkShape(Struct, frozen=True, cache_hash=True):
    """New links between pairs of rows.

    Args:
        table: The link table.
        columns: Its columns that refer to both ends.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]


class UnlinkShape(Struct, frozen=True, cache_hash=True):
    """The removal of the links that rows have beside those in the parameter `ROWS`.

    Args:
        table: The link table.
        columns: Its columns that refer to both ends.
        own: How many of them, the first ones, refer to the rows.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    own: int


class DeleteShape(Struct, frozen=True, cache_hash=True):
    """The removal of rows of any table whose columns occur in a list."""

    table: SQLTable
    columns: tuple[Column[Any], ...]


class FindShape(Struct, frozen=True, cache_hash=True):
    """The values of some columns in the rows of any table whose columns occur in a list.

    Args:
        table: The table.
        shown: The columns that are read.
        columns: The columns that occur in the parameter `ROWS`.
        lock: What nobody else may do to the rows until the transaction ends.
        placed: Whether each row begins with the place in the list of what it was found by, from 0;
            one that is found by several stands behind each of them.
    """

    table: SQLTable
    shown: tuple[Column[Any], ...]
    columns: tuple[Column[Any], ...]
    lock: Lock | None = None
    placed: bool = False


class DescendShape(Struct, frozen=True, cache_hash=True):
    """The keys of the rows below others in the same table, many levels at once.

    Args:
        table: The table.
        columns: Its columns that refer to the row above; that one's values are the parameter
            `ROWS`.
        parent_columns: What they refer to.
        lock: What nobody else may do to the rows until the transaction ends.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    parent_columns: tuple[Column[Any], ...]
    lock: Lock


LEVELS = 500
"""Levels of rows that one statement finds, or removes at once: SQLite nests triggers 1,000 deep."""


Shape = (
    SelectShape
    | CountShape
    | RelatedShape
    | InsertShape
    | GivenShape
    | UpdateShape
    | LinkShape
    | UnlinkShape
    | DeleteShape
    | FindShape
    | DescendShape
)

"""Writes: tables and columns, without the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..access.policy import Action
from ..catalog.field import Field
from ..catalog.relation import Relation
from ..catalog.tables import Table


class Conflict(Struct, frozen=True, cache_hash=True):
    """Conflict clause of an INSERT: the unique key, and the update of an existing row.

    Args:
        key: The fields of the unique key.
        merged: The fields to update in an existing row; None to leave the row as it is.
    """

    key: tuple[Field, ...]
    merged: tuple[Field, ...] | None


class InsertShape(Struct, frozen=True, cache_hash=True):
    """New rows with values for some fields: one, or many in one statement.

    Args:
        table: The table.
        fields: The fields that have values.
        many: Whether there are many rows.
        conflict: The conflict clause for rows that exist already.
        checks: Whether only rows are stored that the caller may create; the fields that the
            condition needs are among `fields`.
    """

    table: Table
    fields: tuple[Field, ...]
    many: bool = False
    conflict: Conflict | None = None
    checks: bool = False

    @property
    def ignores(self) -> bool:
        """Whether existing rows are left as they are; the statement does not return them then."""
        return self.conflict is not None and self.conflict.merged is None


class CheckShape(Struct, frozen=True, cache_hash=True):
    """Rows, among those whose keys are in the parameter `ROWS`, on which the caller may not perform
    all of some actions.

    Each row of the result has the position of a key, from 0, and for each action whether it is
    allowed.

    Args:
        table: The table.
        actions: The actions.
        assigned: The fields with values that a write would set, after each key: the rows are
            checked as they would be.
    """

    table: Table
    actions: tuple[Action, ...]
    assigned: tuple[Field, ...] = ()

    @property
    def columns(self) -> Sequence[Column[Any]]:
        """The columns of the key."""
        return self.table.key_columns


class UpdateShape(Struct, frozen=True, cache_hash=True):
    """Update of some fields: of one row by its key, or of many rows in one statement."""

    table: Table
    fields: tuple[Field, ...]
    many: bool = False


class LinkShape(Struct, frozen=True, cache_hash=True):
    """New links between pairs of rows.

    Args:
        table: The link table.
        columns: Its foreign key columns to both ends.
        assigned: Fields that the server sets in addition; their values follow those in `ROWS`.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    assigned: tuple[Field, ...] = ()


class UnlinkShape(Struct, frozen=True, cache_hash=True):
    """Deletion of the links of some rows, except for those in the parameter `ROWS`.

    Args:
        table: The link table.
        columns: Its foreign key columns to both ends.
        own: The number of columns, the first ones, that refer to the rows.
        seen: The relation and the resource at its other end: only links to rows that the caller may
            see are deleted.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    own: int
    seen: tuple[Relation, Table] | None = None


class DeleteShape(Struct, frozen=True, cache_hash=True):
    """Deletion of rows of any table whose values of some columns occur in a list.

    Args:
        table: The table.
        columns: The columns whose values are in the parameter `ROWS`.
        resource: The resource of the table, to delete only rows that clients may delete.
        seen: For links, the relation and the resource at its other end, as in `UnlinkShape`.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    resource: Table | None = None
    seen: tuple[Relation, Table] | None = None

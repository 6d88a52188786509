"""Writes: which columns of which table."""

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
    """What becomes of a new row where one with the same values is there already.

    Args:
        key: The fields of a unique key whose values are the same.
        merged: The fields that are written to the row that is there; None to leave it alone.
    """

    key: tuple[Field, ...]
    merged: tuple[Field, ...] | None


class InsertShape(Struct, frozen=True, cache_hash=True):
    """New rows, by the fields that are given: one, or many in one statement.

    Args:
        table: The table.
        fields: The fields that are given.
        many: Whether there are many rows.
        conflict: What becomes of a row that is there already.
        checks: Whether nothing is stored that the caller may not create; what decides that is among
            the fields.
    """

    table: Table
    fields: tuple[Field, ...]
    many: bool = False
    conflict: Conflict | None = None
    checks: bool = False

    @property
    def ignores(self) -> bool:
        """Whether rows that are there already are left alone; then they are not given back."""
        return self.conflict is not None and self.conflict.merged is None


class CheckShape(Struct, frozen=True, cache_hash=True):
    """The rows among those whose keys are the parameter `ROWS` to which a caller may not do all of
    some actions.

    Each is the place of a key, from 0, and of each action whether it is allowed.

    Args:
        table: The table.
        actions: The actions.
    """

    table: Table
    actions: tuple[Action, ...]

    @property
    def columns(self) -> Sequence[Column[Any]]:
        """The columns of the key."""
        return self.table.key_columns


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
        assigned: What the server sets beside, of which the values stand behind those in `ROWS`.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    assigned: tuple[Field, ...] = ()


class UnlinkShape(Struct, frozen=True, cache_hash=True):
    """The removal of the links that rows have beside those in the parameter `ROWS`.

    Args:
        table: The link table.
        columns: Its columns that refer to both ends.
        own: How many of them, the first ones, refer to the rows.
        seen: The relation and the resource at its other end: only links to rows that the caller may
            see are removed.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    own: int
    seen: tuple[Relation, Table] | None = None


class DeleteShape(Struct, frozen=True, cache_hash=True):
    """The removal of rows of any table whose columns occur in a list.

    Args:
        table: The table.
        columns: The columns that occur in the parameter `ROWS`.
        resource: The resource of the table, to remove only what clients may remove of it.
        seen: Of links, the relation and the resource at its other end, as in `UnlinkShape`.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    resource: Table | None = None
    seen: tuple[Relation, Table] | None = None

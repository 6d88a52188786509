"""The parent row that a path names, and the relation to its children."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..shape.lookups import LookupShape
from ..shape.parts import Lock
from .keys import key_values


class Parent(Struct, frozen=True):
    """Row whose children are listed.

    Args:
        table: Its resource.
        relation: The relation to the children.
        key: The values of its key.
    """

    table: Table
    relation: Relation
    key: tuple[Any, ...]

    @property
    def shape(self) -> LookupShape:
        """The shape that checks whether the row exists."""
        key = tuple(self.table.sql.primary_key.columns)
        return LookupShape(self.table.sql, key, key, resource=self.table)

    @property
    def owner(self) -> LookupShape:
        """The shape that reads the columns that children refer to, and locks the row."""
        key = tuple(self.table.sql.primary_key.columns)
        local = self.relation.local
        return LookupShape(self.table.sql, local, key, lock=Lock.KEEP, resource=self.table)


def plan_parent(table: Table, relation: Relation, key: str) -> Parent:
    """Plan the look-up of a parent row.

    Args:
        table: The parent's resource.
        relation: The relation to its children.
        key: The key in the path, percent-encoded.

    Returns:
        The parent.

    Raises:
        InvalidRequest: The key is not valid.
    """
    return Parent(table, relation, tuple(key_values(table, key)))

"""The row that a path names first, and the relation that leads on from it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..shape.lookups import LookupShape
from ..shape.parts import Lock
from .keys import key_values


class Parent(Struct, frozen=True):
    """The row whose children are listed.

    Args:
        table: Its resource.
        relation: The relation that leads to the children.
        key: The values of its key.
    """

    table: Table
    relation: Relation
    key: tuple[Any, ...]

    @property
    def shape(self) -> LookupShape:
        """Looks whether it is there."""
        key = tuple(self.table.sql.primary_key.columns)
        return LookupShape(self.table.sql, key, key, resource=self.table)

    @property
    def owner(self) -> LookupShape:
        """Reads what its children refer to, and holds the row."""
        key = tuple(self.table.sql.primary_key.columns)
        local = self.relation.local
        return LookupShape(self.table.sql, local, key, lock=Lock.KEEP, resource=self.table)


def plan_parent(table: Table, relation: Relation, key: str) -> Parent:
    """Plan which row's children are listed.

    Args:
        table: The parent's resource.
        relation: The relation that leads to its children.
        key: The key as it stands in the path, percent-encoded.

    Returns:
        The parent.

    Raises:
        InvalidRequest: The key is not valid.
    """
    return Parent(table, relation, tuple(key_values(table, key)))

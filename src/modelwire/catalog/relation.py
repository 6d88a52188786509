"""Relations: relationships of a resource and their representation on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from .policies import TablePolicy


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Relationship between tables, with the columns that join them.

    Args:
        name: Its name on the wire: the one in answers, possibly made by an alias generator.
        key: The relationship's name in Python.
        target: Name of the table that it leads to.
        many: Whether it leads to many rows.
        simple: Whether it is joined by equality of columns only.
        unique: Whether `remote` is unique in the target.
        holds: Whether the foreign key is on this side.
        writable: Whether rows may be related by it.
        local: Columns of this side, in the order of `remote`.
        remote: Columns of the other side; of the link table if there is one.
        link: The link table of a many-to-many relationship.
        link_target: Pairs of a column of the target and the link table's column that refers to it.
        order: Columns of the target that its rows are ordered by, each with whether it is
            descending.
        excludes: Whether one link may rule out another: the link table has a unique key on fewer
            columns than both foreign keys, for example if a row may have one link only.
        repeats: Whether two rows may be linked more than once, for example if each link has its own
            key.
        policies: The policies of all resources except open ones, by their tables.
    """

    name: str
    key: str
    target: str
    many: bool
    simple: bool
    unique: bool
    holds: bool
    writable: bool
    local: tuple[Column[Any], ...]
    remote: tuple[Column[Any], ...]
    link: SQLTable | None
    link_target: tuple[tuple[Column[Any], Column[Any]], ...]
    excludes: bool
    order: tuple[tuple[Column[Any], bool], ...] = ()
    repeats: bool = False
    policies: Mapping[SQLTable, TablePolicy] = dataclass_field(default_factory=dict)

    @property
    def link_columns(self) -> tuple[Column[Any], ...]:
        """The link table's columns: those that refer to this side, then those that refer to the
        target."""
        return (*self.remote, *(linked for _, linked in self.link_target))

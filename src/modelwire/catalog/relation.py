"""One relationship between tables, as the wire sees it."""

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
    """One relationship, with the columns that join it.

    Args:
        name: Its name on the wire: as answers show it, made by the alias generator where there is
            one.
        key: The relationship's name in Python.
        target: Name of the table it leads to.
        many: Whether it leads to many rows.
        simple: Whether it is joined by equal columns and nothing else.
        unique: Whether no two rows of the target have the same values in `remote`.
        holds: Whether the foreign key is on this side.
        writable: Whether rows may be tied by it.
        local: Columns of this side, in the order of `remote`.
        remote: Columns of the other side; of the link table where there is one.
        link: The link table of a many-to-many relationship.
        link_target: Pairs of a column of the target and the link table's column that refers to it.
        order: Columns of the target by which its rows are ordered, each with whether its largest
            value comes first.
        excludes: Whether a link may stand in the way of another one: the link table allows fewer
            than one for each pair of rows, as where a row may have one only.
        repeats: Whether two rows may be linked more than once, as where each link has a key of its
            own.
        policies: The policies of all resources, by their tables; those that are open are left out.
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
        """The link table's columns: those that refer to this side, then those to the target."""
        return (*self.remote, *(linked for _, linked in self.link_target))

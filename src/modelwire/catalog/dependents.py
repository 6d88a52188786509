"""Rows that are deleted along with another row, as the models declare it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty


@dataclass(frozen=True, slots=True)
class Dependent:
    """Rows that are deleted before the row that they depend on.

    Args:
        table: Their table.
        columns: Its foreign key columns to the row.
        parent_columns: The columns that these refer to.
        is_link: Whether the rows are the links of a many-to-many relationship.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    parent_columns: tuple[Column[Any], ...]
    is_link: bool


def read_dependents(
    mappers: Iterable[Mapper[Any]], watched: Collection[str] = ()
) -> Mapping[str, Sequence[Dependent]]:
    """Read the dependents of every mapped table.

    The links of a many-to-many relationship are deleted with the row at either end. The rows of a
    relationship with `cascade_delete=True` are deleted with their parent, unless the database
    deletes them itself (`ondelete="CASCADE"`) and the deleted rows need not be known.

    Args:
        mappers: The mappers of all models.
        watched: The names of the tables whose deleted rows must be known.

    Returns:
        The dependents, by the name of the table that they depend on.
    """
    declared = [
        (parent.fullname, dependent)
        for mapper in mappers
        for prop in mapper.relationships
        for parent, dependent in _dependents_of(mapper, prop)
    ]
    ways = _lead_to(watched, declared)
    found: defaultdict[str, dict[tuple[Any, ...], Dependent]] = defaultdict(dict)
    for parent, dependent in declared:
        is_left = not dependent.is_link and _deleted_by_database(dependent.columns)
        if not is_left or dependent.table.fullname in ways:
            found[parent].setdefault((dependent.table, dependent.columns), dependent)
    return {name: tuple(dependents.values()) for name, dependents in found.items()}


def _dependents_of(
    mapper: Mapper[Any], prop: RelationshipProperty[Any]
) -> Iterable[tuple[SQLTable, Dependent]]:
    own, target = mapper.local_table, prop.mapper.local_table
    if not isinstance(own, SQLTable) or not isinstance(target, SQLTable):
        return
    if isinstance(prop.secondary, SQLTable):
        yield own, _link(prop.secondary, prop.synchronize_pairs)
        yield target, _link(prop.secondary, prop.secondary_synchronize_pairs or [])
    elif prop.direction is RelationshipDirection.ONETOMANY and prop.cascade.delete:
        pairs: Any = prop.local_remote_pairs
        columns = tuple(remote for _, remote in pairs)
        yield own, Dependent(target, columns, tuple(local for local, _ in pairs), is_link=False)


def _lead_to(watched: Collection[str], declared: Sequence[tuple[str, Dependent]]) -> set[str]:
    """Return the watched tables, and those from which deletes cascade to them."""
    found: set[str] = set()
    pending = set(watched)
    while pending:
        found |= pending
        above = {parent for parent, d in declared if not d.is_link and d.table.fullname in pending}
        pending = above - found
    return found


def _link(table: SQLTable, pairs: Sequence[tuple[Any, Any]]) -> Dependent:
    return Dependent(
        table, tuple(link for _, link in pairs), tuple(parent for parent, _ in pairs), is_link=True
    )


def _deleted_by_database(columns: Iterable[Any]) -> bool:
    keys = [key for column in columns for key in column.foreign_keys]
    return bool(keys) and all((key.ondelete or "").upper() == "CASCADE" for key in keys)

"""Rows with their included rows, as read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby, islice
from typing import Any

from msgspec import Struct

from ..catalog.tables import Table
from ..shape.parts import Include, Projection
from ..shape.reads import SelectShape

Row = Sequence[Any]


class Branch(Struct, frozen=True):
    """Rows of one include, for all parents together.

    Args:
        include: The include.
        owners: For each row the values of its parent in the relation's local columns; empty where
            there is one parent, which has all rows.
        rows: The rows.
        branches: The rows of nested includes.
    """

    include: Include
    owners: Sequence[tuple[Any, ...]]
    rows: Sequence[Row]
    branches: Sequence[Branch] = ()


def attach(
    owners: Sequence[int], branch: Branch, rows: Sequence[Row], children: Sequence[Any]
) -> list[Any]:
    """Group the children of a branch by their parents.

    Args:
        owners: The positions of the relation's local columns in a parent.
        branch: The branch.
        rows: The parents.
        children: The encoded child for each row of the branch.

    Returns:
        For each parent the list of its children; for a to-one relation its child or None.
    """
    relation = branch.include.relation
    if len(rows) == 1:
        return [children if relation.many else next(iter(children), None)]
    # The children of one parent nearly always follow each other, but not always: values that the
    # database takes for equal need not be equal in Python.
    by_owner: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    left = iter(children)
    for owner, same in groupby(branch.owners):
        by_owner[owner].extend(islice(left, len([*same])))
    found = [by_owner.get(tuple(row[i] for i in owners), []) for row in rows]
    return found if relation.many else [family[0] if family else None for family in found]


def split_joined(shape: SelectShape, rows: Sequence[Row], include: Include) -> list[Row]:
    """Extract the rows of an include from the parents that a lateral join has brought them with.

    Args:
        shape: The shape that was read.
        rows: The parents: their own columns, then one array for each column of a child.
        include: The include.

    Returns:
        The rows of the include.
    """
    start = len(shape.read.fields)
    for joined in shape.joined[: shape.joined.index(include)]:
        start += len(joined.target.selected)
    end = start + len(include.target.selected)
    found: list[Row] = []
    for row in rows:
        arrays = row[start:end]
        if arrays[0] is not None:
            found.extend(zip(*arrays, strict=True))
    return found


def owner_positions(table: Table, read: Projection, include: Include) -> list[int]:
    """Return the positions, in a row, of the columns from which a relation starts."""
    positions = read.positions
    return [positions[table.by_column[column.name]] for column in include.relation.local]

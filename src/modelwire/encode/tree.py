"""Rows with the rows that they include, as they were read."""

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
    """The rows of one include, for all parents together.

    Args:
        include: What was included.
        owners: For each row the values that its parent has in the relation's local columns;
            empty where there is one parent, whose rows they all are.
        rows: The rows.
        branches: What they include in turn.
    """

    include: Include
    owners: Sequence[tuple[Any, ...]]
    rows: Sequence[Row]
    branches: Sequence[Branch] = ()


def attach(
    owners: Sequence[int], branch: Branch, rows: Sequence[Row], children: Sequence[Any]
) -> list[Any]:
    """Hand the children of a branch to their parents.

    Args:
        owners: Where a parent has the relation's local columns.
        branch: The branch.
        rows: The parents.
        children: What stands for each row of the branch.

    Returns:
        For each parent the list of its children, or its only one where the relation has one.
    """
    relation = branch.include.relation
    if len(rows) == 1:
        return [children if relation.many else next(iter(children), None)]
    # The children of one parent follow each other, all of them in nearly every case: what databases
    # take for equal need not be so here.
    by_owner: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    left = iter(children)
    for owner, same in groupby(branch.owners):
        by_owner[owner].extend(islice(left, len([*same])))
    found = [by_owner.get(tuple(row[i] for i in owners), []) for row in rows]
    return found if relation.many else [family[0] if family else None for family in found]


def split_joined(shape: SelectShape, rows: Sequence[Row], include: Include) -> list[Row]:
    """Take the rows of an include out of the rows that brought them along.

    Args:
        shape: What was read.
        rows: The rows: behind their columns stand arrays, one for each column of a child.
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
    """Where a row has the columns by which a relation starts from it."""
    positions = read.positions
    return [positions[table.by_column[column.name]] for column in include.relation.local]

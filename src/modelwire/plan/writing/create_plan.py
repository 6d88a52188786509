"""Plans of new rows and of the related rows that are stored with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import ClassVar

from msgspec import Struct

from ...access.policy import Action
from ...catalog.defaults import looks_at_rows
from ...catalog.field import Field
from ...catalog.kinds import has_own_equality
from ...catalog.relation import Relation
from ...catalog.tables import Table
from ...errors import Violation
from ...memory import kept
from ...shape.writes import InsertShape
from ..keys import Key
from ..parent import Parent
from .links import LinkSet
from .new_rows import NewRow


class RelatedRows(Struct, frozen=True):
    """Related rows that are stored with one new row.

    Args:
        parents: Rows that it refers to, one for each relation.
        children: Rows that refer to it, or are linked to it.
        links: Links to existing rows.
    """

    parents: Mapping[Relation, CreatePlan] = {}
    children: Mapping[Relation, CreatePlan] = {}
    links: tuple[LinkSet, ...] = ()


_ALONE = RelatedRows()


class CreatePlan(Struct, frozen=True):
    """Creation of rows, in one transaction.

    Args:
        table: The resource.
        rows: The rows.
        kin: The related rows of each row; empty if there are none.
    """

    table: Table
    rows: tuple[NewRow, ...]
    kin: tuple[RelatedRows, ...] = ()
    keys: ClassVar[tuple[Key, ...]] = ()

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement stores everything."""
        if self.kin:
            return False
        is_alone = len(self.rows) == 1
        if not self.table.policy.create.constant:
            return is_alone and decides(self.table, self.rows[0].fields)
        if is_alone:
            return True
        groups = group_rows(self.table, self.rows)
        return len(groups) == 1 and groups[0][0].many

    @property
    def is_splittable(self) -> bool:
        """Whether it can be executed in parts, to find out which one is refused."""
        return len(self.rows) > 1 or bool(self.kin)

    def split(self) -> Iterator[CreatePlan]:
        """Yield a plan for each row, with its related rows."""
        for index, row in enumerate(self.rows):
            yield CreatePlan(self.table, (row,), self.kin[index : index + 1])

    def levels(self) -> Iterator[CreatePlan]:
        """Yield the plan, and those of all related rows."""
        yield self
        for kin in self.kin:
            for plan in (*kin.parents.values(), *kin.children.values()):
                yield from plan.levels()


class ChildPlan(Struct, frozen=True):
    """Creation of a row below an existing one.

    Args:
        parent: The existing row.
        plan: The plan of the new row.
    """

    parent: Parent
    plan: CreatePlan
    is_one_statement: ClassVar[bool] = False

    @property
    def is_splittable(self) -> bool:
        """Whether it can be executed in parts, to find out which one is refused."""
        return self.plan.is_splittable


def refuse_other_parent(pointer: str) -> Violation:
    """Return the violation for a row that names another parent than the one that it is created
    with."""
    message = "names another row than the one that contains this one; leave it out"
    return Violation(message, "other_parent", pointer)


def refuse_unnamed_parent(pointer: str) -> Violation:
    """Return the violation for a row that would refer to a value that its parent does not have, and
    so would belong to no row."""
    message = "can't refer to the row that it is created with, which has null there"
    return Violation(message, "unnamed_parent", pointer)


def join_plans(plans: Sequence[CreatePlan]) -> CreatePlan:
    """Join several plans of one table into one."""
    rows = tuple(row for plan in plans for row in plan.rows)
    if not any(plan.kin for plan in plans):
        return CreatePlan(plans[0].table, rows)
    kin = tuple(k for plan in plans for k in plan.kin or (_ALONE,) * len(plan.rows))
    return CreatePlan(plans[0].table, rows, kin)


def group_rows(
    table: Table, rows: Sequence[NewRow], *, together: bool = True
) -> Sequence[tuple[InsertShape, Sequence[NewRow]]]:
    """Group consecutive rows that set the same fields.

    Args:
        table: The resource.
        rows: The rows.
        together: Whether one statement may store many rows.

    Returns:
        The statement of each group, to be run once for all of its rows, or once for each.
    """
    if len(rows) == 1:
        return [(_shape_alone(table, rows[0].fields), rows)]
    groups = []
    for fields, found in groupby(rows, attrgetter("fields")):
        group = list(found)
        many = together and len(group) > 1 and go_together(table, fields)
        shape = InsertShape(table, fields, many=True) if many else _shape_alone(table, fields)
        groups.append((shape, group))
    return groups


def _shape_alone(table: Table, fields: tuple[Field, ...]) -> InsertShape:
    """Return the shape that stores one row; it checks the policy if the row's fields suffice."""
    checks = not table.policy.create.constant and decides(table, fields)
    return InsertShape(table, fields, checks=checks)


@kept
def decides(table: Table, fields: tuple[Field, ...], action: Action = "create") -> bool:
    """Whether the fields of a new row, or those that change, suffice to decide if it may be written
    so."""
    alike = ((f.column.key, f.kind) for f in fields if not has_own_equality(f.sql_type))
    written = {field.column.key for field in fields}
    stored = () if action == "create" else {column.key for column in table.columns} - written
    return table.policy.decides(action, alike, stored)


@kept
def go_together(table: Table, fields: tuple[Field, ...], *, changes: bool = False) -> bool:
    """Whether one statement can write some fields of many rows.

    It can't if there are no fields, since a list needs a column; for arrays, since lists of them
    are flattened; and for defaults that are computed from the row.
    """
    written = {field.column for field in fields}
    flat = bool(fields) and not any(field.is_array for field in fields)
    return flat and not looks_at_rows(table.sql, written, changes=changes)

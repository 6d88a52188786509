"""Everything that a writing request can ask for, as one value."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...catalog.tables import Table
from .create_plan import ChildPlan
from .delete import DeletePlan
from .each import Planned, RowPlan, WrittenRows, join_planned
from .links import LinkPlan
from .mass import MassPlan
from .update import UpdatePlan


class MassUpdate(Struct, frozen=True):
    """Changing all rows that match some filters.

    Args:
        found: Finds the rows.
        change: What each sets.
        limit: Rows that the client allows at most.
    """

    found: MassPlan
    change: UpdatePlan
    limit: int

    @property
    def table(self) -> Table:
        """The resource."""
        return self.found.table


class MassDelete(Struct, frozen=True):
    """Removing all rows that match some filters.

    Args:
        found: Finds the rows.
        limit: Rows that the client allows at most.
    """

    found: MassPlan
    limit: int

    @property
    def table(self) -> Table:
        """The resource."""
        return self.found.table


class EachPlan(Struct, frozen=True):
    """Writing many rows, each for itself.

    Args:
        table: The resource.
        planned: How each is written, or what is wrong with it.
        pointers: Where each stands in the body.
    """

    table: Table
    planned: Sequence[Planned]
    pointers: Sequence[str]


WritePlan = RowPlan | ChildPlan | LinkPlan | MassUpdate | MassDelete | EachPlan
"""What a request asks to write."""


def rows_of(plan: WritePlan) -> WrittenRows:
    """The rows that a plan names, by which is explained what only COMMIT refuses."""
    match plan:
        case ChildPlan():
            return plan.plan
        case LinkPlan():
            return plan.owner
        case MassUpdate():
            return plan.change
        case MassDelete():
            return DeletePlan(plan.table, (), ())
        case EachPlan():
            return join_planned(plan.table, plan.planned)
        case _:
            return plan


def is_one_statement(plan: WritePlan) -> bool:
    """Whether one statement carries a plan out, if nothing else is done beside."""
    return isinstance(plan, RowPlan) and plan.is_one_statement


def is_splittable(plan: WritePlan) -> bool:
    """Whether a plan can be carried out one row after another, to find out which is refused."""
    if isinstance(plan, ChildPlan):
        return plan.plan.is_splittable
    return isinstance(plan, RowPlan) and plan.is_splittable

"""Whether hooks run with what a plan writes."""

from __future__ import annotations

from collections.abc import Iterator

from ...catalog.tables import Catalog
from ...errors import RequestError
from ...hooks import WriteOperation
from .create_plan import ChildPlan, CreatePlan
from .delete import DeletePlan
from .links import LinkPlan
from .mark import RestorePlan
from .plans import EachPlan, MassDelete, MassUpdate, WritePlan
from .update import UpdatePlan
from .upsert import UpsertPlan


def runs_hooks(catalog: Catalog, plan: WritePlan) -> bool:
    """Whether hooks may run with what a plan writes.

    Args:
        catalog: The resources.
        plan: The plan.
    """
    if not catalog.has_hooks:
        return False
    return any(catalog.runs_hooks(name, operation) for name, operation in _writes_of(catalog, plan))


def _writes_of(
    catalog: Catalog, plan: WritePlan | RequestError
) -> Iterator[tuple[str, WriteOperation]]:
    """The names of the tables that a plan writes, and what it does to them."""
    match plan:
        case EachPlan():
            for planned in plan.planned:
                yield from _writes_of(catalog, planned)
        case ChildPlan():
            yield from _writes_of(catalog, plan.plan)
        case LinkPlan():
            yield plan.owner.table.name, "update"
        case UpsertPlan():
            yield from ((plan.table.name, "create"), (plan.table.name, "update"))
        case CreatePlan():
            yield from ((level.table.name, "create") for level in plan.levels())
        case RestorePlan():
            yield from ((name, "update") for name in _removed_with(catalog, plan.table.name))
        case UpdatePlan() | MassUpdate():
            yield plan.table.name, "update"
        case DeletePlan() | MassDelete():
            yield from ((name, "delete") for name in _removed_with(catalog, plan.table.name))


def _removed_with(catalog: Catalog, name: str) -> set[str]:
    """The tables whose rows may go with those of one, and that one."""
    found, pending = set[str](), [name]
    while pending:
        above = pending.pop()
        if above not in found:
            found.add(above)
            pending += [d.table.fullname for d in catalog.dependents.get(above, ())]
    return found

"""Values that the server assigns in rows: attributes of the caller, or results of functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from msgspec.structs import replace

from ...access.principal import Principal
from ...catalog.relation import Relation
from .create_plan import ChildPlan, CreatePlan, RelatedRows
from .each import RowPlan
from .new_rows import NewRow, assign_to
from .plans import EachPlan, MassUpdate, WritePlan
from .update import UpdatePlan
from .upsert import UpsertPlan

Plan = TypeVar("Plan", bound=CreatePlan)
Change = TypeVar("Change", bound=UpdatePlan)


def assign(plan: WritePlan, principal: Principal) -> WritePlan:
    """Add the server's values to all rows of a plan.

    Every plan passes through this function on its way to the transaction.

    Args:
        plan: The plan.
        principal: The caller.

    Returns:
        The plan, with these values among those of its rows.

    Raises:
        CallerError: A value is an attribute of the caller that no column can hold.
    """
    match plan:
        case UpsertPlan():
            return plan  # its keys may be assigned: it already includes the values
        case CreatePlan():
            return _assign_new(plan, principal)
        case UpdatePlan():
            return assign_changed(plan, principal)
        case ChildPlan():
            return replace(plan, plan=_assign_new(plan.plan, principal))
        case MassUpdate():
            return replace(plan, change=assign_changed(plan.change, principal))
        case EachPlan():
            planned = [
                cast("RowPlan", assign(p, principal)) if isinstance(p, RowPlan) else p
                for p in plan.planned
            ]
            return replace(plan, planned=planned)
    return plan


def _assign_new(plan: Plan, principal: Principal) -> Plan:
    """Add the server's values to new rows, and to related rows that are stored with them."""
    table, given = plan.table, plan.table.policy.on_create
    if not (given or plan.kin):
        return plan
    kin = tuple(
        RelatedRows(_assign_kin(k.parents, principal), _assign_kin(k.children, principal), k.links)
        for k in plan.kin
    )
    rows = tuple(assign_to(row, table, given, principal) for row in plan.rows)
    return replace(plan, rows=rows, kin=kin)


def _assign_kin(
    plans: Mapping[Relation, CreatePlan], principal: Principal
) -> Mapping[Relation, CreatePlan]:
    return {relation: _assign_new(plan, principal) for relation, plan in plans.items()}


def assign_changed(plan: Change, principal: Principal) -> Change:
    """Add the server's values to updated rows, except for rows that set neither fields nor
    links."""
    table, given = plan.table, plan.table.policy.on_update
    if not given:
        return plan
    drafts = plan.drafts or (None,) * len(plan.rows)
    links = plan.links or ((),) * len(plan.rows)
    rows = tuple(
        assign_to(row, table, given, principal) if row.fields or draft is not None or sets else row
        for row, draft, sets in zip(plan.rows, drafts, links, strict=True)
    )
    return replace(plan, rows=rows)


def assign_merged(plan: UpsertPlan, row: NewRow, principal: Principal) -> NewRow:
    """Add the server's values to an existing row that an upsert merges with."""
    return assign_to(row, plan.table, plan.table.policy.on_update, principal) if row.fields else row

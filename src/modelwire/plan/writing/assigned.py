"""What the server sets in rows: attributes of the caller, or what functions make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from msgspec.structs import replace

from ...access.principal import Principal
from ...catalog.relation import Relation
from .create_plan import ChildPlan, CreatePlan, RelatedRows
from .draft import Row, assign_to
from .each import RowPlan
from .plans import EachPlan, MassUpdate, WritePlan
from .update import UpdatePlan
from .upsert import UpsertPlan

Plan = TypeVar("Plan", bound=CreatePlan)
Change = TypeVar("Change", bound=UpdatePlan)


def assign(plan: WritePlan, principal: Principal) -> WritePlan:
    """Set in all rows that a plan writes what the server sets.

    Every plan passes here on its way to the transaction, and none comes to it otherwise.

    Args:
        plan: What is to be written.
        principal: The caller.

    Returns:
        The plan, with these values among those that its rows set.

    Raises:
        CallerError: A value is an attribute of the caller, and no column can hold it.
    """
    match plan:
        case UpsertPlan():
            return plan  # its keys may be assigned: it was planned with them
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
    """The same for new rows, and those that are stored with them."""
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
    """Set in rows that are changed what the server sets; one that sets nothing stays as it is."""
    table, given = plan.table, plan.table.policy.on_update
    if not given:
        return plan
    drafts = plan.drafts or (None,) * len(plan.rows)
    rows = tuple(
        assign_to(row, table, given, principal) if row.fields or draft is not None else row
        for row, draft in zip(plan.rows, drafts, strict=True)
    )
    return replace(plan, rows=rows)


def assign_merged(plan: UpsertPlan, row: Row, principal: Principal) -> Row:
    """Set in a row that is there already, and merged with, what the server sets."""
    return assign_to(row, plan.table, plan.table.policy.on_update, principal) if row.fields else row

"""Everything that a writing request can ask for, as one value, and what each kind of it writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from msgspec import Struct
from sqlalchemy import Table as SQLTable

from ...catalog.relation import Relation
from ...catalog.tables import Catalog, Table
from ...errors import RequestError
from ...hooks import WriteOperation
from .create_plan import ChildPlan, CreatePlan
from .delete import DeletePlan
from .each import Planned, RowPlan, WrittenRows, join_planned
from .links import LinkPlan
from .mark import RestorePlan
from .mass import MassPlan
from .update import UpdatePlan
from .upsert import UpsertPlan


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
    is_one_statement: ClassVar[bool] = False
    is_splittable: ClassVar[bool] = False

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
    is_one_statement: ClassVar[bool] = False
    is_splittable: ClassVar[bool] = False

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
    is_one_statement: ClassVar[bool] = False
    is_splittable: ClassVar[bool] = False


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


def tables_answered(plan: WritePlan | RequestError) -> frozenset[SQLTable]:
    """The tables that a plan writes, links among them; none where no rows are answered.

    Args:
        plan: What is written; rows that are refused before write nothing.
    """
    found: set[SQLTable] = set()
    match plan:
        case UpdatePlan():
            found.add(plan.table.sql)
            for row in plan.links:
                found |= _links_of(links.relation for links in row)
        case CreatePlan():
            found.add(plan.table.sql)
            for kin in plan.kin:
                found |= _links_of(links.relation for links in kin.links)
                for relation, along in (*kin.parents.items(), *kin.children.items()):
                    found |= _links_of([relation]) | tables_answered(along)
        case ChildPlan():
            found |= _links_of([plan.parent.relation]) | tables_answered(plan.plan)
        case EachPlan():
            found.update(*map(tables_answered, plan.planned))
    return frozenset(found)


def _links_of(relations: Iterable[Relation]) -> set[SQLTable]:
    return {relation.link for relation in relations if relation.link is not None}


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

"""All plans of writes, and the tables that each kind writes."""

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
    """Update of all rows that match some filters.

    Args:
        found: The selection of the rows.
        change: The change of each row.
        limit: The maximum number of rows that the client allows.
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
    """Deletion of all rows that match some filters.

    Args:
        found: The selection of the rows.
        limit: The maximum number of rows that the client allows.
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
    """Write of many rows, each independently.

    Args:
        table: The resource.
        planned: The plan of each row, or its error.
        pointers: The place of each in the body.
    """

    table: Table
    planned: Sequence[Planned]
    pointers: Sequence[str]
    is_one_statement: ClassVar[bool] = False
    is_splittable: ClassVar[bool] = False


WritePlan = RowPlan | ChildPlan | LinkPlan | MassUpdate | MassDelete | EachPlan
"""The plan of any write."""


def rows_of(plan: WritePlan) -> WrittenRows:
    """Return the rows that a plan names, to explain constraints that only COMMIT checks."""
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
    """Return the tables that a plan writes, including link tables; empty if no rows are returned.

    Args:
        plan: The plan, or the error of a row, for which nothing is written.
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
    """Whether hooks may run with the writes of a plan.

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
    """Yield the names of the tables that a plan writes, with the operations on them."""
    match plan:
        case EachPlan():
            for planned in plan.planned:
                yield from _writes_of(catalog, planned)
        case ChildPlan():
            yield from _writes_below(catalog, plan)
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


def _writes_below(catalog: Catalog, plan: ChildPlan) -> Iterator[tuple[str, WriteOperation]]:
    """Yield the writes of a new row below an existing one, which a link changes."""
    if plan.parent.relation.link is not None:
        yield plan.parent.table.name, "update"
    yield from _writes_of(catalog, plan.plan)


def _removed_with(catalog: Catalog, name: str) -> set[str]:
    """Return a table and those whose rows may be deleted with its rows, by name."""
    found, pending = set[str](), [name]
    while pending:
        above = pending.pop()
        if above not in found:
            found.add(above)
            pending += [d.table.fullname for d in catalog.dependents.get(above, ())]
    return found

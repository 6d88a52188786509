"""The tables that plans write, where rows are answered: triggers on any may change these rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Table as SQLTable

from ...catalog.tables import Relation
from .create_plan import CreatePlan
from .each import Planned
from .update import UpdatePlan


def tables_answered(plans: Iterable[Planned]) -> frozenset[SQLTable]:
    """The tables that some plans write, links among them; none where no rows are answered.

    Args:
        plans: How rows are written; what is refused writes nothing.
    """
    return frozenset(table for plan in plans for table in _tables_of(plan))


def _tables_of(plan: Planned) -> Iterator[SQLTable]:
    if isinstance(plan, UpdatePlan):
        yield plan.table.sql
        yield from _links_of(links.relation for row in plan.links for links in row)
    elif isinstance(plan, CreatePlan):
        for level in plan.levels():
            yield level.table.sql
            for kin in level.kin:
                yield from _links_of(links.relation for links in kin.links)
                yield from _links_of((*kin.parents, *kin.children))


def _links_of(relations: Iterable[Relation]) -> Iterator[SQLTable]:
    return (relation.link for relation in relations if relation.link is not None)

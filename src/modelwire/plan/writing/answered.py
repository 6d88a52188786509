"""The tables that plans write, where rows are answered: triggers on any may change these rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Table as SQLTable

from ...catalog.relation import Relation
from ...errors import RequestError
from .create_plan import ChildPlan, CreatePlan
from .plans import EachPlan, WritePlan
from .update import UpdatePlan


def tables_answered(plan: WritePlan) -> frozenset[SQLTable]:
    """The tables that a plan writes, links among them; none where no rows are answered.

    Args:
        plan: What is written; rows that are refused before write nothing.
    """
    return frozenset(_tables_of(plan))


def _tables_of(plan: WritePlan | RequestError) -> Iterator[SQLTable]:
    match plan:
        case EachPlan():
            for planned in plan.planned:
                yield from _tables_of(planned)
        case ChildPlan():
            yield from _tables_of(plan.plan)
            yield from _links_of([plan.parent.relation])
        case UpdatePlan():
            yield plan.table.sql
            yield from _links_of(links.relation for row in plan.links for links in row)
        case CreatePlan():
            for level in plan.levels():
                yield level.table.sql
                for kin in level.kin:
                    yield from _links_of(links.relation for links in kin.links)
                    yield from _links_of((*kin.parents, *kin.children))


def _links_of(relations: Iterable[Relation]) -> Iterator[SQLTable]:
    return (relation.link for relation in relations if relation.link is not None)

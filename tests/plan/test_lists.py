"""Queries of lists, and what is planned for them: `lists.txt` has the cases."""

from collections.abc import Iterator, Sequence

import pytest

from modelwire.errors import RequestError
from modelwire.plan.reading.keyset import CursorPlan
from modelwire.plan.reading.plans import ListPlan, plan_list

from .cases import cases
from .described import bound, catalog_of, included, ordered, query, refused, told

DEFAULT = (10, 0, "exact")
"""Rows of a page, rows before it, and how all are counted."""


@pytest.mark.parametrize(("request_", "expected"), cases(__name__))
def test_lists(request_: str, expected: Sequence[str]) -> None:
    """A query is planned as it reads, or refused with the place and the facts."""
    assert list(plan(request_)) == expected


def plan(request_: str) -> Iterator[str]:
    """Tell the plan of a request, such as `users?id=1`, a line for each part."""
    path, _, text = request_.partition("?")
    catalog, table = catalog_of(path)
    try:
        found = plan_list(catalog, catalog.tables[table], query(text))
    except RequestError as exc:
        yield from (f"refused {fault}" for fault in refused(exc))
        return
    shape = found.shape if isinstance(found, ListPlan) else found.rows
    skips = isinstance(found, ListPlan) and found.skip > 0
    if shape.conditions:
        yield f"where {'; '.join(map(told, shape.conditions))}"
    yield f"sort {ordered(shape.order)}"
    if shape.projection is not None:
        shown, read = shape.projection.shown_fields, shape.projection.fields
        yield f"read {','.join(field.name for field in read)}; show {len(shown)}"
        if shape.projection.parts:
            yield f"parts {','.join(part.name for part in shape.projection.parts)}"
    if found.includes:
        yield f"include {included(found.includes)}"
    if isinstance(found, CursorPlan):
        yield f"from {found.cursor!r}, {found.limit} rows"
    elif (found.limit, found.skip, found.counting) != DEFAULT:
        yield f"{found.limit} rows, skip {found.skip}, count {found.counting}"
    if isinstance(found, ListPlan):
        beside = {"limit": found.limit + 1, **({"offset": found.skip} if found.skip else {})}
        assert found.values == {**found.operands, **beside}
    if found.operands:
        yield f"with {bound(found.operands)}"
    assert (shape.limited, shape.offset) == (True, skips)

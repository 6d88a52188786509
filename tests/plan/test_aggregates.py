"""Queries of sums, and what is planned for them: `aggregates.txt` has the cases."""

from collections.abc import Iterator, Sequence

import pytest

from modelwire.errors import RequestError
from modelwire.plan.reading.aggregate import plan_aggregate
from modelwire.shape.aggregates import GroupKey, Measure

from .cases import cases
from .described import bound, catalog_of, place, query, refused, told


@pytest.mark.parametrize(("request_", "expected"), cases(__name__))
def test_aggregates(request_: str, expected: Sequence[str]) -> None:
    """A query is planned as it reads, or refused with the place and the facts."""
    assert list(plan(request_)) == expected


def plan(request_: str) -> Iterator[str]:
    """Tell the plan of a request, a line for each column and part."""
    path, _, text = request_.partition("?")
    catalog, table = catalog_of(path)
    try:
        found = plan_aggregate(catalog, catalog.tables[table], query(text))
    except RequestError as exc:
        yield from (f"refused {fault}" for fault in refused(exc))
        return
    shape, values = found.shape, dict(found.values)
    for column in shape.columns:
        beside = "" if column in shape.answered else ", beside"
        yield f"{_column(column)}{beside}"
    if shape.order:
        terms = (f"{'-' * term.descending}{term.position}" for term in shape.order)
        yield f"sort {','.join(terms)}"
    if shape.conditions:
        yield f"where {'; '.join(map(told, shape.conditions))}"
    if shape.having:
        yield f"having {'; '.join(map(told, shape.having))}"
    assert values.pop("limit") == found.limit + 1
    if (found.limit, found.skip) != (100, 0):
        yield f"{found.limit} groups, skip {found.skip}"
    assert (values.pop("offset", 0), shape.offset) == (found.skip, found.skip > 0)
    if values:
        yield f"with {bound(values)}"


def _column(column: GroupKey | Measure) -> str:
    """Tell a column: its name, its source, and how it is shown."""
    field = "rows" if column.field is None else place(column.field, column.through)
    shown = f"{column.shown.kind.value}{'?' * column.shown.nullable}"
    if isinstance(column, Measure):
        return f"{column.name}: {column.function} of {field}, {shown}"
    unit = "" if column.bucket is None else f" by {column.bucket}{' in tz' * column.zoned}"
    return f"{column.name}: {field}{unit}, {shown}"

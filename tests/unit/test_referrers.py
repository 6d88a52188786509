"""The table that is named if rows can't be deleted or changed, since others refer to them."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from modelwire.catalog.dependents import Dependent
from modelwire.execute.finder import Finder

Rows = dict[str, list[dict[str, int | None]]]


class Stored(Finder, frozen=True, kw_only=True):
    """A finder of rows in memory."""

    rows: Rows

    async def find(  # type: ignore[override]
        self, table: Table, shown: Sequence[Any], columns: Sequence[Any], rows: Sequence[Any]
    ) -> list[tuple[int | None, ...]]:
        sought = {tuple(row) for row in rows}
        return [
            tuple(row[column.name] for column in shown)
            for row in self.rows[table.name]
            if tuple(row[column.name] for column in columns) in sought
        ]


def find_in(rows: Rows) -> Stored:
    nothing: Any = None
    return Stored(nothing, nothing, rows=rows)


def make_tables(**actions: str | None) -> tuple[Table, Table, Table]:
    """Parents, children that refer to them and to each other, and grandchildren."""
    metadata = MetaData()

    def refer(name: str, to: str, **actions: str | None) -> Column[Any]:
        return Column(name, Integer, ForeignKey(f"{to}.id", **actions))  # type: ignore[arg-type]

    def make(name: str, *columns: Column[Any]) -> Table:
        return Table(name, metadata, Column("id", Integer, primary_key=True), *columns)

    parents = make("parents", Column("name", Integer))
    children = make(
        "children", refer("parent_id", "parents", **actions), refer("beside_id", "children")
    )
    return parents, children, make("grandchildren", refer("child_id", "children"))


CHILD = {"id": 10, "parent_id": 1, "beside_id": None}
ROWS: Rows = {"parents": [{"id": 1}, {"id": 2}], "children": [CHILD], "grandchildren": []}
BELOW: Rows = {**ROWS, "grandchildren": [{"id": 100, "child_id": 10}]}


@pytest.mark.parametrize("rows", [ROWS, BELOW], ids=["", "with grandchildren"])
@pytest.mark.parametrize(
    ("action", "is_blocked", "leads_on"),
    [
        (None, True, False),
        ("NO ACTION", True, False),
        ("RESTRICT", True, False),
        ("SET DEFAULT", True, False),
        ("SET NULL", False, False),
        ("CASCADE", False, True),
    ],
)
@pytest.mark.parametrize("deletes", [True, False], ids=["delete", "update"])
async def test_actions(
    deletes: bool, action: str | None, is_blocked: bool, leads_on: bool, rows: Rows
) -> None:
    """What is deleted or changed along blocks nothing, but may itself be referred to."""
    actions = {"ondelete" if deletes else "onupdate": action}
    parents, children, grandchildren = make_tables(**actions)
    changed = None if deletes else {parents.c.id}
    found = await find_in(rows).find_referrer(parents, [(1,)], {}, changed, set())
    below = grandchildren if leads_on and deletes and rows is BELOW else None
    assert found is (children if is_blocked else below)
    assert await find_in(rows).find_referrer(parents, [(2,)], {}, changed, set()) is None


async def test_columns_that_nothing_refers_to() -> None:
    """A change of them is blocked by nothing."""
    parents, _, _ = make_tables()
    changed = {parents.c.name}
    assert await find_in(ROWS).find_referrer(parents, [(1,)], {}, changed, set()) is None


@pytest.mark.parametrize("rows", [ROWS, BELOW], ids=["", "with grandchildren"])
async def test_declared_dependents(rows: Rows) -> None:
    """They are deleted along, whatever the database would do."""
    parents, children, grandchildren = make_tables()
    ids = (children.c.parent_id,)
    dependent = Dependent(children, ids, (parents.c.id,), is_link=False)
    found = await find_in(rows).find_referrer(
        parents, [(1,)], {"parents": [dependent]}, None, set()
    )
    assert found is (grandchildren if rows is BELOW else None)


@pytest.mark.parametrize(
    ("beside", "changed", "is_blocked"),
    [(None, False, True), (11, False, False), (10, False, False), (11, True, True)],
)
async def test_rows_of_the_same_table(beside: int | None, changed: bool, is_blocked: bool) -> None:
    """A row that is deleted with those that it refers to does not block that."""
    _, children, _ = make_tables()
    child = {"id": 11, "parent_id": None, "beside_id": 10}
    own = {**CHILD, "beside_id": 10}
    rows: Rows = {**ROWS, "children": [own] if beside == 10 else [CHILD, child]}
    found = await find_in(rows).find_referrer(
        children, [(10,)], {}, {children.c.id} if changed else None, {(beside,)}
    )
    assert (found is children) is is_blocked

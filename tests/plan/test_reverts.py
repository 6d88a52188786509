"""Changes that are undone: rows as they were before, deleted rows, and times of deletion."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from math import nan
from typing import Any

import pytest

from modelwire.catalog.tables import Table
from modelwire.errors import ChangedSince, Forbidden, NotFound, Refused
from modelwire.plan.writing.mark import plan_mark, plan_restore, plan_return
from modelwire.plan.writing.new_rows import NewRow
from modelwire.plan.writing.revert import plan_recreate
from modelwire.plan.writing.revert import plan_restore as plan_revert
from modelwire.plan.writing.update import UpdatePlan

from .depot import ANN, DEPOT
from .described import CATALOGS

TABLES = DEPOT.tables


def row_of(table: Table, values: dict[str, Any]) -> Sequence[Any]:
    return [values.get(field.name) for field in table.stored]


def told(row: NewRow) -> dict[str, Any]:
    return {field.name: value for field, value in row.items()}


def revert(name: str, before: dict[str, Any], after: dict[str, Any]) -> UpdatePlan:
    table = TABLES[name]
    old, new = row_of(table, before), row_of(table, after)
    changed = [key for key in before if before[key] != after[key]]
    return plan_revert(table, (7,), old, new, changed)


def test_a_change_is_reverted() -> None:
    """The fields that it has changed get their old values, if they still have the new ones."""
    found = revert(
        "depots", {"id": 7, "name": "a", "town": "b"}, {"id": 7, "name": "c", "town": "b"}
    )
    assert (found.keys, told(found.rows[0])) == (((7,),), {"name": "a"})
    assert found.expected is not None
    assert told(found.expected) == {"name": "c"}
    assert (found.is_one_statement, found.many) == (False, False)


def test_what_every_change_sets_is_kept() -> None:
    """The version, values of the server, and what the database makes, are set anew."""
    found = revert(
        "crates", {"id": 7, "code": "a", "version": 1}, {"id": 7, "code": "b", "version": 2}
    )
    assert told(found.rows[0]) == {"code": "a"}
    found = revert("trips", {"score": 1, "changed_by": "ann"}, {"score": 2, "changed_by": "ben"})
    assert told(found.rows[0]) == {"score": 1}
    found = revert("gauges", {"kind": "a", "doubled": 2}, {"kind": "b", "doubled": 4})
    assert told(found.rows[0]) == {"kind": "a"}
    found = revert("gauges", {"kind": "a", "made_of": "x"}, {"kind": "b", "made_of": "y"})
    assert told(found.rows[0]) == {"kind": "a"}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("crates", "state"),
        ("crates", "id"),
        ("trips", "owner_id"),
        ("spans", "hidden"),
        ("parcels", "code"),
    ],
)
def test_what_may_not_be_reverted(name: str, field: str) -> None:
    """A field that clients can't set can't be set back either."""
    with pytest.raises(Forbidden, match="may not set"):
        revert(name, {field: 1}, {field: 2})


@pytest.mark.parametrize(
    ("has", "detail"),
    [
        ({"name": "c", "town": None}, None),
        ({"name": "d", "town": None}, "Changed since: name"),
        ({"name": "d", "town": "e"}, "Changed since: name, town"),
    ],
)
def test_what_has_changed_since(has: dict[str, Any], detail: str | None) -> None:
    found = revert("depots", {"name": "a", "town": "b"}, {"name": "c", "town": None})
    check(found, {"id": 7, **has}, detail)


def test_what_has_changed_unseen() -> None:
    """A hidden field is not named, and NaN is the same value as NaN."""
    found = revert("crates", {"secret_note": "a"}, {"secret_note": "b"})
    check(found, {"secret_note": "c"}, "The row has changed since")
    check(found, {"secret_note": "b"}, None)
    found = revert("gauges", {"ratio": 1.0}, {"ratio": nan})
    check(found, {"ratio": float("nan")}, None)
    check(found, {"ratio": 0.0}, "Changed since: ratio")
    found = revert("crates", {"price": Decimal(1)}, {"price": Decimal(2)})
    check(found, {"price": Decimal("2.00")}, None)
    UpdatePlan(TABLES["depots"], ((7,),), (NewRow((), ()),)).check_expected([()])


def check(found: UpdatePlan, has: dict[str, Any], detail: str | None) -> None:
    stored = [[has.get(field.name) for field in found.locking_shape.read.fields]]
    if detail is None:
        found.check_expected(stored)
        return
    with pytest.raises(ChangedSince) as caught:
        found.check_expected(stored)
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("depots", {"id": 7, "name": "a"}, {"id": 7, "name": "a", "town": None}),
        ("boxes", {"id": 7, "within_id": 5}, {"id": 7, "within_id": 5, "gone_at": None}),
        (
            "trips",
            {"id": 7, "title": "a", "owner_id": 9, "score": 1},
            {"id": 7, "title": "a", "changed_by": None, "score": 1, "info": None},
        ),
        (
            "gauges",
            {"id": 7, "code": "a", "kind": "b", "ratio": 1.0, "doubled": 4},
            {"id": 7, "code": "a", "kind": "b", "numbers": None, "ratio": 1.0, "made_of": None},
        ),
        ("seals", {"id": 7, "number": 1}, {"id": 7, "number": 1, "crate_id": None}),
        (
            "spans",
            {"id": 7, "low": 1, "high": 2, "hidden": 0},
            {"id": 7, "low": 1, "high": 2, "note": None, "hidden": 0},
        ),
    ],
)
def test_a_deleted_row_is_created_again(
    name: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    """It gets its old key and values, except for what the database makes and the server sets."""
    table = TABLES[name]
    (row,) = plan_recreate(table, row_of(table, old), ANN).rows
    assert told(row) == new


def test_what_the_database_computes_is_not_created_again() -> None:
    """Neither a computed column nor a computed field has a value of its own."""
    table = CATALOGS["computed"].tables["funds"]
    assert any(field.computed for field in table.stored)
    (row,) = plan_recreate(table, row_of(table, {"id": 7, "name": "a", "total": 5}), ANN).rows
    assert told(row) == {"id": 7, "name": "a"}


def test_keys_that_the_database_makes_unless_they_are_given() -> None:
    table = CATALOGS["spaced"].tables["bins"]
    (row,) = plan_recreate(table, row_of(table, {"id": 7, "rack_code": "a"}), ANN).rows
    assert told(row) == {"id": 7, "rack_code": "a"}


def test_a_column_that_is_newer_than_a_row() -> None:
    """A column with a default that the row had no value for is left to its default."""
    table = TABLES["crates"]
    old = {"id": 7, "code": "a", "depot_id": None, "stored_at": None}
    (row,) = plan_recreate(table, row_of(table, old), ANN).rows
    assert "stored_at" not in told(row)
    assert told(row)["depot_id"] is None
    now = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
    (row,) = plan_recreate(table, row_of(table, {**old, "stored_at": now}), ANN).rows
    assert told(row)["stored_at"] == now


@pytest.mark.parametrize(
    ("name", "old", "error"),
    [
        (
            "tickets",
            {"id": 7, "text": "a"},
            Refused("The database gives this row another key; create it anew"),
        ),
        (
            "passes",
            {"owner_id": 2, "text": "a"},
            Refused("The server gives this row another key; create it anew"),
        ),
        (
            "seals",
            {"id": 7, "number": 1, "crate_id": 5},
            Forbidden("The row has values that you may not set"),
        ),
        (
            "spans",
            {"id": 7, "low": 1, "high": 2, "hidden": 1},
            Forbidden("The row has values that you may not set"),
        ),
    ],
)
def test_rows_that_are_not_created_again(
    name: str, old: dict[str, Any], error: Refused | Forbidden
) -> None:
    table = TABLES[name]
    with pytest.raises(type(error)) as caught:
        plan_recreate(table, row_of(table, old), ANN)
    assert caught.value.detail == error.detail


def test_a_key_that_the_server_would_set_alike() -> None:
    table = TABLES["passes"]
    (row,) = plan_recreate(table, row_of(table, {"owner_id": 1, "text": "a"}), ANN).rows
    assert told(row) == {"text": "a", "depot_id": None}


NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "at"), [("letters", NOON.replace(tzinfo=None)), ("cards", NOON), ("notes", NOON)]
)
def test_rows_are_marked(name: str, at: dt.datetime) -> None:
    """The time is as its column has it, and policies have nothing to say."""
    table = TABLES[name]
    found = plan_mark(table, [(7,), (8,)], NOON)
    assert [told(row) for row in found.rows] == [{"gone_at": at}] * 2
    assert (found.keys, found.many) == (((7,), (8,)), True)
    assert found.table is found.changed_table is table.with_all_rows
    assert told(plan_mark(table, [(7,)], None).rows[0]) == {"gone_at": None}
    assert (found.is_one_statement, found.may_leave_policy) == (False, False)


def test_a_row_is_restored() -> None:
    """It is looked for among the deleted ones, and must be one of the others afterwards."""
    table = TABLES["letters"]
    found = plan_restore(table, "7")
    assert (found.keys, told(found.rows[0]), found.expected) == (((7,),), {"gone_at": None}, None)
    assert (found.table, found.changed_table) == (table.recalled["only"], table)
    assert found.may_leave_policy
    back = plan_return(table, "7", NOON)
    assert back.expected is not None
    assert (told(back.expected), back.rows) == ({"gone_at": NOON}, found.rows)
    assert [f.name for f in back.locking_shape.read.fields] == ["id", "text", "gone_at"]


def test_rows_that_nobody_may_restore() -> None:
    with pytest.raises(NotFound, match="Card not found"):
        plan_return(TABLES["cards"], "7", NOON)
    with pytest.raises(AssertionError, match="depots: no delete of it is soft"):
        plan_mark(TABLES["depots"], [(7,)], NOON)

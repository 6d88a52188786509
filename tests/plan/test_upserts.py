"""Upserts by themselves: how rows are grouped, and which of them are looked up first."""

from typing import Any

import pytest
from sqlalchemy import Column, String
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Policy, Resource, everyone
from modelwire.access.principal import ANYONE
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Table
from modelwire.errors import InvalidRequest
from modelwire.plan.writing.batches import Batch
from modelwire.plan.writing.new_rows import NewRow
from modelwire.plan.writing.options import Resolution
from modelwire.plan.writing.upsert import UpsertPlan, check_merged, plan_upsert
from modelwire.statement.dialects.known import DIALECTS
from tests.access import own_models as own

from .depot import DEPOT
from .described import CATALOG, refused


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


def _from_row(context: Any) -> Any:
    return context.get_current_parameters()["code"]


class Made(Base, table=True):
    """A row whose new value is computed from it."""

    __tablename__ = "made"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    note: str | None = None
    by: str | None = Field(default=None, sa_column=Column(String, default=_from_row))


class Seen(Base, table=True):
    """A row whose value is computed from it whenever it changes."""

    __tablename__ = "seen"

    id: int | None = Field(default=None, primary_key=True)
    code: str | None = Field(
        default=None, sa_column=Column(String, unique=True, server_default="x", nullable=False)
    )
    note: str | None = None
    by: str | None = Field(default=None, sa_column=Column(String, onupdate=_from_row))


OWN = read_catalog([Resource(Made), Resource(Seen)])


def upsert(
    table: Table, values: dict[str, Any], merged: str | None = "note", count: int = 1
) -> UpsertPlan:
    fields = tuple(table.by_key[name] for name in values)
    rows = tuple(NewRow(fields, tuple(values.values()), f"/{i}") for i in range(count))
    changed = None if merged is None else (table.by_key[merged],)
    key = (table.by_key["code"],)
    return UpsertPlan(table, rows, unique=key, merged=(changed,) * count)


@pytest.mark.parametrize(
    ("table", "values", "merged", "many"),
    [
        ("made", {"code": "a", "note": "b"}, "note", False),
        ("made", {"code": "a", "note": "b", "by": "c"}, "note", True),
        ("seen", {"code": "a", "note": "b"}, "note", False),
        ("seen", {"code": "a", "note": "b"}, None, True),
        ("seen", {"code": None, "note": "b"}, "note", True),
        ("seen", {"code": "a", "by": "b"}, "by", True),
    ],
)
def test_rows_that_are_stored_together(
    table: str, values: dict[str, Any], merged: str | None, *, many: bool
) -> None:
    """They are not if a value is computed from each; a row without a key only needs what new rows
    do."""
    plan = upsert(OWN.tables[table], values, merged)
    ((shape, group),) = plan.group([0]).items()
    assert (shape.many, group) == (many, [0])
    assert (shape.conflict is None) is (values["code"] is None)


def test_some_of_many_rows() -> None:
    plan = upsert(OWN.tables["seen"], {"code": "a", "note": "b"}, count=3)
    plan = UpsertPlan(plan.table, plan.rows, unique=plan.unique, merged=((), None, plan.unique))
    picked = plan.pick([2, 0])
    assert [row.pointer for row in picked.rows] == ["/2", "/0"]
    assert (picked.merged, picked.unique) == ((plan.unique, ()), plan.unique)


def test_rows_without_their_key() -> None:
    """A key that the database would make says nothing of the row that is meant."""
    table = OWN.tables["seen"]
    batch = Batch([{"note": "a"}, {"code": "a"}, {"note": "b"}], ["/0", "/1", "/2"])
    key = (table.by_key["code"],)
    with pytest.raises(InvalidRequest) as caught:
        plan_upsert(table, DIALECTS["sqlite"], key, Resolution.MERGE, ANYONE, batch)
    assert refused(caught.value) == ["/0/code missing", "/2/code missing"]


def _countries(**options: Any) -> Table:
    catalog = read_catalog([Resource(own.OwnCountry, **options)], caller=own.me)
    return catalog.tables["own_countries"]


@pytest.mark.parametrize(
    ("table", "restricted"),
    [
        (CATALOG.tables["users"], False),
        (_countries(policy=Policy(everyone)), False),
        (_countries(policy=Policy(everyone, update=own.me.is_admin)), True),
        (_countries(policy=Policy(everyone, create=own.me.is_admin)), True),
        (_countries(policy=Policy(everyone), assign_on_create={"name": lambda: "x"}), True),
        (_countries(policy=Policy(everyone), assign_on_update={"name": lambda: "x"}), True),
    ],
)
def test_rows_that_are_looked_up_first(table: Table, *, restricted: bool) -> None:
    """One statement can't tell new rows from changed ones, for which other rules may hold."""
    key = table.key
    plan = UpsertPlan(table, (NewRow(key, ("a",) * len(key)),), unique=key, merged=((),))
    assert plan.is_restricted is restricted
    assert plan.is_one_statement is not restricted


def test_parts_of_references() -> None:
    """A part of a composite reference is completed from the row; a whole one, or none, is not."""
    table = DEPOT.tables["slots"]
    fields = {name: table.by_key[name] for name in ("id", "depot_id", "row", "number")}
    for unique, merged, completes in (
        (["id"], ["number"], False),
        (["id"], ["depot_id"], True),
        (["id"], ["row"], True),
        (["id"], ["depot_id", "row"], False),
        (["number", "depot_id"], ["id"], True),
        (["number", "depot_id"], ["id", "row"], False),
        (["number", "depot_id"], None, False),
        (["number", "depot_id"], [], False),
    ):
        changed = None if merged is None else tuple(fields[name] for name in merged)
        row = NewRow((fields["id"],), ("a",))
        key = tuple(fields[name] for name in unique)
        plan = UpsertPlan(table, (row,), unique=key, merged=(changed,))
        assert plan.completes_references is completes, (unique, merged)


def test_rows_as_they_are_merged() -> None:
    """A model that validates whole rows sees those that have changed."""
    table = DEPOT.tables["spans"]
    low, high = table.by_key["low"], table.by_key["high"]
    rows = tuple(NewRow((low, high), (1, i), f"/{i}") for i in range(4))
    plan = UpsertPlan(table, rows, unique=(high,), merged=((low,), None, (low,), ()))
    stored = [_span(table, low=low, high=5) for low in (5, 9, 9, 6)]
    with pytest.raises(InvalidRequest) as caught:
        check_merged(plan, stored)
    assert [v.pointer for v in caught.value.violations] == ["/2", "/3"]
    check_merged(plan, [_span(table, low=1, high=5)] * 4)
    users = CATALOG.tables["users"]
    check_merged(UpsertPlan(users, rows, unique=users.key, merged=((),) * 4), [()] * 4)


def _span(table: Table, **values: int) -> list[Any]:
    return [None if f.name == "note" else values.get(f.name, 0) for f in table.stored]


def test_values_that_clients_never_see() -> None:
    """They are read for a model that validates whole rows."""
    spans, quotas = DEPOT.tables["spans"], DEPOT.tables["quotas"]
    shape = UpsertPlan(spans, (), unique=(spans.by_key["high"],)).whole_shape
    assert shape is not None
    assert (shape.fields, shape.read.fields, shape.hidden) == (spans.key, spans.stored, True)
    assert spans.by_key["hidden"] not in shape.read.shown_fields
    for table in (quotas, CATALOG.tables["people"]):
        assert UpsertPlan(table, (), unique=table.key).whole_shape is None

"""Constraints that rows have violated, as clients are told of them."""

import logging
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData
from sqlalchemy import Table as SQLTable

from modelwire.catalog.constraints import read_references
from modelwire.catalog.tables import Table
from modelwire.errors import Constraint, ConstraintViolation, RequestError
from modelwire.execute.explain.constraints import _find_taken, explain
from modelwire.execute.explain.naming import name_referrer
from modelwire.execute.explain.references import choose_reference
from modelwire.execute.finder import Finder
from modelwire.execute.rejection import Rejection
from modelwire.plan.writing.create_plan import CreatePlan
from modelwire.plan.writing.delete import DeletePlan
from modelwire.plan.writing.links import LinkSet
from modelwire.plan.writing.new_rows import NewRow
from tests.plan.depot import DEPOT

CRATES, LABELS, DEPOTS = (DEPOT.tables[name] for name in ("crates", "labels", "depots"))
Body = Mapping[str, Any]


class Stored(Finder, frozen=True, kw_only=True):
    """Rows of one table, of which those with given values are found."""

    rows: Sequence[Body] = ()

    async def find(  # type: ignore[override]
        self, _table: object, shown: Sequence[Any], columns: Sequence[Any], rows: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        return [
            tuple(row.get(column.name) for column in shown)
            for row in self.rows
            if tuple(row.get(column.name) for column in columns) in rows
        ]

    async def find_whole(self, *_: object) -> None:
        """Find none: no table is a partition."""


def stored(*rows: Body) -> Stored:
    nothing: Any = None
    return Stored(nothing, nothing, rows=rows)


def new_rows(table: Table, bodies: Sequence[Body], pointers: Sequence[str] = ()) -> Any:
    """Make the rows of some bodies, which are the items of one list unless told otherwise."""
    places = pointers or [f"/{index}" for index in range(len(bodies))]
    return tuple(
        NewRow(tuple(table.by_column[name] for name in body), tuple(body.values()), pointer)
        for body, pointer in zip(bodies, places, strict=True)
    )


async def explained(kind: Constraint, plan: Any, *found: Body, **named: Any) -> str:
    """Return the code, the places and the text of the error for a violation."""
    violation = ConstraintViolation(kind, **named)
    return told(await explain(Rejection(violation, plan), DEPOT, stored(*found)))


def told(error: RequestError) -> str:
    places = [str(violation.pointer) for violation in error.violations]
    return f"{error.code} [{', '.join(places)}] {error.detail}"


CODE = {"table": "crates", "columns": ["code"]}
PLACE = {"table": "crates", "columns": ["depot_id", "place"]}


@pytest.mark.parametrize(
    ("bodies", "named", "found", "expected"),
    [
        ([{"code": "a"}], CODE, [], "already_exists [/0/code] Code already exists"),
        (
            [{"code": "a"}, {"code": "b"}, {"code": "c"}],
            CODE,
            [{"code": "b"}],
            "already_exists [/1/code] Code already exists",
        ),
        # A row of the request itself, which is sent twice.
        (
            [{"code": "a"}, {"code": "b"}, {"code": "a"}],
            CODE,
            [],
            "already_exists [/2/code] Code already exists",
        ),
        # Neither is taken, so any of them may be at fault.
        ([{"code": "a"}, {"code": "b"}], CODE, [], "already_exists [None] Code already exists"),
        (
            [{"depot_id": 1, "place": "a"}, {"depot_id": 1, "place": "b"}],
            PLACE,
            [{"depot_id": 1, "place": "b"}],
            "already_exists [/1/depot_id, /1/place] Depot id and place already exist together",
        ),
        # Nulls are never equal.
        (
            [{"depot_id": None, "place": "a"}, {"depot_id": None, "place": "a"}],
            PLACE,
            [{"depot_id": None, "place": "a"}],
            "already_exists [None, None] Depot id and place already exist together",
        ),
    ],
)
async def test_taken_values(
    bodies: Sequence[Body], named: Body, found: Sequence[Body], expected: str
) -> None:
    """The row at fault is pointed at, as far as it is known."""
    plan = CreatePlan(CRATES, new_rows(CRATES, bodies))
    assert await explained(Constraint.UNIQUE, plan, *found, **named) == expected


@pytest.mark.parametrize(("owner", "index"), [(1, None), (2, 0), (7, 0)])
async def test_values_of_the_row_itself(owner: int, index: int | None) -> None:
    """A row that is stored already may keep its values; those of another one are taken."""
    rows = new_rows(CRATES, [{"code": "a"}, {"code": "b"}])
    plan: Any = SimpleNamespace(table=CRATES, rows=rows, keys=((1,), (2,)))
    found = stored({"code": "a", "id": owner})
    taken = await _find_taken([CRATES.by_column["code"]], plan, found)
    assert taken == (rows if index is None else (rows[index],))


@pytest.mark.parametrize(
    ("kind", "plan", "expected"),
    [
        # A trigger of the table has written to another one.
        (
            Constraint.NOT_NULL,
            CreatePlan(LABELS, new_rows(LABELS, [{"name": "a"}])),
            "not_null [/0] A value can't be null",
        ),
        (
            Constraint.CHECK,
            CreatePlan(LABELS, new_rows(LABELS, [{"name": "a"}, {"name": "b"}])),
            "check [] A check refuses the row",
        ),
        # ON DELETE SET NULL has met a column that can't be null.
        (
            Constraint.NOT_NULL,
            DeletePlan(DEPOTS, ((1,),), new_rows(DEPOTS, [{}], [""])),
            "still_referenced [] Depot is still referenced by crates",
        ),
        (
            Constraint.CHECK,
            DeletePlan(DEPOTS, ((1,),), new_rows(DEPOTS, [{}], [""])),
            "check [] A check refuses the row",
        ),
        (
            Constraint.NOT_NULL,
            DeletePlan(DEPOTS, ((1,), (2,)), new_rows(DEPOTS, [{}, {}])),
            "still_referenced [] Depot is still referenced by crates",
        ),
    ],
)
async def test_another_table(kind: Constraint, plan: Any, expected: str) -> None:
    """What the request did not write itself is told without fields of that table."""
    assert await explained(kind, plan, table="crates", columns=["code"]) == expected


async def test_columns_that_the_model_lacks(caplog: pytest.LogCaptureFixture) -> None:
    """They do not exist for clients; the log names the first."""
    plan = CreatePlan(LABELS, new_rows(LABELS, [{"name": "a"}]))
    with caplog.at_level(logging.WARNING, "modelwire"):
        error = await explained(
            Constraint.NOT_NULL, plan, table="labels", columns=["name", "first", "last"]
        )
    assert error == "not_null [/0] The table requires a value that the model does not declare"
    (record,) = caplog.records
    assert "the table requires a value in first, a column" in record.getMessage()
    error = await explained(Constraint.CHECK, plan, table="labels", columns=["name", "first"])
    assert error == "check [/0/name] Name has a value that a check refuses"


def test_a_table_that_refers_is_named_as_far_as_it_is_served() -> None:
    """Others do not exist for clients."""
    assert name_referrer(CRATES.sql, DEPOT) == " by crates"
    assert name_referrer(None, DEPOT) == ""
    unserved = next(
        table for table in CRATES.sql.metadata.tables.values() if DEPOT.find(table) is None
    )
    assert name_referrer(unserved, DEPOT) == ""


LONG = "x" * 601
CREATE = CreatePlan(CRATES, new_rows(CRATES, [{"code": "a", "state": "b"}]))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"code": "a" * 600, "state": "b" * 700}, "too_long [/0] A value is too long"),
        ({"code": LONG, "place": "b"}, "too_long [/0/code] Code is too long"),
        ({"code": LONG, "place": LONG + "x"}, "too_long [/0/place] Place is too long"),
        ({"code": None, "place": LONG}, "too_long [/0/place] Place is too long"),
    ],
)
async def test_texts_that_are_too_long_for_an_index(body: Body, expected: str) -> None:
    """PostgreSQL does not name them; the longest one that is indexed is at fault."""
    plan = CreatePlan(CRATES, new_rows(CRATES, [body]))
    assert await explained(Constraint.LENGTH, plan, table="crates") == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["code"], "check [/0/code] Code has a value that a check refuses"),
        (
            ["code", "state"],
            "check [/0/code, /0/state] Code and state have values that a check refuses together",
        ),
        (["nothing"], "check [/0] A check refuses the row"),
        (["secret_note"], "check [/0] A check refuses the row"),
    ],
)
async def test_fields_of_a_check(columns: Sequence[str], expected: str) -> None:
    """All of them are pointed at, unless one is hidden; what is no column is passed over."""
    found = await explained(Constraint.CHECK, CREATE, table="crates", columns=columns)
    assert found == expected


HAS_LABELS = CRATES.relations["labels"]


def links_to(*names: str, are_new: bool = False) -> LinkSet:
    pointers = tuple(f"/labels/{index}" for index in range(len(names)))
    return LinkSet(HAS_LABELS, LABELS, tuple((name,) for name in names), pointers, are_new)


@pytest.mark.parametrize(
    ("kind", "links", "named", "expected"),
    [
        (Constraint.FOREIGN_KEY, links_to("a", "b"), {}, "[/labels/1] Label not found"),
        (
            Constraint.FOREIGN_KEY,
            links_to("a"),
            {},
            "[/labels/0] A row that Labels refer to was not found",
        ),
        (
            Constraint.FOREIGN_KEY,
            links_to("b", "a", are_new=True),
            {},
            "[/labels] A row that Labels refer to was not found",
        ),
        (
            Constraint.UNIQUE,
            links_to("a"),
            {"columns": ["crate_id"]},
            "[/labels/0] Labels already exist for this crate, which can have only one",
        ),
        (
            Constraint.UNIQUE,
            links_to("a", "b"),
            {"columns": ["label"]},
            "[/labels] Labels already exist for another crate",
        ),
        (
            Constraint.UNIQUE,
            links_to("a"),
            {"columns": ["crate_id", "label"]},
            "[/labels/0] Labels already exist",
        ),
        (Constraint.UNIQUE, links_to("a"), {}, "[/labels/0] Labels already exist"),
        (
            Constraint.CHECK,
            links_to("a", "b"),
            {},
            "[/labels] Labels have values that a check refuses",
        ),
    ],
)
async def test_links(kind: Constraint, links: Any, named: Body, expected: str) -> None:
    """A link that leads nowhere is pointed at; otherwise the only one, or all of them."""
    error = await explained(kind, links, {"name": "a"}, table="crate_labels", **named)
    assert error.split(" ", 1)[1] == expected


def make_references() -> tuple[Any, ...]:
    """Make two foreign keys to other tables, the first without a name, and one to the own table."""
    metadata = MetaData()
    for name in ("rooms", "people"):
        SQLTable(name, metadata, Column("id", Integer, primary_key=True))
    stays = SQLTable(
        "stays",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("room_id", Integer, ForeignKey("rooms.id")),
        Column("guest_id", Integer, ForeignKey("people.id", name="guest")),
        Column("after_id", Integer, ForeignKey("stays.id", name="after")),
    )
    by_column = {r.columns[0].name: r for r in read_references([stays])}
    return tuple(by_column[name] for name in ("room_id", "guest_id", "after_id"))


@pytest.mark.parametrize(
    ("constraint", "columns", "count", "chosen"),
    [
        ("".join(["gu", "est"]), ["room_id"], 3, 1),
        ("guest", [], 3, 1),
        ("other", ["room_id"], 3, 0),
        (None, ["guest_id"], 3, 1),
        (None, ["after_id"], 3, 2),
        # The row is the parent: its own table refers to it.
        (None, ["id"], 3, 2),
        (None, ["nothing"], 3, None),
        (None, ["room_id", "guest_id"], 3, None),
        # Nothing is named, so only one reference can be meant if there is no other.
        (None, [], 3, None),
        (None, [], 1, 0),
        (None, ["guest_id"], 1, None),
        (None, [], 0, None),
    ],
)
def test_the_reference_that_is_meant(
    constraint: str | None, columns: Sequence[str], count: int, chosen: int | None
) -> None:
    """By the name of its constraint, or else by its columns."""
    references = make_references()[:count]
    violation = ConstraintViolation(
        Constraint.FOREIGN_KEY, constraint=constraint, columns=tuple(columns)
    )
    expected = None if chosen is None else references[chosen]
    assert choose_reference(references, violation) is expected

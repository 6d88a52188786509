"""Queries of the changes of a resource, of the history of a row, and of rows as they were."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Changes, Resource
from modelwire.catalog.read import read_catalog
from modelwire.errors import InvalidRequest
from modelwire.plan.reading.cipher import CursorCipher
from modelwire.plan.reading.following import plan_follow
from modelwire.plan.reading.history import (
    FIRST,
    HistoryPlan,
    check_kept,
    entries_of,
    keeps_history,
    plan_history,
    read_instant,
    read_number,
    select_given,
    select_then,
)
from modelwire.plan.reading.plans import plan_read
from modelwire.statement.dialects.known import DIALECTS

from .depot import DEPOT
from .described import bound, query, refused, told


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Shelf(Base, table=True):
    __tablename__ = "shelves"

    id: int = Field(primary_key=True)
    name: str


class Item(Base, table=True):
    __tablename__ = "items"

    id: int = Field(primary_key=True)
    name: str
    secret: str = ""
    shelf_id: int | None = Field(default=None, foreign_key="shelves.id")
    shelf: Shelf = Relationship()


CATALOG = read_catalog(
    [
        Resource(Shelf, changes=Changes(history=False, live=True)),
        Resource(
            Item,
            includes=["shelf"],
            max_limit=50,
            changes=Changes(history=True, live=True, keep_days=7),
        ),
    ]
)
SHELVES, ITEMS = CATALOG.tables["shelves"], CATALOG.tables["items"]
CIPHER = CursorCipher((b"x" * 32,))
MOST = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "last", "after", "limit", "wait_s", "conditions", "values"),
    [
        ("", None, None, 100, 0, [], ""),
        ("after=0", None, 0, 100, 0, [], ""),
        (f"after={MOST}&limit=1&wait=60", None, MOST, 1, 60, [], ""),
        ("after=5&limit=1000", "7", 7, 1000, 0, [], ""),
        ("after=5", "", 5, 100, 0, [], ""),
        ("", "0", 0, 100, 0, [], ""),
        ("", "9" * 18, 10**18 - 1, 100, 0, [], ""),
        (
            "name=a&id__in=1,2&or=(name:b)&q=c",
            None,
            None,
            100,
            0,
            ["id in", "name eq", "name eq", "search name"],
            "p0=[1, 2]; p1='a'; p2='b'; p3='c'",
        ),
    ],
)
def test_changes(
    text: str,
    last: str | None,
    after: int | None,
    limit: int,
    wait_s: int,
    conditions: list[str],
    values: str,
) -> None:
    """A reader goes on after the last event that it has, or begins after a change."""
    plan = plan_follow(CATALOG, ITEMS, query(text), last)
    assert (plan.after, plan.limit, plan.wait_s) == (after, limit, wait_s)
    assert ([*map(told, plan.shape.conditions)], bound(plan.values)) == (conditions, values)
    assert (plan.shape.given, plan.shape.projection) == (True, None)


@pytest.mark.parametrize(
    ("text", "last", "fault"),
    [
        ("after=-1", None, f"after invalid_value 0 {MOST}"),
        ("limit=0", None, "limit invalid_value 1 1000"),
        ("limit=1001", None, "limit invalid_value 1 1000"),
        ("wait=61", None, "wait invalid_value 0 60"),
        ("wait=-1", None, "wait invalid_value 0 60"),
        ("skip=1", None, "skip unknown_parameter"),
        ("include=shelf", None, "include unknown_parameter"),
        ("", "x", "Last-Event-ID invalid_value"),
        ("", "-1", "Last-Event-ID invalid_value"),
        ("", "²", "Last-Event-ID invalid_value"),
        ("", "\u0661", "Last-Event-ID invalid_value"),
        ("", "9" * 19, "Last-Event-ID invalid_value"),
        ("shelf.name=a", None, "shelf.name not_followed"),
        ("name=a&shelf.name=a", None, "shelf.name not_followed"),
        ("or=(shelf.name:a)", None, "or not_followed"),
        ("or=(name:a,not(and(name:b,shelf.name:a)))", None, "or not_followed"),
    ],
)
def test_changes_that_are_refused(text: str, last: str | None, fault: str) -> None:
    """Changes are chosen by the rows themselves: others may change without them."""
    with pytest.raises(InvalidRequest) as caught:
        plan_follow(CATALOG, ITEMS, query(text), last)
    assert refused(caught.value) == [fault]


def test_parts_of_changed_rows() -> None:
    shape = plan_follow(CATALOG, ITEMS, query("fields=name"), None).shape
    assert [f.name for f in shape.read.shown_fields] == ["name"]
    assert {f.name for f in shape.read.fields} == {"name", "id"}


def test_history() -> None:
    """A page of changes begins at the latest one, or where its cursor says."""
    plan = plan_history(CATALOG, ITEMS, "7", query("limit=50"))
    assert (plan.key, plan.limit, plan.cursor) == ({"p0": 7}, 50, None)
    assert plan.open(CIPHER) == (FIRST, True) == (MOST, True)
    for older in (False, True):
        text = plan.write_cursor(12, CIPHER, older=older)
        assert reopen("7", f"limit=5&cursor={text}") == (12, older)
        with pytest.raises(InvalidRequest, match="not a cursor"):
            reopen("8", f"cursor={text}")
    assert reopen("7", "cursor=") == (FIRST, True)


def test_history_of_deleted_rows() -> None:
    letters = DEPOT.tables["letters"]
    plan = plan_history(DEPOT, letters, "7", query("deleted=only"))
    assert plan.table is letters.recalled["only"]
    assert plan_history(DEPOT, letters, "7", ()).table is letters


def reopen(key: str, text: str) -> tuple[int, bool]:
    plan: HistoryPlan = plan_history(CATALOG, ITEMS, key, query(text))
    return plan.open(CIPHER)


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("x", "", "id invalid_value"),
        ("7", "limit=51", "limit invalid_value 1 50"),
        ("7", "limit=0", "limit invalid_value 1 50"),
        ("7", "skip=1", "skip unknown_parameter"),
    ],
)
def test_history_that_is_refused(key: str, text: str, fault: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        plan_history(CATALOG, ITEMS, key, query(text))
    assert refused(caught.value) == [fault]


@pytest.mark.parametrize("text", ["0", "12", "9" * 18])
def test_numbers_of_changes(text: str) -> None:
    assert read_number(text) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "x", "1.0", "²", "\u0661", "9" * 19])
def test_what_is_no_number_of_a_change(text: str) -> None:
    with pytest.raises(InvalidRequest, match="number of a change"):
        read_number(text)


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "2026-01-31T12:00Z"]
)
def test_instants(text: str) -> None:
    found = read_instant(text)
    assert (found, found.tzinfo) == (dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC), dt.UTC)


@pytest.mark.parametrize("text", ["", "x", "2026-01-31T12:00:00", "0001-01-01T00:00:00+01:00"])
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(InvalidRequest, match="offset from UTC"):
        read_instant(text)


def test_how_far_back_the_log_reaches() -> None:
    """Changes of a week are kept, and those of the other resource forever."""
    now = dt.datetime.now(dt.UTC)
    check_kept(ITEMS, now - dt.timedelta(days=6.9))
    check_kept(SHELVES, now - dt.timedelta(days=10_000))
    with pytest.raises(InvalidRequest) as caught:
        check_kept(ITEMS, now - dt.timedelta(days=7.1))
    assert refused(caught.value) == ["as_of invalid_value 7"]
    assert (keeps_history(ITEMS), keeps_history(SHELVES)) == (True, False)


def test_rows_as_they_were() -> None:
    """They are read from the log, without includes, whose earlier states it may not have."""
    dialect = DIALECTS["sqlite"]
    text = "as_of=2026-01-31T12:00:00Z&fields=name"
    plan = plan_read(CATALOG, ITEMS, query(text), dialect)
    assert plan.as_of == dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    assert (plan.shape.given, plan.shape.conditions, plan.includes) == (True, (), ())
    assert (plan.is_whole, [f.name for f in plan.shape.read.shown_fields]) == (False, ["name"])
    cases: list[tuple[Any, str, str]] = [
        (ITEMS, f"{text}&include=shelf", "include unknown_parameter `as_of`"),
        (ITEMS, "as_of=x", "as_of invalid_value"),
        (SHELVES, "as_of=2026-01-31T12:00:00Z", "as_of unknown_parameter"),
    ]
    for table, query_, fault in cases:
        with pytest.raises(InvalidRequest) as caught:
            plan_read(CATALOG, table, query(query_), dialect)
        assert refused(caught.value)[0].startswith(fault)


def test_given_rows() -> None:
    """All fields of a row are read to decide what has changed, but only some are shown."""
    assert select_given(ITEMS).given
    assert select_given(ITEMS).read.fields == ITEMS.selected
    whole = select_given(ITEMS, whole=True).read
    assert (whole.fields, whole.shown) == (ITEMS.stored, len(ITEMS.readable))
    assert "secret" not in [f.name for f in whole.shown_fields]
    assert "secret" in [f.name for f in whole.fields]


@pytest.mark.parametrize("flag", [True, False])
def test_entries_of_the_log(*, flag: bool) -> None:
    """The changes of a row before or after one, and its state before or after it."""
    entries, then = entries_of(ITEMS, older=flag), select_then(ITEMS, before=flag)
    assert (entries.table, entries.older) == (ITEMS, flag)
    assert (then.table, then.before) == (ITEMS, flag)

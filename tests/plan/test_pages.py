"""Pages of lists: what they are cut from, and where their cursors lead."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from modelwire.catalog.invalid_values import Octets, SpelledUUID, Unreadable
from modelwire.dialect import Dialect
from modelwire.errors import InvalidRequest
from modelwire.plan.parent import plan_parent
from modelwire.plan.reading.cipher import CursorCipher
from modelwire.plan.reading.cursor import Position, bind_query
from modelwire.plan.reading.keyset import (
    CursorPlan,
    KeysetPlan,
    after_values,
    keyset_after,
    values_in_order,
)
from modelwire.plan.reading.plans import (
    ListPlan,
    plan_includes,
    plan_list,
    plan_read,
    plan_stream,
    select_next_batch,
)
from modelwire.plan.reading.query import refuse_parameters
from modelwire.request.headers import FORMATS
from modelwire.request.query import Parameter
from modelwire.statement.dialects.known import DIALECTS

from .described import CATALOG, catalog_of, included, ordered, query, refused, told

TABLES = CATALOG.tables
CIPHER = CursorCipher((b"x" * 32,))


def plan_cursor(text: str, table: str = "people") -> CursorPlan:
    plan = plan_list(CATALOG, TABLES[table], query(f"cursor=&{text}"))
    assert isinstance(plan, CursorPlan)
    return plan


def open_at(position: Position | None, text: str = "limit=2&sort=-last_name") -> KeysetPlan:
    return replace(plan_cursor(text).open(CIPHER), position=position)


def reopen(cursor: str | None, text: str = "limit=2&sort=-last_name") -> Position | None:
    """Return the position that a cursor leads to; None if there is none."""
    return (
        None if cursor is None else replace(plan_cursor(text), cursor=cursor).open(CIPHER).position
    )


def rows(*numbers: int, before: bool = False) -> Sequence[Sequence[Any]]:
    """Rows of people as they are read: each ends with whether there are rows before the page."""
    return [(number, f"first {number}", f"last {number}", before) for number in numbers]


AT = Position(("last 5", 5))
BACK = Position(("last 5", 5), backward=True)


@pytest.mark.parametrize(
    ("position", "found", "before", "shown", "next_", "previous"),
    [
        (None, [1], False, [1], None, None),
        (None, [1, 2], False, [1, 2], None, None),
        (None, [1, 2, 3], False, [1, 2], 2, None),
        (None, [1, 2, 3], True, [1, 2], 2, None),
        (AT, [6], True, [6], None, 6),
        (AT, [6, 7, 8], True, [6, 7], 7, 6),
        (AT, [6, 7], True, [6, 7], None, 6),
        (AT, [6, 7, 8], False, [6, 7], 7, None),
        (BACK, [4, 3, 2], True, [3, 4], 4, 3),
        (BACK, [4, 3], True, [3, 4], 4, None),
        (BACK, [4, 3, 2], False, [3, 4], None, 3),
    ],
)
def test_pages(
    position: Position | None,
    found: list[int],
    shown: list[int],
    next_: int | None,
    previous: int | None,
    *,
    before: bool,
) -> None:
    """A page has cursors exactly where there are rows, and its rows in the order of the list."""
    page = open_at(position).cut(rows(*found, before=before))
    assert [row[0] for row in page.rows] == shown
    ends = [(page.next, next_, False), (page.previous, previous, True)]
    for cursor, number, backward in ends:
        expected = None if number is None else Position((f"last {number}", number), backward)
        assert reopen(cursor) == expected


@pytest.mark.parametrize(("limit", "last"), [(1, 6), (3, 8)])
def test_pages_of_other_lengths(limit: int, last: int) -> None:
    """A page begins again after its last row, and before its first."""
    text = f"limit={limit}&sort=-last_name"
    page = open_at(AT, text).cut(rows(6, 7, 8, 9, before=True))
    assert reopen(page.next, text) == Position((f"last {last}", last))
    assert reopen(page.previous, text) == Position(("last 6", 6), backward=True)


@pytest.mark.parametrize(
    ("position", "others", "next_", "previous"),
    [
        (None, [], None, None),
        (None, [1], None, None),
        (AT, [], None, None),
        (AT, [1], None, Position(AT.values, True, True)),
        (BACK, [1], Position(AT.values, False, True), None),
        (replace(AT, inclusive=True), [1], None, Position(AT.values, True)),
    ],
)
def test_empty_pages(
    position: Position | None,
    others: list[int],
    next_: Position | None,
    previous: Position | None,
) -> None:
    """An empty page leads back to the rows on the other side, the one at its position included."""
    page = open_at(position).cut_empty(rows(*others))
    assert page.rows == ()
    assert (reopen(page.next), reopen(page.previous)) == (next_, previous)


def test_rows_of_a_page() -> None:
    """They begin after the position, and one more tells whether there are further ones."""
    first, page, back = open_at(None), open_at(AT), open_at(replace(BACK, inclusive=True))
    assert (first.shape.after, first.values) == (None, {"limit": 3})
    assert page.values == {"limit": 3, "after0": "last 5", "after1": 5}
    assert ordered(page.shape.order) == "-last_name,+id"
    assert ordered(back.shape.order) == "last_name,+-id"
    assert page.shape.after == keyset_after(AT.values, probes=True)
    assert back.shape.after == keyset_after(AT.values, inclusive=True, probes=True)
    assert page.shape.traces
    assert page.other_side.after == keyset_after(AT.values, inclusive=True)
    assert ordered(page.other_side.order) == "last_name,+-id"
    assert ordered(back.other_side.order) == "-last_name,+id"
    assert back.other_side.after == keyset_after(AT.values)


SPELLED = SpelledUUID("00000000000000000000000000000007")


@pytest.mark.parametrize(
    ("value", "form", "given"),
    [
        (5, "value", 5),
        (None, "null", None),
        (Unreadable("x"), "stored", "x"),
        (Unreadable(Octets(b"\xff")), "octets", b"\xff"),
        (SPELLED, "stored", SPELLED.stored),
    ],
)
def test_values_of_a_position(value: Any, form: str, given: Any) -> None:
    """A value that is not one of its column's type is compared as it is stored."""
    assert keyset_after([1, value]).forms == ("value", form)
    assert after_values([1, value]) == {"after0": 1, "after1": given}


def test_positions_of_rows() -> None:
    """Values of other tables follow those of the row; a UUID's spelling counts in no order that
    is asked for."""
    players = plan_cursor("sort=team.name,position&fields=name", "players").rows
    assert values_in_order(players, ("Ann", "wing", 7, "Red")) == ("Red", "wing", 7)
    for sort, expected in (("reference", uuid.UUID(int=7)), ("", SPELLED)):
        shape = plan_cursor(f"sort={sort}&fields=id,reference", "things").rows
        found = values_in_order(shape, (SPELLED, SPELLED))
        assert (found[0], type(found[0])) == (expected, type(expected))


@pytest.mark.parametrize(
    ("skip", "limit", "found", "total"),
    [(0, 2, 0, 0), (0, 2, 2, 2), (0, 2, 3, None), (5, 2, 0, None), (5, 2, 1, 6), (5, 2, 2, 7)],
)
def test_totals_from_a_page(skip: int, limit: int, found: int, total: int | None) -> None:
    """A page that is the last one, and has rows or is the first, tells how many there are."""
    plan = plan_list(CATALOG, TABLES["users"], query(f"skip={skip}&limit={limit}"))
    assert isinstance(plan, ListPlan)
    assert plan.total_of(found) == total


@pytest.mark.parametrize(
    ("skip", "found", "estimate", "fitted"),
    [(0, 3, 100, 100), (0, 3, 1, 3), (5, 3, 1, 8), (5, 0, 100, 5), (5, 0, 1, 1)],
)
def test_estimates_fit_the_page(skip: int, found: int, estimate: int, fitted: int) -> None:
    plan = plan_list(CATALOG, TABLES["users"], query(f"skip={skip}&limit=2"))
    assert isinstance(plan, ListPlan)
    assert plan.fit_estimate(estimate, found) == fitted


def test_what_is_counted() -> None:
    """The conditions of the list, whatever its page."""
    plan = plan_list(CATALOG, TABLES["users"], query("id__gt=1&skip=5&limit=2"))
    assert isinstance(plan, ListPlan)
    for estimated in (False, True):
        shape = plan.count_shape(estimated=estimated)
        assert (shape.table, [*map(told, shape.conditions)]) == (TABLES["users"], ["id gt"])
        assert shape.estimated is estimated


def test_queries_that_share_cursors() -> None:
    """Cursors are bound to the list and its query, whatever the order, the page and what is
    shown."""

    def bind(text: str, *path: Any) -> bytes:
        return bind_query(path or ("users",), query(text))

    bound = bind("a=1&b=2")
    assert len(bound) == 16
    same = ["b=2&a=1", "a=1&b=2&limit=5", "a=1&b=2&cursor=x", "a=1&fields=id&b=2&include=team"]
    assert {bind(text) for text in same} == {bound}
    others = ["a=1", "a=2&b=1", "a=1&b=2&b=2", "a=1&b=2&sort=id", "a=1&b=2&skip=1", "a=1,b=2"]
    assert bound not in {bind(text) for text in others}
    assert bind("a=1&b=2", "teams") != bound
    whole = [Parameter("a", "1", whole=True), Parameter("b", "2")]
    assert bind_query(("users",), whole) != bound


def test_cursors_below_a_row() -> None:
    """Cursors of the children of one row are not those of another's."""
    teams = TABLES["teams"]
    found = set()
    for parent in (None, *(plan_parent(teams, teams.relations["players"], key) for key in "12")):
        plan = plan_list(CATALOG, TABLES["players"], query("cursor=&name=a"), parent)
        assert isinstance(plan, CursorPlan)
        found.add(plan.binding)
        below = [] if parent is None else ["below teams.players"]
        assert [*map(told, plan.rows.conditions)] == [*below, "name eq"]
        assert list(plan.operands.values()) == [*(() if parent is None else parent.key), "a"]
    assert len(found) == 3


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    ("text", "includes", "whole", "joined"),
    [
        ("teams?", "players", True, "players"),
        ("teams?include=", "", True, ""),
        ("players?", "", True, ""),
        ("players?include=team", "team", True, "team"),
        ("players?include=team.players", "team(players)", False, "team(players)"),
        ("groups?include=members", "members", False, ""),
        ("countries?include=cities", "cities", True, "cities"),
    ],
)
def test_rows_with_includes(
    dialect: Dialect, text: str, includes: str, joined: str, *, whole: bool
) -> None:
    """Where the database can, one statement reads a row and its includes."""
    path, _, parameters = text.partition("?")
    plan = plan_read(CATALOG, TABLES[path], query(parameters), dialect)
    joins = dialect.joins_includes
    assert included(plan.includes) == includes
    assert included(plan.shape.joined) == (joined if joins else "")
    assert plan.is_whole is ((whole and joins) or not includes)
    assert plan.as_of is None
    assert [*map(told, plan.shape.conditions)] == ["id eq" if path != "countries" else "code eq"]


def test_parts_of_a_row() -> None:
    """The whole row is read, as its ETag tells it, even if a part of it is shown."""
    plan = plan_read(CATALOG, TABLES["users"], query("fields=email"), DIALECTS["sqlite"])
    assert [f.name for f in plan.shape.read.shown_fields] == ["email"]
    assert set(plan.shape.read.fields) == set(TABLES["users"].selected)


@pytest.mark.parametrize("name", ["as_of", "skip", "limit", "cursor", "sort", "id", "q"])
def test_rows_have_no_other_parameters(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        plan_read(CATALOG, TABLES["users"], query(f"{name}=1"), DIALECTS["sqlite"])
    assert refused(caught.value)[0].startswith(f"{name} unknown_parameter")


@pytest.mark.parametrize("name", ["usernam", "count", "counts", "coun__gt"])
def test_rows_have_no_filters_to_suggest(name: str) -> None:
    for place, table in (("", "users"), ("spaced/", "tallies")):
        catalog, _ = catalog_of(f"{place}{table}")
        with pytest.raises(InvalidRequest) as caught:
            plan_read(catalog, catalog.tables[table], query(f"{name}=1"), DIALECTS["sqlite"])
        assert refused(caught.value) == [f"{name} unknown_parameter"]


def test_requests_without_parameters() -> None:
    refuse_parameters([])
    with pytest.raises(InvalidRequest) as caught:
        refuse_parameters(query("a=1&=2"))
    assert refused(caught.value) == ["a unknown_parameter", " unknown_parameter"]


def test_values_with_commas() -> None:
    """A body has lists as arrays, in which commas are ordinary characters."""
    for whole, values in ((False, ["a", "b"]), (True, ["a,b"])):
        parameters = [Parameter("username__in", "a,b", whole)]
        plan = plan_list(CATALOG, TABLES["users"], parameters)
        assert isinstance(plan, ListPlan)
        assert [*plan.operands.values()] == [values]


def test_streams() -> None:
    """Each batch follows the last row of the one before."""
    plan = plan_stream(
        CATALOG, TABLES["people"], query("sort=-last_name&first_name=a&format=jsonl")
    )
    assert plan.format is FORMATS["jsonl"]
    assert (plan.shape.after, plan.values, plan.shape.traces) == (None, {"p0": "a"}, True)
    assert plan_stream(CATALOG, TABLES["people"], ()).format is None
    shape, values = select_next_batch(plan, (5, "a", "last 5"))
    assert values == {"p0": "a", "after0": "last 5", "after1": 5}
    assert shape == replace(plan.shape, after=keyset_after(("last 5", 5)))


@pytest.mark.parametrize("name", ["skip", "limit", "cursor", "count"])
def test_streams_have_no_pages(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        plan_stream(CATALOG, TABLES["people"], query(f"{name}=1"))
    assert refused(caught.value) == [f"{name} unknown_parameter"]


def test_includes_of_writes() -> None:
    teams = TABLES["teams"]
    assert plan_includes(CATALOG, teams, b"") == ()
    assert included(plan_includes(CATALOG, teams, b"include=players")) == "players"
    for text in (b"fields=id", b"include=players&include=x", b"id=1"):
        with pytest.raises(InvalidRequest):
            plan_includes(CATALOG, teams, text)

"""Rows that are sent back as they were read: what has changed in them, and what is refused."""

from typing import Any

import pytest

from modelwire.errors import InvalidRequest
from modelwire.plan.writing.echoes import compare_shown, compare_values, find_echo, includes_of

from .depot import DEPOT
from .described import CATALOG, included, refused

CRATES = DEPOT.tables["crates"]


@pytest.mark.parametrize(
    ("body", "echo"),
    [
        ({"code": "a", "state": "b", "id": 7, "nothing": 1}, ["state", "id"]),
        ({"labels": ["a"], "depot": None}, ["depot"]),
        ({"labels": [{"name": "a"}]}, ["labels"]),
        ({"labels": [{"name": "a"}, "b"]}, []),
        ({"labels": []}, []),
        ({"labels": None}, []),
        ({"labels": 5}, []),
        ({"seals": [{"number": 1}]}, []),
    ],
)
def test_what_is_compared(body: dict[str, Any], echo: list[str]) -> None:
    """Keys of rows to link are no echo, but rows are."""
    assert [*find_echo(CRATES, body)] == echo


@pytest.mark.parametrize(
    ("echo", "left"),
    [
        ({"id": 7, "state": "new", "version": 2}, []),
        ({"id": "7", "version": 2.0}, []),
        ({"id": 8, "state": "New", "version": None}, ["id", "state", "version"]),
        ({"stored_at": None}, []),
        ({"stored_at": "2026-01-31T12:00:00Z"}, ["stored_at"]),
        ({"version": [2]}, ["version"]),
        ({"depot": None, "secret_note": "s"}, ["depot", "secret_note"]),
    ],
)
def test_values_that_differ(echo: dict[str, Any], left: list[str]) -> None:
    """A value is the same in any spelling; relations and hidden fields are left to others."""
    values = {"id": 7, "state": "new", "version": 2, "secret_note": "s"}
    row = [values.get(field.name) for field in CRATES.selected]
    assert [*compare_values(CRATES, echo, row)] == left


SHOWN = {
    "id": 7,
    "code": "a",
    "state": "new",
    "version": 1,
    "depot": {"id": 1, "name": "b", "town": None},
    "labels": [{"name": "c", "color": "red"}, {"name": "d", "color": "red"}],
}


@pytest.mark.parametrize(
    ("echo", "faults"),
    [
        (SHOWN, []),
        ({}, []),
        ({"depot": {"id": 1, "name": "b"}}, []),
        ({"depot": {"id": 1}}, ["/0/depot unknown_field"]),
        ({"depot": {"id": 1, "name": "b", "more": None}}, ["/0/depot unknown_field"]),
        ({"depot": None}, ["/0/depot unknown_field"]),
        ({"depot": [1]}, ["/0/depot unknown_field"]),
        ({"id": True}, ["/0/id unknown_field"]),
        ({"version": True}, ["/0/version unknown_field"]),
        ({"version": 1.0}, []),
        ({"state": "old", "id": 8}, ["/0/state unknown_field", "/0/id unknown_field"]),
        ({"labels": SHOWN["labels"]}, []),
        ({"labels": [{"name": "c"}]}, ["/0/labels/0 nested_write"]),
        (
            {"labels": [{"name": "d", "color": "red"}, {"name": "c", "color": "red"}]},
            ["/0/labels/0 nested_write", "/0/labels/1 nested_write"],
        ),
        ({"labels": {"name": "c"}}, ["/0/labels unknown_field"]),
        ({"labels": 5}, ["/0/labels unknown_field"]),
        ({"code": ["a"]}, ["/0/code unknown_field"]),
    ],
)
def test_what_is_shown_otherwise(echo: dict[str, Any], faults: list[str]) -> None:
    """An included row may leave out what is null, and nothing else; the order counts."""
    assert compare("crates", echo, SHOWN) == faults


def test_fields_are_whole() -> None:
    """A document may leave out nothing, and has the types that are shown."""
    shown = {"data": {"a": 1, "b": None, "flags": [True, 1]}}
    assert compare("crates", shown, shown) == []
    others: list[Any] = [[1, True], [1, 1], [True, True], [True], [True, 1, 1], None, {}]
    documents = [{"a": 1, "b": None, "flags": flags} for flags in others]
    for document in (*documents, {"a": 1, "flags": [True, 1]}):
        assert compare("crates", {"data": document}, shown) == ["/0/data unknown_field"]
    assert compare("crates", {"data": {**shown["data"], "c": 1}}, shown) != []


def test_fields_that_a_policy_closes() -> None:
    assert compare("seals", {"crate_id": 5}, {"crate_id": 6}) == ["/0/crate_id read_only"]
    assert compare("seals", {"crate_id": 5}, {"crate_id": 5}) == []


def compare(table: str, echo: dict[str, Any], shown: dict[str, Any]) -> list[str]:
    try:
        compare_shown(DEPOT.tables[table], echo, shown, "/0")
    except InvalidRequest as exc:
        return refused(exc)
    return []


@pytest.mark.parametrize(
    ("table", "echo", "includes"),
    [
        ("teams", {"players": [{"team": {}}, {"name": "a"}]}, "players"),
        ("players", {"team": {"players": [{"team": 1}]}, "name": 1}, "team(players)"),
        ("categories", {"parent": {"parent": {"parent": None}}}, "parent(parent(parent))"),
        ("categories", {"children": [{"parent": {}, "children": [{}]}]}, "children(children)"),
        ("categories", {"parent": 5, "children": [1]}, "parent,children"),
        ("users", {"id": 1}, ""),
    ],
)
def test_includes_to_compare_with(table: str, echo: dict[str, Any], includes: str) -> None:
    """The relations of an echo are read as deep as it goes, without leading straight back."""
    found = includes_of(CATALOG, CATALOG.tables[table], [{}, echo, echo])
    assert included(found) == includes


def test_masked_values() -> None:
    """They are compared as they are shown, by others: so nobody can guess the stored ones."""
    table = DEPOT.tables["badges"]
    row = [{"id": 7, "code": "abc", "name": "n"}.get(field.name) for field in table.selected]
    assert [*compare_values(table, {"id": 7, "code": "abc"}, row)] == ["code"]

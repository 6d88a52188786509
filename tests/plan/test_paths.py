"""Paths through relations and into documents, as their characters have them."""

import pytest

from modelwire.catalog.read import read_catalog
from modelwire.plan.reading.paths import (
    FieldPath,
    TooDeep,
    UnknownPath,
    find_compared,
    find_field,
    find_part,
    is_quoted,
    near_part,
    split_names,
    split_operator,
    split_steps,
    unquote,
)
from modelwire.settings import Limits
from tests.json_columns.tables import RESOURCES as DOCUMENTS

from .described import CATALOG, JSON

THINGS, PLAYERS = JSON.tables["things"], CATALOG.tables["players"]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.0.b", ("a", "0", "b")),
        ("a..b", None),
        (".a", None),
        ("a.", None),
        ("", None),
        ('"a.b".c', ("a.b", "c")),
        ('a."b c"', ("a", "b c")),
        ('""', ("",)),
        (r'"a\"b\\".c', (r'a"b\\'.replace("\\\\", "\\"), "c")),
        ('"a"b', None),
        ('"a".', None),
        ('"a', None),
        ('a."b"."c".d', ("a", "b", "c", "d")),
        ('"a"."b', None),
    ],
)
def test_steps(path: str, steps: tuple[str, ...] | None) -> None:
    assert split_steps(path) == steps


@pytest.mark.parametrize(
    ("text", "quoted", "plain"),
    [
        ("a", False, "a"),
        ('"a"', True, "a"),
        (r'"a\"b"', True, 'a"b'),
        (r'"a\"', False, r'"a\"'),
        ('"a"b"', False, '"a"b"'),
        ('"', False, '"'),
        ('""', True, ""),
        ('"\n"', True, "\n"),
    ],
)
def test_quotes(text: str, *, quoted: bool, plain: str) -> None:
    assert (is_quoted(text), unquote(text)) == (quoted, plain)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b", ["a", "b"]),
        ("", [""]),
        ("a,", ["a", ""]),
        ('a."b,c",d', ['a."b,c"', "d"]),
        ('"a\\",b",c', ['"a\\",b"', "c"]),
        ('"a,b', ['"a,b']),
        ('"a",,b', ['"a"', "", "b"]),
        ('"a",', ['"a"', ""]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize(
    ("name", "path", "operator"),
    [
        ("age", "age", None),
        ("age__gte", "age", "gte"),
        ("a__b__in", "a__b", "in"),
        ("a_b", "a_b", None),
        ('meta."a__b"', 'meta."a__b"', None),
        ('meta."a__b"__in', 'meta."a__b"', "in"),
        ("__in", "", "in"),
    ],
)
def test_operators(name: str, path: str, operator: str | None) -> None:
    assert split_operator(name) == (path, operator)


@pytest.mark.parametrize(
    ("name", "path", "operator"),
    [
        ("meta.a__in", "meta.a", "in"),
        ("meta.a", "meta.a", None),
        ("meta__isnull", "meta", "isnull"),
        ("spec.under__scored", 'spec."under__scored"', None),
        ("spec.under__scored__in", 'spec."under__scored"', "in"),
        ("spec.size__width", "spec.size", "width"),
        ("nope__in", None, "in"),
        ("nope", None, None),
    ],
)
def test_compared_fields(name: str, path: str | None, operator: str | None) -> None:
    """A text after `__` is an operator, unless only the name with it is that of a field."""
    found, given = find_compared(JSON, THINGS, name)
    if isinstance(found, FieldPath):
        assert found.field.name == path
    else:
        assert path is None or isinstance(found, UnknownPath)
    assert given == operator


def test_fields_are_found_before_operators() -> None:
    found, operator = find_compared(CATALOG, PLAYERS, "team.name__icontains")
    assert isinstance(found, FieldPath)
    assert ([step.relation.name for step in found.through], operator) == (["team"], "icontains")
    whole, none = find_compared(CATALOG, PLAYERS, "team_id")
    assert isinstance(whole, FieldPath)
    assert (whole.field.name, whole.through, none) == ("team_id", (), None)
    assert find_field(CATALOG, PLAYERS, "team") == UnknownPath("team")


def test_how_deep_paths_go() -> None:
    """Documents have a limit of names, and texts of characters; relations have one of their own."""
    low = read_catalog(DOCUMENTS, Limits(max_json_depth=2))
    meta = low.tables["things"].by_key["meta"]
    found = find_part(low, meta, "a.b")
    assert found is not None
    assert not isinstance(found, TooDeep)
    deep = find_part(low, meta, "a.b.c")
    assert str(deep) == "should go at most 2 names and positions into a JSON column"
    assert not isinstance(find_part(low, meta, "a" * 512), TooDeep)
    long = find_part(low, meta, "a" * 513)
    assert str(long) == "should go into a JSON column by at most 512 characters"
    assert find_part(low, meta, "a..b") is None
    assert find_part(low, low.tables["things"].by_key["id"], "a") is None


@pytest.mark.parametrize(
    ("column", "path", "start", "rest"),
    [
        ("spec", "siz", "spec.", "siz"),
        ("spec", "size.widt", "spec.size.", "widt"),
        ("spec", "size.width", "spec.size.", "width"),
        ("spec", "size.widt.x", "spec.size.", "widt.x"),
        ("spec", "sizes.0.widt", "spec.sizes.0.", "widt"),
        ("spec", "siz..x", "spec.", ""),
        ("spec", '"size"."wi dt"', "spec.size.", "wi dt"),
    ],
)
def test_known_beginnings(column: str, path: str, start: str, rest: str) -> None:
    near = near_part(THINGS.by_key[column], path)
    assert near is not None
    assert (near.start, near.rest) == (start, rest)
    assert ("width" in near.names) is ("size" in start)
    assert near_part(THINGS.by_key["id"], path) is None

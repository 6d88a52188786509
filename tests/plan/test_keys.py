"""Keys of rows in paths and in bodies."""

import uuid
from typing import Any

import pytest

from modelwire.errors import InvalidRequest
from modelwire.plan.keys import escape_reserved, key_values, quote_key, read_key, select_locked
from modelwire.plan.parameters import Pair, predicate_values
from modelwire.plan.values import BadValue
from modelwire.shape.parts import Lock

from .described import CATALOG, refused

TABLES = CATALOG.tables
UUID = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("table", "key", "values"),
    [
        ("users", "7", [7]),
        ("users", "-7", [-7]),
        ("users", "%37", [7]),
        ("things", str(UUID), [UUID]),
        ("countries", "a,b", ["a,b"]),
        ("countries", "%2Fb%C3%A9", ["/bé"]),
        ("memberships", "7,12", [7, 12]),
        ("memberships", "7%2C12", [7, 12]),
        ("memberships", "7%2c12", [7, 12]),
        ("cities", "a%2Cb,c", ["a,b", "c"]),
        ("cities", ",", ["", ""]),
    ],
)
def test_keys_in_paths(table: str, key: str, values: list[Any]) -> None:
    assert key_values(TABLES[table], key) == values


@pytest.mark.parametrize(
    ("table", "key", "fault"),
    [
        ("users", "x", "id invalid_value"),
        ("users", "1,2", "id invalid_value"),
        ("users", "%FF", "id invalid_value"),
        ("countries", "%FF", "code invalid_value"),
        ("memberships", "7", "group_id,person_id invalid_key 2"),
        ("memberships", "7,8,9", "group_id,person_id invalid_key 2"),
        ("memberships", "7,x", "person_id invalid_value"),
        ("memberships", "x,7", "group_id invalid_value"),
    ],
)
def test_keys_that_are_none(table: str, key: str, fault: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        key_values(TABLES[table], key)
    assert refused(caught.value) == [fault]


def test_keys_that_are_badly_encoded() -> None:
    """The message says what is wrong with the encoding, not with the value."""
    with pytest.raises(InvalidRequest, match="UTF-8"):
        key_values(TABLES["countries"], "%FF")


@pytest.mark.parametrize(
    ("table", "value", "key"),
    [
        ("users", 7, (7,)),
        ("users", "7", (7,)),
        ("users", 7.0, (7,)),
        ("users", "7.00", (7,)),
        ("users", 1e16, (10**16,)),
        ("countries", 7.0, ("7.0",)),
        ("users", "-7.0", (-7,)),
        ("countries", "1.0", ("1.0",)),
        ("countries", 7, ("7",)),
        ("countries", True, ("true",)),
        ("things", str(UUID), (UUID,)),
        ("memberships", "7,12", (7, 12)),
        ("cities", "a%2Cb,c", ("a,b", "c")),
    ],
)
def test_keys_in_bodies(table: str, value: Any, key: tuple[Any, ...]) -> None:
    """A number may be written as in JSON, as a text or with a fraction of zeros."""
    assert read_key(TABLES[table], value) == key


@pytest.mark.parametrize(
    ("table", "value", "told"),
    [
        ("users", 7.5, "integer"),
        ("users", "7.50", "integer"),
        ("users", "7.0.0", "integer"),
        ("users", "7.", "integer"),
        ("users", True, "integer"),
        ("users", None, "integer"),
        ("users", [7], "integer"),
        ("countries", None, "text"),
        ("memberships", 7, "group_id,person_id"),
        ("memberships", ["7", "8"], "group_id,person_id"),
        ("memberships", "7", "2 values"),
        ("memberships", "7,x", "integer"),
    ],
)
def test_values_in_bodies_that_are_no_keys(table: str, value: Any, told: str) -> None:
    with pytest.raises(BadValue, match=told):
        read_key(TABLES[table], value)


@pytest.mark.parametrize(
    ("table", "values", "key"),
    [
        ("users", [7], "7"),
        ("things", [UUID], str(UUID)),
        ("countries", ["a/b,é"], "a%2Fb%2C%C3%A9"),
        ("countries", ["é"], "%C3%A9"),
        ("countries", ["a b"], "a%20b"),
        ("countries", ["stream"], "%73tream"),
        ("countries", ["bulk"], "%62ulk"),
        ("countries", ["."], "%2E"),
        ("countries", [".."], "%2E."),
        ("countries", ["..."], "..."),
        ("cities", ["bulk", "x"], "bulk,x"),
        ("cities", ["a,b", "c"], "a%2Cb,c"),
        ("memberships", [7, 12], "7,12"),
    ],
)
def test_keys_are_written_as_they_are_read(table: str, values: list[Any], key: str) -> None:
    """No key is mistaken for another route, or for a step up, and each is read as it was."""
    assert quote_key(values, TABLES[table].key) == key
    assert key_values(TABLES[table], key) == values


def test_keys_that_begin_other_routes() -> None:
    for name in ("bulk", "stream", "query", "aggregate", "changes"):
        assert escape_reserved(name) != name
        assert escape_reserved(f"{name}s") == f"{name}s"


def test_rows_are_locked_for_a_change() -> None:
    """A locked row is read as it is always read, with the fields that are asked for."""
    table = TABLES["people"]
    hidden = next(field for field in table.fields if field.name == "password_hash")
    shape, wider = select_locked(table), select_locked(table, (hidden,), Lock.REMOVE)
    assert (shape.lock, shape.fields, shape.allows) == (Lock.CHANGE, table.key, ())
    assert [f.name for f in shape.read.fields] == ["id", "first_name", "last_name"]
    assert wider.lock is Lock.REMOVE
    assert wider.read.fields == (*shape.read.fields, hidden)
    assert wider.read.shown == len(table.readable) == 3


def test_parameters_are_numbered() -> None:
    """The operands of a pair share a number, and are told apart."""
    assert predicate_values([1, Pair(2, 3), [4]]) == {
        "p0": 1,
        "p1_low": 2,
        "p1_high": 3,
        "p2": [4],
    }

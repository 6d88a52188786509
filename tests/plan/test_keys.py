"""Keys of rows in paths and in bodies."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from pydantic import AnyUrl
from sqlalchemy import Column, Text, TypeDecorator
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from modelwire.catalog.field import Field as CatalogField
from modelwire.catalog.invalid_values import Unreadable
from modelwire.catalog.read import read_catalog
from modelwire.errors import InvalidRequest
from modelwire.plan.keys import escape_reserved, key_values, quote_key, read_key, select_locked
from modelwire.plan.parameters import Pair, predicate_values
from modelwire.plan.values import BadValue, parse_value, shown_value, write_value
from modelwire.shape.parts import Lock
from tests.zoo import Color

from .depot import DEPOT
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


SAMPLES, THINGS = DEPOT.tables["samples"].by_key, TABLES["things"].by_key
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (THINGS["text"], "a b", "a b"),
        (THINGS["number"], -5, "-5"),
        (THINGS["flag"], True, "true"),
        (THINGS["flag"], False, "false"),
        (THINGS["color"], Color.RED, "red"),
        (THINGS["reference"], UUID, str(UUID)),
        (THINGS["price"], Decimal("1E+2"), "100"),
        (THINGS["price"], Decimal("1.50"), "1.50"),
        (THINGS["ratio"], 1.5, "1.5"),
        (THINGS["day"], NOON.date(), "2026-01-31"),
        (THINGS["moment"], NOON, "2026-01-31T12:00:00Z"),
        (THINGS["local"], NOON.replace(tzinfo=None), "2026-01-31T12:00:00"),
        (THINGS["clock"], dt.time(12, 30), "12:30:00"),
        (THINGS["span"], dt.timedelta(hours=1, minutes=30), "PT1H30M"),
        (SAMPLES["rate"], Decimal("1.5"), "1.5"),
        (SAMPLES["whole"], 5, "5"),
        (SAMPLES["day"], NOON.replace(hour=0), "2026-01-31"),
        (SAMPLES["kind"], "a", "a"),
        (SAMPLES["raw"], b"\x00\xff", "AP8="),
        (SAMPLES["key"], str(UUID), str(UUID)),
    ],
)
def test_values_as_texts(field: CatalogField, value: Any, text: str) -> None:
    """A text is written for a value of a column that stands for the same one in a request."""
    assert write_value(value, field) == text
    found = parse_value(text, field)
    assert (type(found), found) == (type(value), value)


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class AddressType(TypeDecorator[str]):
    impl = Text
    cache_ok = True


class Site(Base, table=True):
    """Texts that stand for values of a class."""

    __tablename__ = "sites"

    id: int | None = Field(default=None, primary_key=True)
    url: AnyUrl = Field(sa_column=Column(Text))
    own_url: AnyUrl = Field(sa_column=Column(AddressType))


@pytest.mark.parametrize("name", ["url", "own_url"])
def test_texts_of_a_class(name: str) -> None:
    """They are spelled as the class writes them, and left as they are if it writes none so."""
    field = read_catalog([Resource(Site)]).tables["sites"].by_key[name]
    for text, spelled in (("HTTP://a.b", "http://a.b/"), ("x", "x")):
        found = parse_value(text, field)
        assert (type(found), found) == (str, spelled)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (SAMPLES["rate"], Decimal("1.5"), 1.5),
        (SAMPLES["whole"], 5, Decimal(5)),
        (SAMPLES["kind"], "a", "a"),
        (THINGS["text"], "a", "a"),
    ],
)
def test_values_that_are_shown(field: CatalogField, value: Any, shown: Any) -> None:
    """A value of a column is shown as one of its annotation, if it is one."""
    found = shown_value(value, field)
    assert (type(found), found) == (type(shown), shown)
    unreadable = Unreadable(value)
    assert shown_value(unreadable, field) is unreadable


def test_a_value_that_can_not_be_shown() -> None:
    found = shown_value("x", SAMPLES["whole"])
    assert (type(found), found.stored) == (Unreadable, "x")


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        (SAMPLES["whole"], "5.5", "should be a decimal that its column can hold"),
        (SAMPLES["kind"], "c", "should be one of a, b"),
        (SAMPLES["raw"], "%", "bytes as they are shown"),
        (THINGS["ratio"], "1e999", "should be a finite number"),
        (THINGS["ratio"], "nan", "should be a finite number"),
        (THINGS["price"], "1e1001", "of a reasonable size"),
        (THINGS["price"], "1e", "should be a decimal number"),
        (THINGS["number"], "1" * 21, "should be an integer$"),
        (THINGS["number"], "9223372036854775808", "within 64 bits"),
        (THINGS["number"], "-9223372036854775809", "within 64 bits"),
        (THINGS["flag"], "True", "should be true or false"),
        (THINGS["text"], "a\x00", "NUL"),
        (THINGS["reference"], "x", "should be a UUID"),
        (THINGS["color"], "RED", "should be one of red, green, blue"),
        (THINGS["moment"], "2026-01-31 12:00:00 02:00", "write %2B"),
        (THINGS["moment"], "2026-01-31T12:00:00.5 0200", "write %2B"),
        (THINGS["moment"], "0001-01-01T00:00:00+01:00", "from year 1 to year 9999"),
        (THINGS["moment"], "5", "should be a date and time, as in 2026-01-31T12:00:00Z$"),
        (THINGS["day"], "-5.0", "should be a date, as in 2026-01-31$"),
        (THINGS["day"], "5.0.0", "should be a date, as in 2026-01-31$"),
        (THINGS["clock"], "12:30:00+02:00", "without an offset"),
        (THINGS["clock"], "25:00", "should be a time, as in 12:00:00$"),
        (THINGS["span"], "x", "should be a duration"),
        (THINGS["data"], "x", "should be a value of its type"),
    ],
)
def test_texts_that_are_no_values(field: CatalogField, text: str, told: str) -> None:
    with pytest.raises(BadValue, match=told):
        parse_value(text, field)

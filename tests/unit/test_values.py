"""Bodies of which only the values are wanted, against instances of the same schema."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from examples.league import Team
from modelwire import Resource
from modelwire.catalog.domain import Fault
from modelwire.catalog.read import read_catalog
from modelwire.errors import Faults
from modelwire.plan.writing.bodies import validate, validate_each, validate_values
from modelwire.plan.writing.new_rows import locate_fault

TABLE = read_catalog([Resource(Team)]).tables["teams"]


class Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, alias="Name")
    price: Decimal | None = None
    tags: list[str] = Field(default_factory=list)
    size: int = Field(default=3, validation_alias=AliasChoices("size", "width"))
    twice: int = Field(default_factory=lambda data: data["size"] * 2)


class Checked(BaseModel):
    low: int
    high: int = 9

    @field_validator("low", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return value.removeprefix("#") if isinstance(value, str) else value

    @field_validator("high")
    @classmethod
    def _compare(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data["low"]:
            raise ValueError("should be at least low")
        return value


class Whole(BaseModel):
    low: int
    high: int = 9

    @model_validator(mode="after")
    def _compare(self) -> Whole:
        if self.high < self.low:
            raise ValueError("low should be at most high")
        return self


class Tree(BaseModel):
    name: str
    below: list[Tree] = []


class Prepared(BaseModel):
    """Validators that see the body before its fields are read."""

    low: int

    @model_validator(mode="before")
    @classmethod
    def _double(cls, data: Any) -> Any:
        return {"low": data["low"] * 2}


CASES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (Plain, {"Name": " a "}),
    (Plain, {"Name": "a", "price": "1.50", "tags": ["x"], "width": "4"}),
    (Plain, {"Name": "a", "size": 1, "twice": 7}),
    (Plain, {"Name": " "}),
    (Plain, {"name": "a"}),
    (Plain, {"Name": "a", "other": 1}),
    (Plain, {}),
    (Checked, {"low": "#4"}),
    (Checked, {"low": 4, "high": "5", "other": 1}),
    (Checked, {"low": 4, "high": 3}),
    (Checked, {"low": "x"}),
    (Whole, {"low": 1}),
    (Whole, {"low": 4, "high": 3}),
    (Prepared, {"low": 3}),
    (Prepared, {"low": [3]}),
    (Tree, {"name": "a", "below": [{"name": "b", "below": [{"name": "c"}]}]}),
    (Tree, {"name": "a", "below": [{}]}),
]


@pytest.mark.parametrize(("schema", "body"), CASES)
def test_values_are_those_of_an_instance(schema: type[BaseModel], body: dict[str, Any]) -> None:
    """The same values, or the same faults, as an instance of the schema has."""
    found, expected = Faults(), Faults()
    values = validate_values(TABLE, schema, [body, body], ["/0", "/1"], found)
    instances = validate_each(TABLE, schema, [body, body], ["/0", "/1"], expected)
    assert list(values) == [vars(instance) for instance in instances]
    assert found.first == expected.first
    assert found.count == expected.count
    assert bool(values) is not bool(found)


@pytest.mark.parametrize("body", [None, [], "a", 1])
def test_bodies_that_are_no_objects(body: Any) -> None:
    """A body that is no object is refused at its place, and the others are read all the same."""
    faults = Faults()
    assert not validate_values(TABLE, Plain, [{"Name": "a"}, body], ["/0", "/1"], faults)
    assert [(f.pointer, f.code) for f in faults.first] == [("/1", "model_type")]


class Places(BaseModel):
    model_config = ConfigDict(extra="forbid")

    either: int | list[int] | None = None
    pair: tuple[int, str] = (0, "")
    sizes: dict[str, int] = {}
    trees: list[Tree] = []
    maybe: Tree | Checked | None = None


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"other": 1}, {"/other"}),
        ({"either": "x"}, {"/either"}),
        ({"either": [1, "x"]}, {"/either", "/either/1"}),
        ({"pair": [1]}, {"/pair/1"}),
        ({"pair": ["x", "y"]}, {"/pair/0"}),
        ({"pair": 5}, {"/pair"}),
        ({"sizes": {"a/b": "x", "~": 1}}, {"/sizes/a~1b"}),
        ({"trees": [{"name": "a"}, {"below": []}]}, {"/trees/1/name"}),
        ({"trees": [{"name": "a", "below": [{"name": 5}]}]}, {"/trees/0/below/0/name"}),
        ({"trees": 5}, {"/trees"}),
        ({"maybe": {"below": 5}}, {"/maybe/name", "/maybe/below", "/maybe/low"}),
        ({"maybe": 5}, {"/maybe"}),
    ],
)
def test_places_of_faults(body: dict[str, Any], pointers: set[str]) -> None:
    """A fault is where its value is, or would be, without steps for the choices of a type."""
    faults = Faults()
    validate_values(TABLE, Places, [body], ["/0"], faults)
    assert {fault.pointer for fault in faults.first} == {f"/0{pointer}" for pointer in pointers}


@pytest.mark.parametrize("body", [{"Name": "a", "size": "x"}, {"Name": "a", "size": "x", "o": 1}])
def test_default_of_faulty_fields(body: dict[str, Any]) -> None:
    """An absent field has no fault of its own because its default can't be computed."""
    faults = Faults()
    validate_values(TABLE, Plain, [body], ["/0"], faults)
    assert {fault.pointer for fault in faults.first} == {f"/0/{n}" for n in body if n != "Name"}


def test_unknown_names_of_a_large_body() -> None:
    """The first are told, and the others are counted, without their time being taken."""
    body: dict[str, Any] = {"Name": "a", "size": 1, **{f"name{i}": i for i in range(60)}}
    faults = Faults()
    assert not validate_values(TABLE, Plain, [body], ["/0"], faults)
    assert (len(faults.first), faults.count, faults.more) == (20, 60, 40)
    assert [fault.pointer for fault in faults.first] == [f"/0/name{i}" for i in range(20)]


def test_unknown_names_beside_a_fault() -> None:
    """All of them are counted for a body by itself, too."""
    body: dict[str, Any] = {"Name": "", "size": 1, **{f"name{i}": i for i in range(60)}}
    faults = Faults()
    assert validate(TABLE, Plain, body, "/0", faults) is None
    assert (len(faults.first), faults.count, faults.more) == (20, 61, 41)
    assert "/0/Name" in {fault.pointer for fault in faults.first}


def test_unknown_names_beside_many_fields() -> None:
    """No field is left out, however many there are."""
    fields: dict[str, Any] = {f"f{i}": (int, 0) for i in range(25)}
    wide = create_model("Wide", __config__=ConfigDict(extra="forbid"), **fields)
    faults = Faults()
    body = {**dict.fromkeys(fields, 1), "f24": "x", **{f"name{i}": i for i in range(60)}}
    assert validate(TABLE, wide, body, "/0", faults) is None
    assert (faults.count, faults.first[0].pointer) == (61, "/0/f24")


@pytest.mark.parametrize(
    ("fault", "message", "pointer"),
    [
        (Fault("out_of_range", "should be less"), "Name should be less", "/1/name"),
        (Fault("out_of_range", "should be less", "/2"), "should be less", "/1/name/2"),
        (Fault("string_type", "should be less"), "should be less", "/1/name"),
    ],
)
def test_values_that_a_column_can_not_hold(fault: Fault, message: str, pointer: str) -> None:
    """The field is named by errors that stand alone, and where the fault is within a value."""
    found = locate_fault(fault, TABLE.by_key["name"], "/1")
    assert (found.message, found.pointer, found.code) == (message, pointer, fault.code)


@pytest.mark.parametrize("unknown", [0, 14, 15, 16, 17, 20, 21, 40])
def test_faults_of_a_large_body(unknown: int) -> None:
    """What is known is read, whatever else is in the body, and every fault is counted."""
    names = {f"a{i}": 1 for i in range(unknown)}
    body = {**names, "Name": "", "price": 1, "tags": [], "size": 1, "twice": "x"}
    faults = Faults()
    validate_values(TABLE, Plain, [body], ["/0"], faults)
    assert (faults.count, faults.more) == (unknown + 2, max(0, unknown + 2 - 20))
    if not unknown:
        assert [fault.pointer for fault in faults.first] == ["/0/Name", "/0/twice"]


def test_faults_of_many_bodies() -> None:
    """Those for which there is no room any more are counted."""
    faults = Faults()
    bodies = [{"name": 1, "other": 2, "twice": 1}] * 15
    validate_values(TABLE, Plain, bodies, [f"/{i}" for i in range(15)], faults)
    assert (len(faults.first), faults.count) == (20, 45)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""
    inner: Strict | None = None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"nam": 1}, "is not a field that can be set here (did you mean `name`?)"),
        ({"nam": 1, "name": "a"}, "is not a field that can be set here"),
        ({"inner": {"nam": 1}}, "is not a field that can be set here"),
        ({"name": 5}, "should be a valid string"),
        ({"inner": 5}, "should be a valid dictionary or instance of Strict"),
    ],
)
def test_messages(body: dict[str, Any], message: str) -> None:
    """A name is suggested for one that is unknown, if the body hasn't both of them."""
    faults = Faults()
    validate_values(TABLE, Strict, [body], ["/0"], faults)
    assert [fault.message for fault in faults.first] == [message]


def test_few_names_are_suggested() -> None:
    faults = Faults()
    validate_values(TABLE, Strict, [{"nam": 1}] * 7, [f"/{i}" for i in range(7)], faults)
    suggested = ["did you mean" in fault.message for fault in faults.first]
    assert suggested == [True] * 5 + [False] * 2

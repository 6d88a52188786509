"""A model's validators run on bodies as in `Model.model_validate`, with all that its class has."""

from typing import Annotated, Any, ClassVar

import httpx2
import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.http.problems import faults_of, read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Tidy:
    """A mixin that is no model."""

    marks: ClassVar[str] = "!"

    @classmethod
    def tidy(cls, text: str) -> str:
        return text.strip() + cls.marks


class Named(Base):
    """A base whose validator calls what only a subclass has."""

    name: str = Field(max_length=12)

    @field_validator("name")
    @classmethod
    def clean(cls, value: str) -> str:
        return cls.tidy(value)  # type: ignore[attr-defined,no-any-return]


class Plain(Tidy, Named, table=True):
    """Validators of single fields, which use what their class has."""

    __tablename__ = "plains"

    id: int | None = Field(default=None, primary_key=True)
    nick: str = "?"
    size: Annotated[int, AfterValidator(abs)] = 1
    limit: ClassVar[int] = 100

    @field_validator("size", mode="before")
    @classmethod
    def count(cls, value: Any) -> Any:
        return len(value) if isinstance(value, list) else value

    @field_validator("size")
    @classmethod
    def bound(cls, value: int) -> int:
        if value > cls.limit:
            raise ValueError(f"should be at most {cls.limit}")
        return value

    @field_validator("nick", mode="wrap")
    @classmethod
    def shorten(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> str:
        return str(handler(value))[: cls.longest()]

    @field_validator("nick")
    @staticmethod
    def lower(value: str) -> str:
        return value.lower()

    @staticmethod
    def longest() -> int:
        return 4


def _no_more_than_end(value: int, info: ValidationInfo) -> int:
    if value > info.data.get("end", value):
        raise ValueError("should not be after the end")
    return value


def _half(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> int:
    assert info.context is None
    return int(handler(value)) // 2


class Period(Base, table=True):
    """Validators that look at what was validated before them."""

    __tablename__ = "periods"

    id: int | None = Field(default=None, primary_key=True)
    end: int = 100
    start: Annotated[int, AfterValidator(_no_more_than_end)] = 0
    half: Annotated[int, WrapValidator(_half)] = 0
    label: str = ""

    @field_validator("label")
    @classmethod
    def tell(cls, value: str, info: ValidationInfo) -> str:
        return f"{value}{info.data.get('start')}-{info.data['end']}{info.data['id'] is None}"


class Address(BaseModel):
    street: str
    zip: int = 0


class Person(Base, table=True):
    """Validators around the whole model, with private attributes and an object of JSON."""

    __tablename__ = "people"

    id: int | None = Field(default=None, primary_key=True)
    first: str = Field(alias="firstName", default="")
    last: str = ""
    slug: str = Field(default="", max_length=20)
    low: int = 0
    high: int = 10
    address: Address | None = Field(default=None, sa_column=Column(JSON))
    _seen: list[str] = PrivateAttr(default_factory=list)
    _prefix: str = PrivateAttr(default="p")

    @model_validator(mode="before")
    @classmethod
    def split(cls, data: Any) -> Any:
        if isinstance(data, dict) and "full" in data:
            data = dict(data)
            data["firstName"], _, data["last"] = data.pop("full").partition(" ")
        return data

    @field_validator("last")
    @classmethod
    def shout(cls, value: str) -> str:
        return value.upper()

    @model_validator(mode="wrap")
    @classmethod
    def around(cls, data: Any, handler: ModelWrapValidatorHandler["Person"]) -> "Person":
        person = handler(data)
        if person.first == "nobody":
            raise ValueError("should be somebody")
        return person

    @model_validator(mode="after")
    def order(self) -> "Person":
        self._seen.append(self.first)
        if self.low > self.high:
            raise ValueError("low should be below high")
        if self.address is not None and self.address.zip < 0:
            raise ValueError("should be a zip")
        return self

    @model_validator(mode="after")
    def slugify(self) -> "Person":
        assert self._seen == [self.first]
        self.slug = f"{self._prefix}-{self.first}-{self.initial()}".lower()
        return self

    def initial(self) -> str:
        return self.last[:1]


class Prepared(Base, table=True):
    """A model that prepares itself."""

    __tablename__ = "prepared"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    length: int = 0
    _factor: int = PrivateAttr(default=2)

    def model_post_init(self, _context: Any) -> None:
        self.length = len(self.name) * self._factor


class Coded(Base, table=True):
    """A key that clients name, in a model that looks at its rows."""

    __tablename__ = "coded"

    code: str = Field(primary_key=True)
    twin: str = ""

    @model_validator(mode="after")
    def mirror(self) -> "Coded":
        self.twin = self.code[::-1]
        return self

    @field_validator("code")
    @classmethod
    def lower(cls, value: str) -> str:
        return value.lower()


class Span(Base, table=True):
    """Two values of which one bounds the other, and a key that clients name."""

    __tablename__ = "spans"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    low: int = 0
    high: int = 10

    @model_validator(mode="after")
    def order(self) -> "Span":
        if self.low > self.high:
            raise ValueError("low should not be above high")
        return self


class Account(Base, table=True):
    """A value that is bounded by one that clients never see."""

    __tablename__ = "accounts"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    used: int = 0
    cap: int = 10

    @model_validator(mode="after")
    def stay_below(self) -> "Account":
        if self.used > self.cap:
            raise ValueError("used should be at most what the account may use")
        return self


MODELS: tuple[type[Base], ...] = (Plain, Period, Person, Prepared, Coded, Span)

validators_world = make_world_fixture(
    "validators",
    Base.metadata,
    on_lanes(
        (
            Resource(Plain),
            Resource(Period),
            Resource(Person, read_only=["slug"]),
            Resource(Prepared),
            Resource(Coded),
            Resource(Span),
            Resource(Account, hidden=["cap"]),
        )
    ),
)


@pytest.fixture
async def client(validators_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(validators_world.database)
    return validators_world.clients[lane]


PERSON = {"firstName": "", "last": "", "slug": "p--", "low": 0, "high": 10, "address": None}

Case = tuple[type[Base], dict[str, Any], dict[str, Any] | tuple[str, str]]
"""A model, a body, and what becomes of it; or what is wrong with it."""

NEW: dict[str, Case] = {
    "mixin": (Plain, {"name": " ann "}, {"name": "ann!", "nick": "?", "size": 1}),
    "length": (Plain, {"name": "a" * 13}, ("/name", "string_too_long")),
    "before": (
        Plain,
        {"name": "a", "size": [1, 2, 3]},
        {"name": "a!", "nick": "?", "size": 3},
    ),
    "annotated": (Plain, {"name": "a", "size": -7}, {"name": "a!", "nick": "?", "size": 7}),
    "class variable": (Plain, {"name": "a", "size": 101}, ("/size", "value_error")),
    "wrap": (Plain, {"name": "a", "nick": "ANNABEL"}, {"name": "a!", "nick": "anna", "size": 1}),
    "defaults": (Period, {}, {"end": 100, "start": 0, "half": 0, "label": ""}),
    "data": (
        Period,
        {"label": "x", "start": 3, "end": 5},
        {"end": 5, "start": 3, "half": 0, "label": "x3-5True"},
    ),
    "data that refuses": (Period, {"start": 6, "end": 5}, ("/start", "value_error")),
    "wrap with info": (Period, {"half": "9"}, {"end": 100, "start": 0, "half": 4, "label": ""}),
    "before that adds": (
        Person,
        {"full": "Ann Lee"},
        PERSON | {"firstName": "Ann", "last": "LEE", "slug": "p-ann-l"},
    ),
    "alias": (Person, {"firstName": "Bo"}, PERSON | {"firstName": "Bo", "slug": "p-bo-"}),
    "after that refuses": (Person, {"low": 11}, ("", "value_error")),
    "wrap that refuses": (Person, {"firstName": "nobody"}, ("", "value_error")),
    "object": (
        Person,
        {"address": {"street": "Main", "zip": "5"}},
        PERSON | {"address": {"street": "Main", "zip": 5}},
    ),
    "object in an after": (Person, {"address": {"street": "M", "zip": -5}}, ("", "value_error")),
    "object that is wrong": (Person, {"address": {"zip": 5}}, ("/address/street", "missing")),
    "unknown": (Person, {"fullName": "Ann"}, ("/fullName", "unknown_field")),
    "kept from clients": (Person, {"slug": "mine"}, ("/slug", "unknown_field")),
    "number of its own": (Person, {"id": 5}, ("/id", "unknown_field")),
    "post init": (Prepared, {"name": "four"}, {"name": "four", "length": 8}),
    "missing": (Prepared, {}, ("/name", "missing")),
    "key": (Coded, {"code": "AB"}, {"code": "ab", "twin": "ba"}),
    "no key": (Coded, {}, ("/code", "missing")),
    "empty key": (Coded, {"code": ""}, ("/code", "string_too_short")),
}


@pytest.mark.parametrize("name", NEW)
async def test_new_row(client: httpx2.AsyncClient, name: str) -> None:
    """A new row is what the model makes of it, and refused for what the model refuses."""
    model, body, expected = NEW[name]
    answer = await client.post(f"/{model.__tablename__}/", json=body)
    if isinstance(expected, tuple):
        assert faults_of(read_problem(answer, 422, "invalid")) == [expected]
        return
    assert answer.status_code == 201, answer.text
    assert without_id(answer.json()) == expected
    shown = await client.get(answer.headers["location"])
    assert shown.json() == answer.json()


@pytest.mark.parametrize("name", [name for name in NEW if NEW[name][0] is not Coded])
@pytest.mark.parametrize("query", ["", "?atomic=false"])
async def test_new_rows(client: httpx2.AsyncClient, name: str, query: str) -> None:
    """Each of many rows is what the model makes of it."""
    model, body, expected = NEW[name]
    url = f"/{model.__tablename__}/bulk/{query}"
    answer = await client.post(url, json=[body, body])
    if isinstance(expected, tuple) and not query:
        pointer, code = expected
        faults = [(f"/{i}{pointer}", code) for i in range(2)]
        assert faults_of(read_problem(answer, 422, "invalid")) == faults
    elif not query:
        assert [without_id(row) for row in answer.json()] == [expected, expected]
    else:
        for item in answer.json()["items"]:
            if isinstance(expected, tuple):
                assert [error["code"] for error in item["problem"]["errors"]] == [expected[1]]
            else:
                assert without_id(item["item"]) == expected


def without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


CHANGES: dict[str, Case] = {
    "one field": (Plain, {"name": " bo"}, {"name": "bo!"}),
    "others are left alone": (Plain, {"size": -3}, {"size": 3}),
    "refused": (Plain, {"size": 101}, ("/size", "value_error")),
    "data that is stored": (Period, {"label": "y"}, {"label": "y0-100False"}),
    "data that is stored and refuses": (Period, {"start": 101}, ("/start", "value_error")),
    "data that is sent": (Period, {"start": 101, "end": 200}, {"start": 101, "end": 200}),
    "after that sets": (Person, {"firstName": "Bo"}, {"firstName": "Bo", "slug": "p-bo-"}),
    "before that sets": (
        Person,
        {"full": "Bo Day"},
        {"firstName": "Bo", "last": "DAY", "slug": "p-bo-d"},
    ),
    "after that looks at what is stored": (Person, {"low": 11}, ("", "value_error")),
    "after that is content": (Person, {"low": 11, "high": 12}, {"low": 11, "high": 12}),
    "object": (Person, {"address": {"street": "x"}}, {"address": {"street": "x", "zip": 0}}),
    "object that is wrong": (Person, {"address": {"zip": 1}}, ("/address/street", "missing")),
    "unknown": (Person, {"nope": 1}, ("/nope", "unknown_field")),
    "kept from clients": (Person, {"slug": "mine"}, ("/slug", "unknown_field")),
    "nothing": (Person, {}, {}),
    "post init": (Prepared, {"name": "longer"}, {"name": "longer", "length": 12}),
}
FIRST: dict[type[Base], dict[str, Any]] = {
    Plain: {"name": "ann"},
    Period: {},
    Person: {},
    Prepared: {"name": "four"},
}


async def send_change(client: httpx2.AsyncClient, way: str, url: str, body: Any) -> httpx2.Response:
    """Change the row with the key 1."""
    if way == "bulk":
        return await client.patch(f"{url}bulk/", json=[{"id": 1, **body}])
    if way == "mass":
        headers = {"Prefer": "max-affected=1"}
        return await client.patch(f"{url}?id=1", json=body, headers=headers)
    return await client.request(way, f"{url}1", json=body)


@pytest.mark.parametrize("way", ["PATCH", "PUT", "bulk", "mass"])
@pytest.mark.parametrize("name", CHANGES)
async def test_change(client: httpx2.AsyncClient, name: str, way: str) -> None:
    """A row is what the model makes of it with a change; what is left alone is not made anew."""
    model, body, expected = CHANGES[name]
    url = f"/{model.__tablename__}/"
    before = (await client.post(url, json=FIRST[model])).json()
    answer = await send_change(client, way, url, body)
    if isinstance(expected, tuple):
        pointer, code = expected
        place = f"/0{pointer}" if way == "bulk" else pointer
        assert faults_of(read_problem(answer, 422, "invalid")) == [(place, code)]
        expected = {}
    else:
        assert answer.status_code == 200, answer.text
    assert (await client.get(f"{url}1")).json() == before | expected


async def test_validators_of_what_is_left_alone(client: httpx2.AsyncClient) -> None:
    """A validator that does something to a value does it once, when that is sent."""
    await client.post("/people/", json={"last": "x"})
    await client.post("/plains/", json={"name": "ann"})
    for size in (2, 3):
        changed = await client.patch("/plains/1", json={"size": size})
        assert changed.json()["name"] == "ann!"


async def test_upsert(client: httpx2.AsyncClient) -> None:
    """A value that a validator sets on an existing row is written with the sent ones."""
    url = "/coded/bulk/?on_conflict=code"
    for _ in range(2):
        answer = await client.post(url, json=[{"code": "AB"}, {"code": "cd"}])
        assert answer.status_code == 200, answer.text
        assert answer.json() == [{"code": "ab", "twin": "ba"}, {"code": "cd", "twin": "dc"}]


@pytest.mark.parametrize("atomic", ["true", "false"])
@pytest.mark.parametrize("others", [0, 2])
async def test_upserts_of_whole_rows(client: httpx2.AsyncClient, atomic: str, others: int) -> None:
    """A row into which another is merged is as its model allows, or nothing is written of it."""
    url = f"/spans/bulk/?on_conflict=name&atomic={atomic}"
    await client.post("/spans/", json={"name": "a", "low": 5})
    before = [{"name": f"new {index}"} for index in range(others)]
    answer = await client.post(url, json=[*before, {"name": "a", "high": 3}])
    if atomic == "true":
        problem = read_problem(answer, 422, "invalid")
        assert faults_of(problem) == [(f"/{others}", "value_error")]
    else:
        statuses = [item["status"] for item in answer.json()["items"]]
        assert statuses == [200] * others + [422]
    rows = (await client.get("/spans/?sort=id")).json()["items"]
    assert [(rows[0]["low"], rows[0]["high"])] == [(5, 10)]
    assert len(rows) == 1 + (others if atomic == "false" else 0)
    answer = await client.post(url, json=[{"name": "a", "high": 7}])
    assert answer.status_code in (200, 207)
    assert (await client.get("/spans/?name=a")).json()["items"][0]["high"] == 7


async def test_upserts_that_a_hidden_value_bounds(client: httpx2.AsyncClient) -> None:
    """A model that validates whole rows has the values that clients never see, too."""
    url = "/accounts/bulk/?on_conflict=name"
    await client.post("/accounts/", json={"name": "a", "used": 5})
    for many in ([], [{"name": "b", "used": 10}]):
        answer = await client.post(url, json=[{"name": "a", "used": 11}, *many])
        assert faults_of(read_problem(answer, 422, "invalid")) == [("/0", "value_error")]
        answer = await client.post(url, json=[{"name": "a", "used": 9 - len(many)}, *many])
        assert answer.status_code == 200, answer.text
    rows = (await client.get("/accounts/?sort=id")).json()["items"]
    assert [(row["name"], row["used"]) for row in rows] == [("a", 8), ("b", 10)]
    assert "cap" not in rows[0]

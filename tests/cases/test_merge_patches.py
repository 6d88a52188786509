"""An object in a JSON column is a merge patch (RFC 7396): merged first, then validated whole."""

from typing import Annotated, Any

import httpx2
import pytest
from annotated_types import Ge
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.examples import examples
from tests.http.problems import faults_of, read_problem
from tests.lanes import LANES
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Point(BaseModel):
    x: int
    y: Annotated[int, Ge(0)] = 7


class Address(BaseModel):
    """Defaults, a nested object, and a rule about the whole."""

    model_config = ConfigDict(extra="forbid")

    street: str = "none"
    zip: int | None = None
    tags: list[str] = []
    point: Point | None = None

    @model_validator(mode="after")
    def place(self) -> "Address":
        if self.zip is not None and self.street == "none":
            raise ValueError("A zip needs a street")
        return self


class Person(Base, table=True):
    __tablename__ = "persons"

    id: int | None = Field(default=None, primary_key=True)
    age: int = 0
    address: Address | None = Field(default=None, sa_column=Column(JSON))
    counts: dict[str, int] | None = Field(default=None, sa_column=Column(JSON))
    anything: Any = Field(default=None, sa_column=Column(JSON))


ANNOTATIONS: dict[str, TypeAdapter[Any]] = {
    "address": TypeAdapter(Address),
    "counts": TypeAdapter(dict[str, int]),
    "anything": TypeAdapter(Any),
}

merges_world = make_world_fixture("merges", Base.metadata, on_lanes((Resource(Person),)))
WAYS = ("PATCH", "bulk", "each", "mass")


async def send_patch(client: httpx2.AsyncClient, way: str, key: int, patch: Any) -> httpx2.Response:
    """Patch a row in one of the ways."""
    if way == "mass":
        headers = {"Prefer": "max-affected=1"}
        return await client.patch(f"/persons/?id={key}", json=patch, headers=headers)
    if way == "PATCH":
        return await client.patch(f"/persons/{key}", json=patch)
    query = "?atomic=false" if way == "each" else ""
    return await client.patch(f"/persons/bulk/{query}", json=[{"id": key, **patch}])


@pytest.fixture
async def client(merges_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(merges_world.database)
    return merges_world.clients[lane]


FIRST = {
    "address": {"street": "Main", "zip": 5, "tags": ["a"], "point": {"x": 1, "y": 2}},
    "counts": {"a": 1},
}
PATCHES: dict[str, tuple[Any, Any]] = {
    "one name": ({"address": {"street": "High"}}, {"street": "High"}),
    "several": ({"address": {"zip": 7, "tags": []}}, {"zip": 7, "tags": []}),
    "none": ({"address": {}}, {}),
    "nested": ({"address": {"point": {"y": 9}}}, {"point": {"x": 1, "y": 9}}),
    "default after removal": ({"address": {"point": {"y": None}}}, {"point": {"x": 1, "y": 7}}),
    "removal": ({"address": {"zip": None, "tags": None}}, {"zip": None, "tags": []}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PATCHES)
async def test_patch(client: httpx2.AsyncClient, name: str, way: str) -> None:
    """A name missing in a patch is kept as stored; null removes it."""
    patch, change = PATCHES[name]
    await client.post("/persons/", json=FIRST)
    assert (await send_patch(client, way, 1, patch)).is_success
    stored = (await client.get("/persons/1")).json()
    assert stored["address"] == FIRST["address"] | change
    assert stored["counts"] == {"a": 1}


@pytest.mark.parametrize("way", WAYS)
async def test_removal_in_a_dict(client: httpx2.AsyncClient, way: str) -> None:
    """Null removes a name from a dict, whatever its values are."""
    await client.post("/persons/", json=FIRST)
    await send_patch(client, way, 1, {"counts": {"a": None, "b": 2}})
    assert (await client.get("/persons/1")).json()["counts"] == {"b": 2}


WRONG: dict[str, tuple[Any, tuple[str, str]]] = {
    "the patch": ({"address": {"zip": "x"}}, ("/address/zip", "int_parsing")),
    "what is missing then": ({"address": {"point": {"x": None}}}, ("/address/point/x", "missing")),
    "the whole": ({"address": {"street": None}}, ("/address", "value_error")),
    "unknown": ({"address": {"town": "x"}}, ("/address/town", "unknown_field")),
    "a dict": ({"counts": {"b": "x"}}, ("/counts/b", "int_parsing")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WRONG)
async def test_refused_patch(client: httpx2.AsyncClient, name: str, way: str) -> None:
    """A patch is refused for what is wrong with the whole that comes of it, with the place."""
    patch, (pointer, code) = WRONG[name]
    before = (await client.post("/persons/", json=FIRST)).json()
    answer = await send_patch(client, way, 1, {"age": 5, **patch})
    place = f"/0{pointer}" if way in ("bulk", "each") else pointer
    problem = answer.json()["items"][0]["problem"] if way == "each" else None
    assert faults_of(problem or read_problem(answer, 422, "invalid")) == [(place, code)]
    assert (await client.get("/persons/1")).json() == before


async def test_upsert_and_put(client: httpx2.AsyncClient) -> None:
    """Elsewhere an object is a whole value."""
    await client.post("/persons/", json=FIRST)
    answer = await client.put("/persons/1", json={"address": {"street": "High"}})
    assert answer.json()["address"] == {"street": "High", "zip": None, "tags": [], "point": None}


NAMES = ("street", "zip", "tags", "point", "x", "y", "a")
SCALARS = st.sampled_from([None, 0, 5, -1, "s", "none", True, [], ["a"], [None]])
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), DOCUMENTS, max_size=4)


def merge(target: Any, patch: Any) -> Any:
    """The pseudocode of RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


@pytest.mark.parametrize("lane", LANES)
@examples(300, quick=40)
@given(data=st.data())
async def test_random_patches(merges_world: World, lane: str, data: st.DataObject) -> None:
    """Patches one after another leave what the RFC and the annotation say, in every way."""
    client = merges_world.clients[lane]
    await empty_tables(merges_world.database)
    row = (await client.post("/persons/", json=FIRST)).json()
    for _ in range(6):
        column = data.draw(st.sampled_from([*ANNOTATIONS]))
        way, patch = data.draw(st.sampled_from(WAYS)), data.draw(OBJECTS)
        answer = await send_patch(client, way, row["id"], {column: patch})
        try:
            value = ANNOTATIONS[column].validate_python(merge(row[column], patch))
        except ValidationError:
            refused = way == "each" and answer.json()["items"][0]["status"] == 422
            assert refused or answer.status_code == 422, answer.text
        else:
            assert answer.is_success, answer.text
            row[column] = ANNOTATIONS[column].dump_python(value, mode="json")
        assert (await client.get(f"/persons/{row['id']}")).json() == row

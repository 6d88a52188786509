"""JSON columns whose annotations are abstract: what does not fit is 422, or refused at start."""

from collections import abc
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import IO, Any, Protocol, SupportsInt, runtime_checkable

import pytest
from pydantic import ConfigDict, model_validator
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import ConfigurationError, Resource
from modelwire.catalog.read import read_catalog
from tests.classes import make_class
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """The base of the tables that can be served."""


class Rest(SQLModel, registry=registry()):
    """The base of those that can't."""


class Whole(Base):
    """Rows that their model validates."""

    @model_validator(mode="after")
    def check(self) -> "Whole":
        return self


@runtime_checkable
class HasKeys(Protocol):
    def keys(self) -> Any: ...


class Plain:
    """A class that says of no value how it is written."""


def declare(name: str, annotation: Any, base: type[SQLModel]) -> type[SQLModel]:
    """A table with one JSON column of an annotation."""
    body = {
        "__module__": __name__,
        "__tablename__": name.lower(),
        "__annotations__": {"id": int | None, "x": annotation},
        "model_config": ConfigDict(arbitrary_types_allowed=True),
        "id": Field(default=None, primary_key=True),
        "x": Field(sa_column=Column(JSON)),
    }
    return make_class(name, base, body, table=True)


LISTS: tuple[Any, ...] = (Sequence[int], Iterable[int], abc.Generator[int, None, None])
LISTS += (abc.MutableSequence[int], AbstractSet[int])
OBJECTS: tuple[Any, ...] = (Mapping[str, int], abc.MutableMapping[str, int])
OBJECTS += (Mapping[str, Sequence[int]], dict[str, Iterable[int]])
OTHERS: tuple[Any, ...] = (Mapping, Sequence, Iterable, object, Any, Mapping[str, int] | None)
SERVED = {
    f"Json{kind.__name__}{number}": (annotation, declare(f"Json{kind.__name__}{number}", *pair))
    for kind in (Base, Whole)
    for number, annotation in enumerate((*LISTS, *OBJECTS, *OTHERS))
    for pair in [(annotation, kind)]
}
BODIES: tuple[Any, ...] = ({}, {"a": 1}, {"a": "b"}, {"a": [1]}, {"a": ["b"]}, {"a": {"b": 1}})
BODIES += ([], [1], ["x"], [[1]], [{"a": 1}], "s", "1", 5, 1.5, True, None)

world = make_world_fixture(
    "abstract", Base.metadata, on_lanes(tuple(Resource(m) for _, m in SERVED.values()))
)


@pytest.mark.parametrize("name", SERVED)
async def test_every_body(world: World, lane: str, name: str) -> None:
    """A body is stored and shown as it is, or 422; in one row, in many, and in a change."""
    client, path = world.clients[lane], f"/{name.lower()}"
    for sent in BODIES:
        one = await client.post(f"{path}/", json={"x": sent})
        many = await client.post(f"{path}/bulk/", json=[{"x": sent}, {"x": sent}])
        assert one.status_code in (201, 422), (sent, one.text)
        assert many.status_code == one.status_code, (sent, many.text)
        if one.status_code == 201:
            change = await client.patch(f"{path}/{one.json()['id']}", json={"x": sent})
            assert change.status_code == 200, (sent, change.text)
            assert name.startswith("JsonWhole") or one.json()["x"] == change.json()["x"] == sent
    assert (await client.get(f"{path}/")).status_code == 200


@pytest.mark.parametrize("number", range(len(LISTS)))
async def test_lists(world: World, lane: str, number: int) -> None:
    """An array of the right items is the only thing that fits, however its class is called."""
    path = f"/jsonbase{number}/"
    taken = [b for b in BODIES if (await world.clients[lane].post(path, json={"x": b})).is_success]
    assert taken == [[], [1]]


async def test_document(world: World, lane: str) -> None:
    """The document says of each what it takes."""
    schemas = (await world.clients[lane].get("/openapi.json")).json()["components"]["schemas"]
    for number in range(len(LISTS)):
        x = schemas[f"JsonBase{number}Create"]["properties"]["x"]
        assert (x["type"], x["items"]) == ("array", {"type": "integer"})


@pytest.mark.parametrize(
    ("number", "annotation"),
    list(
        enumerate(
            [
                *(
                    abc.Hashable,
                    abc.Collection[int],
                    abc.Sized,
                    abc.Callable[[], int],
                    abc.Awaitable[int],
                ),
                *(HasKeys, Plain, SupportsInt, IO, Mapping[str, Plain], list[Plain], Plain | None),
            ]
        )
    ),
)
def test_refused_at_start(number: int, annotation: Any) -> None:
    """A class of which JSON has no values is refused with the field and what to write."""
    model = declare(f"Refused{number}", annotation, Rest)
    with pytest.raises(ConfigurationError) as caught:
        read_catalog([Resource(model)])
    assert str(caught.value).startswith(
        f"Refused{number}.x is annotated with a class that JSON has no"
    )
    assert "dict[str, Any], list[str], or a Pydantic model" in str(caught.value)


class Shown(SQLModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)  # type: ignore[assignment]
    x: Plain


def test_schema_of_the_users_own() -> None:
    """A schema of the user's own is looked at as well."""
    model = declare("Served", dict[str, int], Rest)
    with pytest.raises(
        ConfigurationError, match=r"Shown\.x is annotated with a class that JSON has no"
    ):
        read_catalog([Resource(model, read_schema=Shown)])

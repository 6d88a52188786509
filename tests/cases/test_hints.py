"""A suggestion for an unknown name would itself be accepted."""

import re
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, Column, LargeBinary
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.examples import examples
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests."""


class Writer(Base, table=True):
    """A row that others belong to."""

    __tablename__ = "writers"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    notes: dict[str, Any] = Field(default={}, sa_column=Column(JSON))
    poems: list["Poem"] = Relationship(back_populates="writer")


class Poem(Base, table=True):
    """Fields of several kinds, some of which are named as parameters are."""

    __tablename__ = "poems"

    id: int | None = Field(default=None, primary_key=True)
    name: str | None = None
    named: dict[str, Any] = Field(default={}, sa_column=Column(JSON))
    limit: int | None = None
    sort: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    page: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    done: bool = False
    writer_id: int | None = Field(default=None, foreign_key="writers.id")
    writer: Writer | None = Relationship(back_populates="poems")


RESOURCES = (Resource(Poem, includes=["writer"]), Resource(Writer, includes=["poems"]))
world = make_world_fixture("hints", Base.metadata, on_lanes(RESOURCES))

OF_NAMES = {"unknown_parameter", "unknown_operator", "repeated_parameter"}
"""The codes of parameters that can't stand where they do."""

OF_VALUES = {"unknown_field", "unknown_include", "to_many", "leads_back", "too_deep"}
"""The codes of what a parameter can't name."""

_HINT = re.compile(r"\(did you mean (?:the filter )?`([^`]+)`\?\)")
_WRONG = re.compile(r"can't name `([^`]*)` \(|has no operator `([^`]*)` \(")

FIELDS = ("id", "name", "named", "notes", "limit", "sort", "page", "done", "writer_id", "writerid")
RELATIONS = ("writer", "poems", "writers", "")
ENDS = ("", "__eq", "__startswith", "__gt", "__isnull", "__in", "__icontain", "__what")
OTHERS = ("skip", "count", "cursor", "include", "fields", "q", "or", "format", "atomic")
PLACES = (
    ("GET", "/poems/"),
    ("GET", "/writers/"),
    ("GET", "/poems/stream/"),
    ("GET", "/writers/1/poems/"),
    ("GET", "/poems/1"),
    ("POST", "/poems/bulk/"),
    ("POST", "/poems/"),
    ("DELETE", "/poems/"),
)


@st.composite
def misspelt(draw: st.DrawFn, name: str) -> str:
    """A name with a letter left out, doubled or in another case, or as it is."""
    at = draw(st.integers(0, max(0, len(name) - 1)))
    letter = name[at : at + 1]
    other = draw(st.sampled_from(("", letter, letter * 2, letter.upper())))
    return name[:at] + other + name[at + 1 :]


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A path through up to two relations, with mistakes."""
    steps = draw(st.lists(st.sampled_from(RELATIONS[:2]), max_size=2))
    names = [*steps, draw(st.sampled_from((*FIELDS, *RELATIONS)))]
    wrong = draw(st.integers(0, len(names) - 1))
    names[wrong] = draw(misspelt(names[wrong]))
    return ".".join(names)


@st.composite
def includes(draw: st.DrawFn) -> str:
    """Relations, of which the last is misspelt."""
    steps = draw(st.sampled_from(([], ["writer"], ["poems"])))
    return ".".join([*steps, draw(misspelt(draw(st.sampled_from(RELATIONS[:2]))))])


@st.composite
def queries(draw: st.DrawFn) -> list[tuple[str, str]]:
    """One parameter whose name, or what it names, may not exist; perhaps beside another."""
    path, end = draw(paths()), draw(st.sampled_from(ENDS))
    first = draw(
        st.sampled_from(
            [
                (f"{path}{end}", "1"),
                ("sort", draw(st.sampled_from((path, f"-{path}", f"id,{path}")))),
                ("or", f"({path}{end or '__eq'}:1)"),
                ("fields", f"id,{path}"),
                ("include", draw(includes())),
                (draw(misspelt(draw(st.sampled_from(OTHERS)))), "1"),
            ]
        )
    )
    beside = [("skip", "1"), ("count", "none"), ("limit", "1"), ("name", "x"), None, None]
    other = draw(st.sampled_from(beside))
    return [first] if other is None else [first, other]


async def errors_of(
    client: httpx2.AsyncClient, method: str, url: str, query: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return the errors on the parameters of a request."""
    body: Any = [] if "bulk" in url else {}
    content = {"json": body} if method == "POST" else {}
    answer = await client.request(method, url, params=httpx2.QueryParams(tuple(query)), **content)
    assert answer.status_code < 500, answer.text
    found = answer.json().get("errors", []) if answer.status_code == 422 else []
    return [error for error in found if "parameter" in error]


def follow(query: list[tuple[str, str]], error: dict[str, Any], hint: str) -> Any:
    """The query as it is suggested."""
    wrong = _WRONG.search(error["message"])
    names = [n for n, _ in query]
    at = names.index(error["parameter"])
    name, value = query[at]
    if wrong is None:
        name = hint
    elif wrong[2] is not None and name != "or":
        name = f"{name.removesuffix(wrong[2])}{hint}"
    else:
        old = wrong[1] if wrong[1] is not None else wrong[2]
        head, found, tail = value.rpartition(old)
        assert found, (value, error)
        value = head + hint + tail
    return [*query[:at], (name, value), *query[at + 1 :]]


@examples(1200, quick=100)
@given(place=st.sampled_from(PLACES), query=queries())
async def test_what_is_suggested(
    world: World, place: tuple[str, str], query: list[tuple[str, str]]
) -> None:
    """A request that follows a suggestion is not told that there is no such name."""
    for client in world.clients_for(__file__).values():
        for error in await errors_of(client, *place, query):
            hint = _HINT.search(error["message"])
            if hint is None:
                continue
            followed = follow(query, error, hint[1])
            still = await errors_of(client, *place, followed)
            name = followed[[n for n, _ in query].index(error["parameter"])][0]
            codes = OF_NAMES if error["code"] in OF_NAMES else OF_NAMES | OF_VALUES
            refused = [e for e in still if e["parameter"] == name and e["code"] in codes]
            assert not refused, (place, query, error)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("/poems/?sort=writer.nme", "writer.name"),
        ("/poems/?sort=writr.name", "writer.name"),
        ("/poems/?or=(writer.nme__eq:x)", "writer.name"),
        ("/poems/?writer.nme=x", "writer.name"),
        ("/poems/?wrter.name__in=x", "writer.name__in"),
        ("/poems/?writr=x", "writer_id"),
        ("/poems/?writer.i__startswith=1", None),
        ("/poems/?fields=name,nam", "named"),
        ("/poems/1?nam=x", None),
        ("/writers/?include=poems.wrter", None),
        ("/poems/?cursor=x&skp=1", None),
        ("/poems/bulk/?limit=1", None),
        ("/poems/?cursr=x&skip=1", None),
        ("/poems/?format=1", "sort"),
    ],
)
async def test_suggested(world: World, lane: str, url: str, hint: str | None) -> None:
    """The closest name is suggested of those that could stand there."""
    method = "POST" if "bulk" in url else "GET"
    content: Any = {"json": []} if method == "POST" else {}
    answer = await world.clients[lane].request(method, url, **content)
    assert answer.status_code == 422, answer.text
    found = _HINT.search(answer.json()["detail"])
    assert (found and found[1]) == hint

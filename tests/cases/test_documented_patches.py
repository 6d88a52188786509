"""The OpenAPI document describes the patches that documents accept."""

from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.documents import read_document, resolve
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Extent(BaseModel):
    width: int
    height: int
    unit: str = "cm"


class Plan(BaseModel):
    extent: Extent
    parts: list[Extent] = []
    colour: str | None = None


class Desk(Base, table=True):
    __tablename__ = "patched_desks"

    id: str = Field(primary_key=True)
    name: str = "desk"
    plan: Plan = Field(sa_column=Column(JSON, nullable=False))
    spare: Plan | None = Field(default=None, sa_column=Column(JSON))


patched_world = make_world_fixture("patched", Base.metadata, on_lanes((Resource(Desk),)))

WHOLE = {
    "extent": {"width": 1, "height": 2, "unit": "cm"},
    "parts": [{"width": 3, "height": 4, "unit": "cm"}],
    "colour": "red",
}

PATCHES: list[tuple[Any, bool]] = [
    ({"extent": {"width": 5}}, True),
    ({"extent": {"unit": None}}, True),
    ({"extent": {}}, True),
    ({"colour": None}, True),
    ({"parts": None}, True),
    ({"parts": [{"width": 1, "height": 1}]}, True),
    ({"parts": [{"width": 1}]}, False),
    ({"extent": {"width": None}}, False),
    ({"extent": None}, False),
    ({"extent": {"width": "much"}}, False),
]
"""Patches of the plan, with whether they are accepted."""


def fits(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is one of a schema, by the words that these have."""
    schema = resolve(document, schema)
    if "anyOf" in schema:
        return any(fits(document, each, value) for each in schema["anyOf"])
    if schema["type"] == "object":
        members = schema["properties"]
        has_all = isinstance(value, dict) and set(schema.get("required", ())) <= value.keys()
        return has_all and all(
            name in members and fits(document, members[name], given)
            for name, given in value.items()
        )
    if schema["type"] == "array":
        is_list = isinstance(value, list)
        return is_list and all(fits(document, schema["items"], item) for item in value)
    kinds = {"integer": int, "string": str, "null": type(None)}
    return isinstance(value, kinds[schema["type"]])


async def read_schema(client: httpx2.AsyncClient, path: str, method: str) -> tuple[Any, Any]:
    document = await read_document(client)
    body = document["paths"][path][method]["requestBody"]["content"]["application/json"]
    return document, body["schema"]


@pytest.mark.parametrize("way", ["one", "bulk", "mass"])
@pytest.mark.parametrize(("patch", "is_taken"), PATCHES, ids=str)
async def test_patches(
    patched_world: World, lane: str, way: str, patch: Any, is_taken: bool
) -> None:
    """It takes what is taken, and nothing else."""
    await empty_tables(patched_world.database)
    client = patched_world.clients[lane]
    made = await client.post("/patched_desks/", json={"id": "a", "plan": WHOLE})
    assert made.status_code == 201, made.text
    body: Any = {"plan": patch}
    if way == "one":
        answer = await client.patch("/patched_desks/a", json=body)
        document, schema = await read_schema(client, "/patched_desks/{id}", "patch")
    elif way == "bulk":
        body = [{"id": "a", **body}]
        answer = await client.patch("/patched_desks/bulk/", json=body)
        document, schema = await read_schema(client, "/patched_desks/bulk/", "patch")
    else:
        headers = {"Prefer": "max-affected=1"}
        answer = await client.patch("/patched_desks/?id=a", json=body, headers=headers)
        document, schema = await read_schema(client, "/patched_desks/", "patch")
    assert answer.status_code == (200 if is_taken else 422), answer.text
    assert fits(document, schema, body) == is_taken


async def test_puts(patched_world: World, lane: str) -> None:
    """A PUT replaces a document as a whole, and its schema says so."""
    await empty_tables(patched_world.database)
    client = patched_world.clients[lane]
    await client.post("/patched_desks/", json={"id": "a", "plan": WHOLE})
    document, schema = await read_schema(client, "/patched_desks/{id}", "put")
    for plan, status in ((WHOLE, 200), ({"extent": {"width": 5}}, 422), (None, 200)):
        answer = await client.put("/patched_desks/a", json={"plan": plan})
        assert answer.status_code == status, answer.text
        assert fits(document, schema, {"plan": plan}) == (status == 200)

"""Columns whose type is an enum that is no class: of texts, which their fields are annotated as."""

from typing import Any

import pytest
from sqlalchemy import Column, Enum
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import MakeClient
from tests.http.problems import faults_of, read_problem


class Shirt(SQLModel, table=True):
    __tablename__ = "enum_shirts"

    id: int | None = Field(default=None, primary_key=True)
    size: str = Field(default="m", sa_column=Column(Enum("s", "m", "x l", name="shirt_sizes")))


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "", {"size": "xxl"}, "/size"),
        ("POST", "bulk/", [{"size": "x l"}, {"size": "S"}], "/1/size"),
        ("PATCH", "1", {"size": ""}, "/size"),
        ("PATCH", "?size=m", {"size": "xxl"}, "/size"),
    ],
)
async def test_other_texts(
    make_client: MakeClient, method: str, path: str, body: Any, pointer: str
) -> None:
    """A text that is none of the enum's is 422 on both databases, and names the field."""
    client = await make_client(Resource(Shirt))
    assert (await client.post("/enum_shirts/", json={})).status_code == 201
    answer = await client.request(
        method, f"/enum_shirts/{path}", json=body, headers={"Prefer": "max-affected=9"}
    )
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [(pointer, "literal_error")]
    assert problem["errors"][0]["message"] == "should be 's', 'm' or 'x l'"
    assert [row["size"] for row in (await client.get("/enum_shirts/")).json()["items"]] == ["m"]


async def test_own_texts(make_client: MakeClient) -> None:
    """Those of the enum are stored, and found."""
    client = await make_client(Resource(Shirt))
    answer = await client.post("/enum_shirts/bulk/", json=[{"size": "x l"}, {}, {"size": "s"}])
    assert [row["size"] for row in answer.json()] == ["x l", "m", "s"]
    answer = await client.get("/enum_shirts/?size=x%20l")
    assert [row["id"] for row in answer.json()["items"]] == [1]

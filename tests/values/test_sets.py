"""Sets in rows: they are the same bytes, whichever process has made them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from modelwire.catalog.set_order import find_ordering
from modelwire.compat.pydantic import GOES_BY_SCHEMA
from tests.conftest import MakeURL
from tests.lanes import DIALECTS

PROGRAM = """
import asyncio
from enum import Enum

import httpx2
from fastapi import FastAPI
from pydantic import BaseModel, computed_field
from sqlalchemy import ARRAY, JSON, Column, String
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount


class Level(Enum):
    LOW = "low"
    HIGH = "high"


class Own(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    tags: set[str] = Field(sa_column=Column(JSON().with_variant(ARRAY(String), "postgresql")))

    @computed_field
    @property
    def loud(self) -> set[str]:
        return {tag.upper() for tag in self.tags}


class Shown(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    type: str = "shown"
    tags: list[str] = Field(sa_column=Column(JSON))


class Part(BaseModel):
    tags: frozenset[str]


class Kept(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    tags: dict[str, set[str]] = Field(sa_column=Column(JSON))
    part: Part = Field(sa_column=Column(JSON))


class ShownPublic(BaseModel):
    id: int
    type: str
    tags: frozenset[str]

    @computed_field
    @property
    def mixed(self) -> set[str | int]:
        return {*self.tags, 1, 2}

    @computed_field
    @property
    def parts(self) -> dict[str, list[Part]]:
        return {"a": [Part(tags=self.tags)]}

    @computed_field
    @property
    def levels(self) -> set[Level] | None:
        return {Level.LOW, Level.HIGH}


async def main() -> None:
    database = Database(URL)
    app = FastAPI()
    mount(app, database, Resource(Own), Resource(Kept), Resource(Shown, read_schema=ShownPublic))
    await database.init_db()
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://test"
    ) as client:
        tags = [f"tag{n}" for n in range(8)]
        kept = {"tags": {"a": tags}, "part": {"tags": tags}}
        for path, row in (("own", {"tags": tags}), ("shown", {"tags": tags}), ("kept", kept)):
            made = await client.post(f"/{path}/", json=row)
            assert made.status_code == 201, made.text
            read = await client.get(made.headers["location"])
            print(read.json() | {"id": 0})
    await database.close_db()


asyncio.run(main())
"""


@pytest.mark.skipif(not GOES_BY_SCHEMA, reason="Pydantic before 2.13 takes what classes have made")
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_order(make_url: MakeURL, tmp_path: Path, dialect: str) -> None:
    """Hashes of texts differ from process to process, and answers don't."""
    url = await make_url(dialect, "ordered_sets", "")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("URL", repr(url), 1))
    told = {
        subprocess.run(
            [sys.executable, str(program)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1, told
    assert "'tags': ['tag0', 'tag1', 'tag2'" in told.pop()


def test_names_of_fields() -> None:
    """A field may be called as a part of a schema is."""

    class Named(BaseModel):
        type: str
        default: set[str]
        metadata: dict[str, set[str]]

    row = Named(type="set", default={*"bca"}, metadata={"type": {*"bca"}})
    ordering = find_ordering(Named)
    assert ordering is not None
    given = ordering.to_python(row, mode="json")
    if GOES_BY_SCHEMA:
        assert given == {"type": "set", "default": [*"abc"], "metadata": {"type": [*"abc"]}}
    assert given["type"] == "set"


def test_others() -> None:
    """Tables without sets run nothing for them."""

    class Plain(BaseModel):
        tags: list[str]

    assert find_ordering(Plain) is None

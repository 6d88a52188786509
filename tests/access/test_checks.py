"""Checks that only some requests need, each shown to be missed where it is left out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import pytest
from fastapi import Header
from httpx2 import AsyncClient
from pydantic import BaseModel
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Caller, Database, Policy, Resource, everyone, nobody
from tests.conftest import make_app, open_client

from .two_worlds.planted import find_plants


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Shelf(Base, table=True):
    """Seen by its owner alone."""

    __tablename__ = "checks_shelves"

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int


class Volume(Base, table=True):
    """Seen by all, changed by its owner."""

    __tablename__ = "checks_volumes"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    owner_id: int
    shelf_id: int | None = Field(default=None, foreign_key="checks_shelves.id")


class Page(Base, table=True):
    """Changed by all, created by nobody."""

    __tablename__ = "checks_pages"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    text: str = ""


class Slip(Base, table=True):
    """Created and changed by all."""

    __tablename__ = "checks_slips"

    id: int | None = Field(default=None, primary_key=True)
    shelf_id: int | None = Field(default=None, foreign_key="checks_shelves.id")


class Reader(BaseModel):
    id: int


async def read_reader(x_reader: Annotated[int, Header()]) -> Reader:
    return Reader(id=x_reader)


me = Caller(read_reader)
RESOURCES = (
    Resource(Shelf, policy=Policy(read=Shelf.owner_id == me.id)),
    Resource(
        Volume, policy=Policy(read=everyone, create=everyone, update=Volume.owner_id == me.id)
    ),
    Resource(Page, policy=Policy(read=everyone, create=nobody, update=everyone)),
    Resource(Slip, policy=Policy(read=everyone)),
)

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def ask(database: Database, lane: str) -> AsyncIterator[Ask]:
    """Ask a service that knows no statement yet; both readers have two shelves and two volumes."""
    async with open_client(make_app(database, lane, RESOURCES, {"caller": me})) as client:
        yield await fill(client)


async def fill(client: AsyncClient) -> Ask:
    """Store the rows; gives how to ask as one of the readers."""

    async def ask(method: str, path: str, body: Any = None, who: int = 1) -> Any:
        return await client.request(method, path, json=body, headers={"x-reader": f"{who}"})

    for number, owner in enumerate((1, 2, 1, 2)):
        for path, body in (("shelves", {}), ("volumes", {"code": f"v{number}"})):
            answer = await ask("POST", f"/checks_{path}/", {**body, "owner_id": owner}, owner)
            assert answer.status_code == 201, answer.text
    return ask


async def parent_of_many(ask: Ask) -> None:
    """A parent that is not seen is missing where many rows are changed at once."""
    body = [{"id": 1, "shelf_id": 2}, {"id": 3, "shelf_id": 1}]
    answer = await ask("PATCH", "/checks_volumes/bulk/", body)
    assert (answer.status_code, "parent_not_found" in answer.text) == (400, True), answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/0/shelf_id"]
    assert (await ask("GET", "/checks_volumes/1")).json()["shelf_id"] is None


async def parent_of_one(ask: Ask) -> None:
    """A parent that is not seen is missing where one statement changes a row."""
    assert (await ask("POST", "/checks_slips/", {})).status_code == 201
    answer = await ask("PATCH", "/checks_slips/1", {"shelf_id": 2})
    assert (answer.status_code, "parent_not_found" in answer.text) == (400, True), answer.text


async def merge(ask: Ask) -> None:
    """A row that the caller may not change is not merged into."""
    body = [{"code": "new", "owner_id": 1}, {"code": "v1", "owner_id": 1}]
    for rows, pointer in ((body, "/1"), (body[1:], "/0")):
        answer = await ask("POST", "/checks_volumes/bulk/?on_conflict=code", rows)
        assert answer.status_code == 403, answer.text
        assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await ask("GET", "/checks_volumes/2")).json()["owner_id"] == 2
    assert (await ask("GET", "/checks_volumes/?code=new")).json()["total"] == 0


async def merge_only(ask: Ask) -> None:
    """A row that is not there is not created where nobody may."""
    answer = await ask("POST", "/checks_pages/bulk/?on_conflict=code", [{"code": "new"}])
    assert answer.status_code == 403, answer.text
    assert (await ask("GET", "/checks_pages/")).json()["total"] == 0


async def rows_before(ask: Ask) -> None:
    """A page has no link to one before it where nothing is seen there."""
    first = await ask("GET", "/checks_shelves/?cursor=&limit=1", who=2)
    assert [row["id"] for row in first.json()["items"]] == [2]
    path = first.links["next"]["url"]
    assert "prev" in (await ask("GET", path, who=2)).links
    assert (await ask("DELETE", "/checks_shelves/2", who=2)).status_code == 204
    second = await ask("GET", path, who=2)
    assert [row["id"] for row in second.json()["items"]] == [4]
    assert "prev" not in second.links


CHECKS = {
    "execute/write/update.py:update_rows:check_parents:0": parent_of_many,
    "execute/write/update.py:update_rows:check_parents:1": parent_of_one,
    "plan/writing/upsert.py:UpsertPlan.is_restricted:restricts:0": merge,
    "statement/select.py:_has_rows_before:rows_of:0": rows_before,
}
"""Requests that lead to each check."""


@pytest.mark.parametrize("name", CHECKS)
async def test_checked(ask: Ask, name: str) -> None:
    await CHECKS[name](ask)


@pytest.mark.parametrize("name", CHECKS)
async def test_planted(ask: Ask, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check, what asks for it fails."""
    plants = {str(plant): plant for plant in find_plants()}
    plants[name].install(monkeypatch)
    with pytest.raises(AssertionError):
        await CHECKS[name](ask)

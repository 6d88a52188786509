"""The history of a soft-deleted row is shown as that of a deleted one."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Header
from httpx2 import AsyncClient, Response
from sqlalchemy import MetaData, text
from sqlmodel import Field, SQLModel, col

from modelwire import Caller, Changes, Database, Policy, Resource
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS

pytestmark = pytest.mark.both_lanes

PATH = "/told_letters/"


class Told(SQLModel):
    metadata = MetaData()


class Letter(Told, table=True):
    __tablename__ = "told_letters"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    team: int = 1
    version: int = 1
    deleted_at: dt.datetime | None = None


@dataclass
class Reader:
    team: int
    is_admin: bool = False


def read_reader(x_team: Annotated[int, Header()], x_admin: Annotated[bool, Header()]) -> Reader:
    return Reader(x_team, x_admin)


me = Caller(read_reader, key="team")
READ = col(Letter.team) == me.team


def letters(policy: Policy | None = None) -> Resource:
    return Resource(
        Letter, changes=Changes(), soft_delete="deleted_at", version="version", policy=policy
    )


def who(team: int, *, admin: bool = False) -> dict[str, str]:
    return {"x-team": f"{team}", "x-admin": f"{admin}"}


MEMBER, ADMIN, OTHER = who(1), who(1, admin=True), who(2)

APPS: Mapping[str, tuple[Resource, dict[str, Any]]] = {
    "open": (letters(), {}),
    "guarded": (letters(Policy(read=READ, restore=me.is_admin)), {"caller": me}),
    "closed": (letters(Policy(read=READ)), {"caller": me}),
}


@dataclass(frozen=True)
class World:
    """The same rows in applications that differ in who may bring them back."""

    database: Database
    clients: Mapping[str, AsyncClient]

    async def run(self, sql: str) -> None:
        """Run a statement that asks no policy."""
        async with self.database.engine.begin() as connection:
            await connection.execute(text(sql))


@pytest.fixture(params=DIALECTS)
async def world(
    request: pytest.FixtureRequest, make_url: MakeURL, lane: str
) -> AsyncIterator[World]:
    """A row of the team 1 that was created, changed and deleted."""
    database = Database(
        await make_url(request.param, "told_letters"), metadata=Told.metadata, **PATIENT
    )
    await database.init_db()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close_db)
        clients = {
            name: await stack.enter_async_context(
                open_client(make_app(database, lane, (resource,), options))
            )
            for name, (resource, options) in APPS.items()
        }
        client = clients["open"]
        assert (await client.post(PATH, json={"title": "a"})).status_code == 201
        assert (await client.patch(f"{PATH}1", json={"title": "b"})).status_code == 200
        assert (await client.delete(f"{PATH}1")).status_code == 204
        yield World(database, clients)


async def told(client: AsyncClient, query: str = "", **headers: str) -> list[Any]:
    answer = await client.get(f"{PATH}1/history/{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def operations(items: list[Any]) -> list[str]:
    return [item["operation"] for item in items]


async def revert(client: AsyncClient, item: Any, **headers: str) -> Response:
    return await client.post(f"{PATH}1/history/{item['number']}/revert", headers=headers)


async def test_told(world: World) -> None:
    """Its history ends with the delete, and it can be seen as it was."""
    client = world.clients["open"]
    items = await told(client)
    assert operations(items) == ["delete", "update", "create"]
    assert items[0]["changed"]["title"] == {"old": "b", "new": None}
    then = await client.get(f"{PATH}1", params={"as_of": items[1]["at"]})
    assert then.json()["title"] == "b"
    assert (await client.get(f"{PATH}1", params={"as_of": items[0]["at"]})).status_code == 404
    page = (await client.get(f"{PATH}1/history/?limit=2")).json()
    rest = (await client.get(f"{PATH}1/history/?limit=2&cursor={page['next']}")).json()
    assert operations([*page["items"], *rest["items"]]) == operations(items)


async def test_taken_back(world: World) -> None:
    """Taking the delete back brings the row back, if it is deleted by that still."""
    client = world.clients["open"]
    deleted, *_ = await told(client)
    back = await revert(client, deleted)
    assert (back.status_code, back.json()["title"], back.json()["version"]) == (200, "b", 4)
    assert (await client.get(f"{PATH}1")).json() == back.json()
    assert operations(await told(client)) == ["create", "delete", "update", "create"]
    again = await revert(client, deleted)
    assert (again.status_code, again.json()["code"]) == (409, "not_deleted")
    assert (await client.delete(f"{PATH}1")).status_code == 204
    once_more = await revert(client, deleted)
    assert (once_more.status_code, once_more.json()["code"]) == (409, "changed_since")
    assert (await client.get(f"{PATH}1")).status_code == 404


async def test_whose_it_was(world: World) -> None:
    """Callers who could see a row when it was deleted see it in the history, and no others."""
    client = world.clients["guarded"]
    items = await told(client, **MEMBER)
    assert operations(items) == ["delete", "update", "create"]
    absent = await client.get(f"{PATH}99/history/", headers=OTHER)
    for query in ("", "?deleted=only", "?deleted=include"):
        answer = await client.get(f"{PATH}1/history/{query}", headers=OTHER)
        assert (answer.status_code, answer.content) == (404, absent.content)
    assert (await revert(client, items[0], **OTHER)).status_code == 404
    assert (await revert(client, items[0], **MEMBER)).status_code == 404
    assert (await revert(client, items[0], **ADMIN)).status_code == 200


async def test_deleted_rows_too(world: World) -> None:
    """A caller who may see deleted rows can request the history of one as of any row."""
    client = world.clients["guarded"]
    assert operations(await told(client, **ADMIN)) == ["delete", "update", "create"]
    items = await told(client, "?deleted=include", **ADMIN)
    assert operations(items) == ["update", "update", "create"]
    assert items[0]["changed"]["deleted_at"]["old"] is None
    assert operations(await told(client, "?deleted=only", **ADMIN)) == ["create"]
    assert operations(await told(client, "?deleted=include", **MEMBER))[0] == "delete"
    only = await client.get(f"{PATH}1/history/?deleted=only", headers=MEMBER)
    assert only.status_code == 404


async def test_nobody_brings_back(world: World) -> None:
    """Without permission to restore, the history restores no row either."""
    client = world.clients["closed"]
    items = await told(client, **ADMIN)
    assert operations(items) == ["delete", "update", "create"]
    assert (await revert(client, items[0], **ADMIN)).status_code == 404
    asked = await client.get(f"{PATH}1/history/?deleted=include", headers=ADMIN)
    assert asked.status_code == 422


@pytest.mark.parametrize(
    "later",
    [
        "UPDATE told_letters SET title = 'c'",
        "UPDATE told_letters SET team = 2",
        "DELETE FROM told_letters",
    ],
)
async def test_what_comes_after(world: World, later: str) -> None:
    """Whatever becomes of a deleted row, its history is that of the row as it was deleted."""
    await world.run(later)
    client = world.clients["guarded"]
    assert operations(await told(client, **MEMBER)) == ["delete", "update", "create"]
    assert (await client.get(f"{PATH}1/history/", headers=OTHER)).status_code == 404


async def test_a_row_that_is_another_s(world: World) -> None:
    """A row that is there is told of to who may see it as it is."""
    client = world.clients["guarded"]
    (deleted, *_) = await told(client, **MEMBER)
    assert (await revert(client, deleted, **ADMIN)).status_code == 200
    await world.run("UPDATE told_letters SET team = 2")
    assert (await client.get(f"{PATH}1/history/", headers=MEMBER)).status_code == 404
    assert operations(await told(client, **OTHER)) == ["create"]

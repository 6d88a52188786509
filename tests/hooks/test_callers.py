"""Hooks of tables with policies: they know the caller, and run for permitted changes alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Header
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, Change, Database, Hooks, Policy, Resource, everyone
from tests.conftest import empty_tables
from tests.worlds import Makers, World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class NoteTag(Base, table=True):
    __tablename__ = "owned_note_tags"

    note_id: int = Field(foreign_key="owned_notes.id", primary_key=True)
    tag_id: int = Field(foreign_key="owned_tags.id", primary_key=True)


class Tag(Base, table=True):
    __tablename__ = "owned_tags"

    id: int | None = Field(default=None, primary_key=True)


class Note(Base, table=True):
    __tablename__ = "owned_notes"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    text: str | None = None
    owner_id: int = 0
    changed_by: int | None = None
    tags: list[Tag] = Relationship(link_model=NoteTag)


@dataclass
class Member:
    id: int


def read_member(x_member: Annotated[int, Header()]) -> Member:
    return Member(x_member)


me: Any = Caller(read_member)
CALLS: list[tuple[str, int, list[int]]] = []
ALONG: dict[str, Any] = {}


def watch(change: Change) -> None:
    """Note who does what to whose rows, and give away a row that says so; set something along with
    links."""
    owners = []
    for row in change.rows:
        values = row.old if row.old is not None else row.new
        assert values is not None
        owners.append(values.owner_id)
        if row.new is not None and row.new.get("text") == "give away":
            row.new.owner_id = 9
        if row.new is not None and change.links:
            row.new.update(ALONG)
    CALLS.append((change.operation, change.caller.id, owners))


HOOKS = Hooks(before_create=[watch], before_update=[watch], before_delete=[watch])


def make_apps(database: Database) -> Makers:
    own = Policy(read=Note.owner_id == me.id)
    notes = Resource(
        Note,
        hooks=HOOKS,
        policy=own,
        assign_on_create={"owner_id": me.id},
        assign_on_update={"changed_by": me.id},
        includes=["tags"],
    )
    return on_lanes((notes, Resource(Tag, policy=Policy(everyone))), caller=me)(database)


owned_world = make_world_fixture("owned", Base.metadata, make_apps)


@pytest.fixture
async def client(owned_world: World, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of member 1, where member 2 has a note too."""
    await empty_tables(owned_world.database)
    client = owned_world.clients[lane]
    for member, code in ((1, "mine"), (2, "theirs")):
        headers = {"X-Member": str(member)}
        answer = await client.post("/owned_notes/", json={"code": code}, headers=headers)
        assert answer.status_code == 201, answer.text
    assert CALLS == [("create", 1, [1]), ("create", 2, [2])]
    CALLS.clear()
    client.headers["X-Member"] = "1"
    yield client
    del client.headers["X-Member"]
    CALLS.clear()
    ALONG.clear()


Way = tuple[str, str, Any, int]

OTHERS: list[Way] = [
    ("PATCH", "/owned_notes/2", {"text": "x"}, 404),
    ("DELETE", "/owned_notes/2", None, 404),
    ("PATCH", "/owned_notes/bulk/", [{"id": 1, "text": "x"}, {"id": 2, "text": "x"}], 404),
    ("DELETE", "/owned_notes/bulk/", [1, 2], 404),
    ("POST", "/owned_notes/bulk/?on_conflict=code", [{"code": "theirs", "text": "x"}], 400),
]
OWN: list[Way] = [
    ("PATCH", "/owned_notes/1", {"text": "x"}, 200),
    ("PATCH", "/owned_notes/?code__in=mine,theirs", {"text": "x"}, 200),
    ("POST", "/owned_notes/bulk/?on_conflict=code", [{"code": "mine", "text": "x"}], 200),
    ("DELETE", "/owned_notes/?code__in=mine,theirs", None, 200),
    ("DELETE", "/owned_notes/1", None, 204),
]
GIVEN_AWAY: list[Way] = [
    ("POST", "/owned_notes/", {"code": "n", "text": "give away"}, 403),
    ("POST", "/owned_notes/bulk/", [{"code": c, "text": "give away"} for c in "ab"], 403),
    ("POST", "/owned_notes/bulk/?on_conflict=code", [{"code": "n", "text": "give away"}], 403),
    ("PATCH", "/owned_notes/1", {"text": "give away"}, 403),
    ("PATCH", "/owned_notes/?code=mine", {"text": "give away"}, 403),
    ("POST", "/owned_notes/bulk/?on_conflict=code", [{"code": "mine", "text": "give away"}], 403),
]


async def ask(client: httpx2.AsyncClient, way: Way) -> None:
    method, path, body, status = way
    sent = {} if body is None else {"json": body}
    headers = {"Prefer": "max-affected=5"} if "?code" in path else {}
    answer = await client.request(method, path, headers=headers, **sent)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("way", OTHERS)
async def test_rows_of_others(client: httpx2.AsyncClient, way: Way) -> None:
    """Hooks don't run for rows that the caller may not see."""
    await ask(client, way)
    assert CALLS == []


@pytest.mark.parametrize("way", OWN)
async def test_own_rows(client: httpx2.AsyncClient, way: Way) -> None:
    """Hooks run for the caller's rows alone, and know the caller."""
    await ask(client, way)
    operation = "delete" if way[0] == "DELETE" else "update"
    assert [(operation, 1, [1])] == CALLS


@pytest.mark.parametrize("way", GIVEN_AWAY)
async def test_what_hooks_set_is_checked(client: httpx2.AsyncClient, way: Way) -> None:
    """A row must satisfy the policy as hooks have made it."""
    await ask(client, way)
    assert len(CALLS) == 1
    assert (await client.get("/owned_notes/")).json()["total"] == 1


LINKED: list[Way] = [
    ("PUT", "/owned_notes/1/tags/2", None, 204),
    ("DELETE", "/owned_notes/1/tags/1", None, 204),
    ("POST", "/owned_notes/1/tags/", {}, 201),
    ("PATCH", "/owned_notes/1", {"tags": [2]}, 200),
    ("PATCH", "/owned_notes/bulk/", [{"id": 1, "tags": [2]}], 200),
]


@pytest.fixture
async def tags(client: httpx2.AsyncClient) -> None:
    """Two tags, of which the caller's note has one."""
    await client.post("/owned_tags/bulk/", json=[{}, {}])
    await client.put("/owned_notes/1/tags/1")
    CALLS.clear()


@pytest.mark.usefixtures("tags")
@pytest.mark.parametrize("way", LINKED)
async def test_what_hooks_set_with_links_is_checked(client: httpx2.AsyncClient, way: Way) -> None:
    """A row whose links change must satisfy the policy, too, as hooks have made it."""
    ALONG["owner_id"] = 9
    await ask(client, (*way[:3], 403))
    assert CALLS == [("update", 1, [1])]
    row = (await client.get("/owned_notes/1?include=tags")).json()
    assert (row["owner_id"], row["tags"]) == (1, [{"id": 1}])


@pytest.mark.usefixtures("tags")
@pytest.mark.parametrize("way", LINKED)
async def test_who_has_changed_a_linked_row(client: httpx2.AsyncClient, way: Way) -> None:
    """The server's values are set in a row that hooks change along with its links."""
    ALONG["text"] = "linked"
    await ask(client, way)
    row = (await client.get("/owned_notes/1")).json()
    assert (row["text"], row["changed_by"]) == ("linked", 1)


@pytest.mark.usefixtures("tags")
@pytest.mark.parametrize("way", LINKED[3:])
async def test_who_has_replaced_links(client: httpx2.AsyncClient, way: Way) -> None:
    """The server's values are set in a row whose links alone are in the body."""
    await ask(client, way)
    assert (await client.get("/owned_notes/1")).json()["changed_by"] == 1

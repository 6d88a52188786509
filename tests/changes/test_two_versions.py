"""Two versions of an application on one database: the new one has two columns more.

The migration has been applied, and processes of both versions serve. Those of the old version have
connections that are older than the columns.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource
from modelwire.execute.log import postgresql
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS

PATH = "/version_parts/"
MIGRATION = (
    "ALTER TABLE version_parts ADD COLUMN price INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE version_parts ADD COLUMN colour VARCHAR",
)


class Older(SQLModel, registry=registry()): ...


class Newer(SQLModel, registry=registry()): ...


class PartBefore(Older, table=True):
    __tablename__ = "version_parts"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    note: str = ""


class PartAfter(Newer, table=True):
    __tablename__ = "version_parts"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    note: str = ""
    price: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    colour: str | None = None


@dataclass(frozen=True)
class Versions:
    """Both versions on one database. The row 1 is older than the migration, and 2 was deleted then.

    Args:
        before: The database as the old version has it.
        database: The same as the new version has it.
        old: A client of the old version.
        new: A client of the new version.
    """

    before: Database
    database: Database
    old: httpx2.AsyncClient
    new: httpx2.AsyncClient


@pytest_asyncio.fixture(params=DIALECTS)
async def versions(
    request: pytest.FixtureRequest, make_url: MakeURL, lane: str
) -> AsyncIterator[Versions]:
    url = await make_url(request.param, "versions")
    async with AsyncExitStack() as stack:
        before = Database(url, metadata=Older.metadata, **PATIENT)
        stack.push_async_callback(before.close_db)
        await before.init_db()
        of_before = make_app(before, lane, (Resource(PartBefore, changes=Changes()),), {})
        old = await stack.enter_async_context(open_client(of_before))
        for name in ("first", "gone"):
            assert (await old.post(PATH, json={"name": name})).status_code == 201
        assert (await old.delete(f"{PATH}2")).status_code == 204
        after = Database(url, metadata=Newer.metadata, **PATIENT)
        stack.push_async_callback(after.close_db)
        async with after.engine.begin() as connection:
            for step in MIGRATION:
                await connection.execute(text(step))
        await after.init_db()
        of_after = make_app(after, lane, (Resource(PartAfter, changes=Changes()),), {})
        new = await stack.enter_async_context(open_client(of_after))
        yield Versions(before, after, old, new)


async def get(client: httpx2.AsyncClient, path: str = f"{PATH}1") -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def send(
    client: httpx2.AsyncClient, method: str, path: str, body: Any, **headers: str
) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await client.request(method, path, json=body, headers=names)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


PAINTED = {"price": 7, "colour": "red"}


async def test_rows(versions: Versions) -> None:
    """Either version reads the other's writes; the old one leaves unknown columns alone."""
    old, new = versions.old, versions.new
    assert await get(new) == {"id": 1, "name": "first", "note": "", "price": 1, "colour": None}
    await send(new, "PATCH", f"{PATH}1", PAINTED)
    assert await get(old) == {"id": 1, "name": "first", "note": ""}
    await send(old, "PATCH", f"{PATH}1", {"note": "a"})
    assert await get(new) == {"id": 1, "name": "first", "note": "a", **PAINTED}
    await send(old, "PATCH", f"{PATH}bulk/", [{"id": 1, "note": "b"}])
    for name in ("first", "second"):
        await send(old, "POST", f"{PATH}bulk/?on_conflict=name", [{"name": name, "note": "c"}])
    await send(old, "PATCH", f"{PATH}?name=first", {"note": "d"}, prefer="max-affected=1")
    assert await get(new) == {"id": 1, "name": "first", "note": "d", **PAINTED}
    (second,) = (await get(new, f"{PATH}?name=second"))["items"]
    assert second["price"] == 1


async def test_cursors(versions: Versions) -> None:
    """A list is read on by the other version, in either direction."""
    for number in range(5):
        await send(versions.old, "POST", PATH, {"name": f"p{number}", "note": f"{number % 2}"})
    query, clients, names = f"{PATH}?sort=-note&limit=2", [versions.old, versions.new], list[str]()
    page = await get(versions.new, f"{query}&cursor=")
    while True:
        names += [row["name"] for row in page["items"]]
        clients.reverse()
        if page["next"] is None:
            break
        page = await get(clients[0], f"{query}&cursor={page['next']}")
        back = await get(clients[1], f"{query}&cursor={page['previous']}")
        assert [row["name"] for row in back["items"]] == names[-2:]
    assert sorted(names) == ["first", *(f"p{number}" for number in range(5))]


async def test_entity_tags(versions: Versions) -> None:
    """A tag counts for the version that has made it, and for the other one is another row's."""
    clients = {"old": versions.old, "new": versions.new}
    tags = {at: (await client.get(f"{PATH}1")).headers["etag"] for at, client in clients.items()}
    for made, tag in tags.items():
        for at, client in clients.items():
            answer = await client.get(f"{PATH}1", headers={"if-none-match": tag})
            assert answer.status_code == (304 if at == made else 200)
            if at != made:
                answer = await client.patch(
                    f"{PATH}1", json={"note": "lost"}, headers={"if-match": tag}
                )
                assert answer.status_code == 412
    await send(versions.old, "PATCH", f"{PATH}1", {"note": "a"}, if_match=tags["old"])
    answer = await versions.new.patch(f"{PATH}1", json=PAINTED, headers={"if-match": tags["new"]})
    assert answer.status_code == 412, "the old version has changed it"


async def test_idempotency_keys(versions: Versions) -> None:
    """A request that comes again is answered by the other version as it was, and not repeated."""
    for first, again in ((versions.old, versions.new), (versions.new, versions.old)):
        key = f"{first is versions.old}"
        body = {"name": f"of {key}"}
        made = await send(first, "POST", PATH, body, idempotency_key=key)
        assert await send(again, "POST", PATH, body, idempotency_key=key) == made
    assert (await get(versions.new, PATH))["total"] == 3


async def test_history(versions: Versions) -> None:
    """Whichever version writes, the log has whole rows: nothing is lost by taking one back."""
    old, new = versions.old, versions.new
    await send(new, "PATCH", f"{PATH}1", PAINTED)
    await send(old, "PATCH", f"{PATH}1", {"note": "a"})
    await send(old, "PATCH", f"{PATH}1", {"note": "b"})
    history = await get(new, f"{PATH}1/history/")
    changed = [entry["changed"] for entry in history["items"][:3]]
    assert [[*fields] for fields in changed] == [["note"], ["note"], ["price", "colour"]]
    latest = history["items"][0]
    then = await get(new, f"{PATH}1?as_of={latest['at'].replace('+', '%2B')}")
    assert then == {"id": 1, "name": "first", "note": "b", **PAINTED}
    await send(new, "POST", f"{PATH}1/history/{latest['number']}/revert", None)
    assert await get(new) == {"id": 1, "name": "first", "note": "a", **PAINTED}
    deleted = await old.delete(f"{PATH}1")
    assert deleted.status_code == 204
    gone = (await get(new, f"{PATH}1/history/"))["items"][0]
    await send(new, "POST", f"{PATH}1/history/{gone['number']}/revert", None)
    assert await get(new) == {"id": 1, "name": "first", "note": "a", **PAINTED}
    assert (await get(old, f"{PATH}1/history/"))["items"]


async def test_older_than_the_columns(versions: Versions) -> None:
    """Changes logged before the migration have its defaults, and can be reverted."""
    await send(versions.old, "PATCH", f"{PATH}1", {"note": "a"})
    history = (await get(versions.new, f"{PATH}1/history/"))["items"]
    then = history[-1]["at"].replace("+", "%2B")
    first = {"id": 1, "name": "first", "note": "", "price": 1, "colour": None}
    assert await get(versions.new, f"{PATH}1?as_of={then}") == first
    assert (await get(versions.new, f"{PATH}changes/"))["items"][0]["item"] == first
    gone = (await get(versions.new, f"{PATH}2/history/"))["items"][0]
    await send(versions.new, "POST", f"{PATH}2/history/{gone['number']}/revert", None)
    again = {"id": 2, "name": "gone", "note": "", "price": 1, "colour": None}
    assert await get(versions.new, f"{PATH}2") == again


async def test_live(versions: Versions) -> None:
    """A follower sees rows as its own version has them, whichever has written."""
    starts = {}
    for client in (versions.old, versions.new):
        starts[client] = (await get(client, f"{PATH}changes/"))["next"]
    await send(versions.new, "PATCH", f"{PATH}1", PAINTED)
    await send(versions.old, "PATCH", f"{PATH}1", {"note": "a"})
    shown = {"id": 1, "name": "first", "note": "a"}
    for client, row in ((versions.old, shown), (versions.new, {**shown, **PAINTED})):
        after, item = starts[client], None
        while item != row:
            page = await get(client, f"{PATH}changes/?after={after}&wait=20")
            after, item = page["next"], page["items"][-1]["item"]


async def test_what_notes_changes(versions: Versions) -> None:
    """The triggers of the new version stay in the database, whichever version checks.

    In the old one nobody may wait for changes.
    """
    if versions.database.dialect == "sqlite":
        pytest.skip("SQLite has none in the database: each connection has its own")
    tables = versions.before.tracking.log.tables
    tables["version_parts"] = tables["version_parts"]._replace(live=False)
    await send(versions.new, "PATCH", f"{PATH}1", PAINTED)
    found = await find_noting(versions.database)
    assert len(found) == 3
    assert "pg_notify" in found[0][-1]
    for client, database in ((versions.old, versions.before), (versions.new, versions.database)):
        database.tracking.log.forget()
        await send(client, "PATCH", f"{PATH}1", {"note": f"{client is versions.old}"})
        assert await find_noting(versions.database) == found


@pytest.mark.parametrize("versions", ["postgresql"], indirect=True)
async def test_releases(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The triggers of a newer release stay while an older one runs, and replace its own."""
    stays: list[bool] = []
    present = postgresql.BODY_VERSION
    for later in (0, 1, 0, 2, 1, 2):
        monkeypatch.setattr(postgresql, "BODY_VERSION", present + later)
        before = await find_noting(versions.database)
        versions.database.tracking.log.forget()
        await send(versions.new, "PATCH", f"{PATH}1", {"note": f"{len(stays)}"})
        stays.append(await find_noting(versions.database) == before)
    assert stays == [True, False, True, False, True, True]


async def find_noting(database: Database) -> list[Any]:
    """Read the function of the log, once for each of its triggers."""
    look = text(
        "SELECT f.oid, f.xmin, t.oid, f.prosrc FROM pg_proc AS f JOIN pg_trigger AS t "
        "ON t.tgfoid = f.oid WHERE t.tgrelid = 'version_parts'::regclass ORDER BY t.oid"
    )
    async with database.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(look)]


@pytest.mark.both_lanes
@pytest.mark.parametrize(
    "migration",
    [
        ("ALTER TABLE version_parts RENAME COLUMN colour TO shade",),
        (
            "ALTER TABLE version_parts DROP COLUMN colour",
            "ALTER TABLE version_parts ADD COLUMN shade VARCHAR",
        ),
    ],
    ids=["renamed", "replaced"],
)
async def test_another_name(versions: Versions, migration: Sequence[str]) -> None:
    """As many columns, of which one has another name: the old version writes on, and notes it."""
    await send(versions.old, "PATCH", f"{PATH}1", {"note": "a"})
    url = versions.database.url.render_as_string(hide_password=False)
    other = Database(url, **PATIENT)
    async with other.engine.begin() as connection:
        for step in migration:
            await connection.execute(text(step))
    await other.close_db()
    for note in ("b", "c"):
        await send(versions.old, "PATCH", f"{PATH}1", {"note": note})
    await send(versions.old, "POST", PATH, {"name": "more"})
    async with versions.before.engine.connect() as connection:
        noted = await connection.execute(
            text("SELECT new FROM modelwire_changes ORDER BY number DESC LIMIT 3")
        )
        for (new,) in noted:
            row = new if isinstance(new, dict) else json.loads(new)
            assert "shade" in row
            assert "colour" not in row


@pytest.mark.both_lanes
@pytest.mark.parametrize("versions", ["sqlite"], indirect=True)
async def test_faulty_trigger(versions: Versions) -> None:
    """A trigger of the user's own that names no column is at fault, however often it is tried."""
    async with versions.before.engine.begin() as connection:
        faulty = "AFTER UPDATE ON version_parts BEGIN SELECT NEW.lacking; END"
        await connection.execute(text(f"CREATE TRIGGER faulty {faulty}"))
    answers = [await versions.old.patch(f"{PATH}1", json={"note": note}) for note in ("a", "b")]
    assert [answer.json()["code"] for answer in answers] == ["database_error"] * 2
    async with versions.before.engine.begin() as connection:
        await connection.execute(text("DROP TRIGGER faulty"))
    await send(versions.old, "PATCH", f"{PATH}1", {"note": "c"})

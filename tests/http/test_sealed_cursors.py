"""Cursors are sealed: their readers can neither see, make nor change their content."""

import base64
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from fastapi import FastAPI
from pydantic import field_serializer
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from examples.league import Player, Team
from modelwire import Database, Resource, mount
from modelwire.plan.reading import cursor as written
from modelwire.plan.reading.cipher import CursorCipher
from tests.conftest import LEAGUE, MakeClient, open_client
from tests.http.rows import KINDS, read_items, refused_parameters, store
from tests.worlds import World, make_world_fixture, on_lanes
from tests.zoo import Thing


class Own(SQLModel, registry=registry()): ...


class Account(Own, table=True):
    """A number of which a client is shown the end alone."""

    __tablename__ = "sealed_accounts"

    id: int | None = Field(default=None, primary_key=True)
    number: str

    @field_serializer("number")
    def mask(self, number: str) -> str:
        return f"***{number[-2:]}"


masked_world = make_world_fixture(
    "masked", Own.metadata, on_lanes((Resource(Account, queryable=["number"]),))
)


def bytes_of(cursor: str) -> bytes:
    """Return the bytes that a cursor's reader has."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


async def read_next(client: httpx2.AsyncClient, url: str, **query: Any) -> str:
    """The cursor of the page after the first one."""
    answer = await client.get(url, params={"cursor": "", "limit": 1, **query})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["next"])


async def test_masked_value_does_not_show(masked_world: World, lane: str) -> None:
    """A masked value can't be found in the cursor of a sort by it."""
    numbers = ["DE89370400440532013044", "DE89370400440532013045"]
    await store(masked_world.database, *[Account(number=number) for number in numbers])
    client = masked_world.clients[lane]
    cursor = await read_next(client, "/sealed_accounts/", sort="number")
    text = bytes_of(cursor)
    assert not any(number[i : i + 4].encode() in text for number in numbers for i in range(18))


@pytest.mark.parametrize(
    ("column", "low", "high"), [kind[:3] for kind in KINDS], ids=[kind[0] for kind in KINDS]
)
async def test_nothing_shows_but_the_length(
    make_client: MakeClient, database: Database, column: str, low: Any, high: Any
) -> None:
    """Of values of any kind a cursor shows their length in blocks of 16 bytes, and no more."""
    client = await make_client(Resource(Thing))
    keys = [uuid.UUID(int=i) for i in (1, 2, 3)]
    values = [low, high, None]
    rows = [Thing(id=k, tags=[], **{column: v}) for k, v in zip(keys, values, strict=True)]
    await store(database, *rows)
    answer = await client.get("/things/", params={"cursor": "", "sort": column, "limit": 1})
    cursors = [answer.json()["next"]]
    answer = await client.get("/things/", params={"cursor": cursors[0], "sort": column, "limit": 1})
    cursors += [answer.json()["next"], answer.json()["previous"]]
    for cursor in cursors:
        text = bytes_of(cursor)
        assert len(text) % 16 == 0
        assert not any(str(key).encode() in text or key.bytes in text for key in keys)
    assert len(set(cursors)) == 3


async def test_equal_positions_have_equal_cursors(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The same page is the same bytes each time, cursors and links included."""
    await store(database, *[Team(id=i, name=f"t{i}") for i in range(1, 4)])
    query: dict[str, Any] = {"cursor": await read_next(client, "/teams/"), "limit": 1}
    pages = [await client.get("/teams/", params=query) for _ in range(2)]
    assert pages[0].content == pages[1].content
    assert pages[0].headers["link"] == pages[1].headers["link"]


async def test_cursors_are_short(client: httpx2.AsyncClient, database: Database) -> None:
    """A cursor of a key has 43 characters, whatever the key, and each value adds little."""
    await store(database, *[Team(id=i, name=f"t{i}") for i in (1, 2**31 - 2, 2**31 - 1)])
    assert len(await read_next(client, "/teams/")) == 43
    assert len(await read_next(client, "/teams/", sort="-id")) == 43
    assert len(await read_next(client, "/teams/", sort="city,name")) == 43


async def read_binding(client: httpx2.AsyncClient, database: Database) -> bytes:
    """Store three things, and see what the cursors of their list belong to."""
    await store(database, *[Thing(tags=[]) for _ in range(3)])
    assert (await read_items(client, "/things/"))[2]
    return written.bind_query(("things",), [])


def forge(database: Database, content: Any, binding: bytes) -> str:
    """Seal a content as the service would."""
    cipher = CursorCipher(database.secrets.known)
    sealed = cipher.encrypt(msgspec.msgpack.encode(content), binding)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        None,
        5,
        [0],
        [None, 0],
        [1, 0],
        ["x", 0],
        [[], 0],
        ["00000000-0000-0000-0000-000000000001", 1, 0],
    ],
)
async def test_cursor_of_another_schema(
    make_client: MakeClient, database: Database, content: object
) -> None:
    """A cursor whose values no longer fit their columns is 422 and never 500."""
    client = await make_client(Resource(Thing))
    binding = await read_binding(client, database)
    cursor = forge(database, content, binding)
    answer = await client.get("/things/", params={"cursor": cursor})
    assert refused_parameters(answer) == ["cursor"]


async def test_cursor_by_hand(make_client: MakeClient, database: Database) -> None:
    """A cursor that is sealed right is taken; one in plain text, as they were once, is 422."""
    client = await make_client(Resource(Thing))
    binding = await read_binding(client, database)
    first = (await read_items(client, "/things/"))[0]["id"]
    query = {"cursor": forge(database, [first, 0], binding)}
    assert len((await client.get("/things/", params=query)).json()["items"]) == 2
    for plain in (json.dumps([0, 0, first]), f"\x01{'0' * 12}{json.dumps([0, 0, first])}"):
        cursor = base64.urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()
        answer = await client.get("/things/", params={"cursor": cursor})
        assert refused_parameters(answer) == ["cursor"]
        assert answer.json()["errors"][0]["code"] == "invalid_cursor"


@pytest.fixture
async def nodes(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Open the same database as another process with a setting would."""
    opened: list[Database] = []

    def open_node(secret: str | None = None) -> FastAPI:
        if secret is None:
            monkeypatch.delenv("MODELWIRE_SECRET", raising=False)
        else:
            monkeypatch.setenv("MODELWIRE_SECRET", secret)
        opened.append(Database(database.settings.database_url.get_secret_value()))
        app = FastAPI()
        mount(app, opened[-1], *LEAGUE)
        return app

    yield open_node
    for node in opened:
        await node.close_db()


async def take(app: FastAPI, cursor: str) -> int:
    """The status of a page by a cursor of the list of teams."""
    async with open_client(app) as client:
        return (await client.get("/teams/", params={"cursor": cursor})).status_code


async def give(app: FastAPI) -> str:
    """The cursor that a node gives for the second page of the list of teams."""
    async with open_client(app) as client:
        return await read_next(client, "/teams/")


OLD, NEW = "an old secret of 32 characters--", "a new secret of 32 characters---"


async def test_nodes_agree(database: Database, nodes: Any) -> None:
    """Every process on a database takes the cursors of every other, and so does a restarted one."""
    await store(database, *[Team(name=f"t{i}") for i in range(3)])
    apps = [nodes(), nodes(), nodes(NEW), nodes(NEW)]
    cursors = [await give(app) for app in apps]
    assert cursors[0] == cursors[1]
    assert cursors[2] == cursors[3]
    assert [await take(nodes(), cursor) for cursor in cursors] == [200, 200, 422, 422]
    assert [await take(nodes(NEW), cursor) for cursor in cursors] == [422, 422, 200, 200]


async def test_secrets_are_replaced(database: Database, nodes: Any) -> None:
    """Of several secrets the first one seals and all open, so that cursors outlive a change."""
    await store(database, *[Team(name=f"t{i}") for i in range(3)])
    old, both, new = nodes(OLD), nodes(f"{NEW}, {OLD}"), nodes(NEW)
    before, during = await give(old), await give(both)
    assert during == await give(new)
    assert [await take(app, before) for app in (old, both, new)] == [200, 200, 422]
    assert [await take(app, during) for app in (old, both, new)] == [422, 200, 200]


POSITIONS: tuple[dict[str, Any], ...] = (
    {"name": "a" * 100, "position": None},
    {"name": "Ж" * 30, "position": "goal"},
    {"name": "\x01", "position": "\U0010ffff"},
)


@pytest.mark.parametrize("sort", ["name", "-position,name", "team.name,-position", "team.city"])
async def test_every_position_is_found_again(
    client: httpx2.AsyncClient, database: Database, sort: str
) -> None:
    """Whatever stands at a position, its cursor leads back to it."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue", city="Oslo"))
    rows = [Player(id=i, team_id=1 + i % 2, **POSITIONS[i % 3]) for i in range(1, 10)]
    await store(database, *rows)
    whole = [item["id"] for item in await read_items(client, f"/players/?sort={sort}&limit=20")]
    seen: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        query: dict[str, Any] = {"sort": sort, "limit": 1, "cursor": cursor}
        page = (await client.get("/players/", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == whole


def test_no_block_is_left_open() -> None:
    """A content of any length is padded to whole blocks, and found again without its padding."""
    cipher = CursorCipher((b"x" * 32,))
    for content in (
        [0],
        [0xC1, 0],
        ["\xc1" * 15, 3],
        [b"\xc1" * 40, 1],
        [datetime.now(UTC).isoformat(), str(date.max), str(timedelta.max), 2],
        *([["x" * length, 0] for length in range(40)]),
    ):
        plain = msgspec.msgpack.encode(content)
        sealed = cipher.encrypt(plain, b"query")
        assert len(sealed) % 16 == 0
        assert cipher.decrypt(sealed, b"query") == plain
        assert cipher.decrypt(sealed, b"another") is None

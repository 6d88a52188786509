"""Many who listen share one reader, and cost no connection of the pool."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import httpx2
import msgspec
import pytest
from fastapi import FastAPI
from sqlmodel import select

from modelwire import Changes, Database, Policy, Resource, everyone, mount
from tests.conftest import PATIENT, open_client
from tests.examples import THOROUGH

from .conftest import make_followed_app
from .listening import EVENTS, MINUTE_S, listen, served, take
from .tables import TASKS, Base, FollowedTask, Grant, me
from .test_pages import CHANGES, PATH, create

LISTENERS = 1000 if THOROUGH else 40

FLOOD_S = 60 if THOROUGH else 1
"""Seconds of ten thousand changes each."""


async def test_listeners_hold_no_connection(followed_url: str) -> None:
    """There is one in the pool; while all listen it is free, and each is told the same."""
    database = Database(followed_url, metadata=Base.metadata, pool_size=1, **PATIENT)
    await database.init_db()
    app = make_followed_app(database, TASKS)
    async with open_client(app) as writer, served(app) as client, AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(listen(client, CHANGES, after=0))
            for _ in range(LISTENERS)
        ]
        rows = [await create(writer, title=str(n)) for n in range(3)]
        found = await asyncio.gather(*(take(events, 3) for events in streams))
        expected = [{"key": row["id"], "item": row} for row in rows]
        assert all([e.data for e in events] == expected for events in found)
        async with asyncio.timeout(MINUTE_S):
            while database.pool_state.in_use:  # others are told of the last one
                await asyncio.sleep(0.01)
        (pipeline,) = [mounted.variants.widest for mounted in app.state.modelwire.mounted]
        assert len(pipeline.changes._batches._known) < 10  # read once for all
    await database.close_db()


async def test_members_who_ask_at_once(policed_app: FastAPI, writer: httpx2.AsyncClient) -> None:
    """Each member gets the changes that it may see, even when all ask at once."""
    for team in (1, 2, 3):
        await create(writer, title=str(team), team=team)
    async with open_client(policed_app) as client:

        async def ask(team: int) -> list[int]:
            headers = {"X-Team": str(team), "X-Sees-Cost": "false"}
            answer = await client.get(CHANGES, params={"after": 0}, headers=headers)
            return [change["item"]["team"] for change in answer.json()["items"]]

        teams = [n % 4 for n in range(24)]
        found = await asyncio.gather(*map(ask, teams))
        assert found == [[team] if team else [] for team in teams]


async def test_what_is_seen_no_longer(followed: Database, writer: httpx2.AsyncClient) -> None:
    """A repeated request for the same changes checks again what its caller may see.

    What a policy asks of other tables may have changed since, with no change in between.
    """
    shared = FollowedTask.team.in_(select(Grant.team))  # type: ignore[attr-defined]
    resource = Resource(FollowedTask, changes=Changes(), policy=Policy(shared, write=everyone))
    app = FastAPI()
    mount(app, followed, resource, Resource(Grant, policy=Policy(everyone)), caller=me)
    async with followed.session() as session:
        session.add(Grant(team=1))
        await session.commit()
    await create(writer, title="shared")
    headers = {"X-Team": "1", "X-Sees-Cost": "false"}
    async with open_client(app) as client:
        for left in (1, 0):
            answer = await client.get(CHANGES, params={"after": 0}, headers=headers)
            assert len(answer.json()["items"]) == left
            async with followed.engine.begin() as connection:
                await connection.exec_driver_sql("DELETE FROM followed_grants")


async def test_who_is_too_slow_is_cut_off(
    followed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes nothing is let go of, and goes on later where it was."""
    monkeypatch.setenv("MODELWIRE_SEND_TIMEOUT_S", "0.5")
    database = Database(followed_url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = make_followed_app(database, TASKS)
    listeners = app.state.modelwire.listeners
    async with open_client(app) as writer, served(app, send_buffer_bytes=4096) as client:
        reader, sender = await asyncio.open_connection(
            client.base_url.host, client.base_url.port, limit=1024
        )
        head = f"GET {CHANGES} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
        sender.write(head.encode())
        await reader.readuntil(b"retry: ")
        written = 0
        async with asyncio.timeout(MINUTE_S):
            while listeners.open:
                if written < 80:
                    await writer.post(f"{PATH}bulk/", json=[{"title": "x" * 50_000}] * 4)
                    written += 4
                await asyncio.sleep(0.01)
        sender.transport.abort()
        async with listen(client, CHANGES, after=0) as events:
            assert len(await take(events, written)) == written
    await database.close_db()


async def test_changes_that_are_no_longer_kept(followed: Database) -> None:
    resource = Resource(FollowedTask, changes=Changes(keep_days=1))
    async with open_client(make_followed_app(followed, resource)) as client:
        rows = [await create(client, title=str(n)) for n in range(3)]
        first = (await client.get(CHANGES)).json()["items"][0]["number"]
        async with followed.engine.begin() as connection:
            await connection.exec_driver_sql(
                f"DELETE FROM modelwire_changes WHERE number <= {first + 1}"
            )
        for headers in ({}, EVENTS):
            answer = await client.get(CHANGES, params={"after": first}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (410, "no_longer_kept")
        answer = await client.get(CHANGES, params={"after": first + 1})
        assert [c["key"] for c in answer.json()["items"]] == [rows[-1]["id"]]
        number = (await client.get(PATH)).headers["x-change-number"]
        assert (await client.get(CHANGES, params={"after": number})).status_code == 200


@dataclass
class Listener:
    """Listener to all changes, which reconnects whenever it is cut off.

    Args:
        client: The client to listen with.
        waits_for: What a slow listener waits for before it reads anything.
    """

    client: httpx2.AsyncClient
    waits_for: Callable[[], Awaitable[None]] | None = None
    keys: list[int] = field(default_factory=list)
    comings: int = 0
    last: int = 0

    async def follow(self, count: int) -> None:
        """Be told of so many changes."""
        while len(self.keys) < count:
            self.comings += 1
            link = socket.socket()
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.connect((self.client.base_url.host, self.client.base_url.port))
            reader, sender = await asyncio.open_connection(sock=link, limit=1024)
            head = f"GET {CHANGES} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            sender.write(f"{head}Last-Event-ID: {self.last}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            if self.waits_for is not None and self.comings == 1:
                await self.waits_for()
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._take(reader, count)
            sender.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, count: int) -> None:
        rest = b""
        while len(self.keys) < count:
            size = int(await reader.readuntil(b"\r\n"), 16)  # in which the answer is transferred
            rest += (await reader.readexactly(size + 2))[:-2]
            *events, rest = rest.split(b"\n\n")
            for told in (dict(line.split(b": ", 1) for line in e.split(b"\n")) for e in events):
                if b"data" in told:
                    self.keys.append(msgspec.json.decode(told[b"data"])["key"])
                    self.last = int(told[b"id"])


async def test_a_flood(followed_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand changes a second: each listener is told of each once, in order; one who takes
    nothing is cut off meanwhile, and goes on where he was."""
    monkeypatch.setenv("MODELWIRE_SEND_TIMEOUT_S", "2")
    database = Database(followed_url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = make_followed_app(database, TASKS)
    listeners, count = app.state.modelwire.listeners, FLOOD_S * 10_000

    async def wait_until_cut_off() -> None:
        """All others have ended, and who is slow has been let go of."""
        while listeners.open:
            await asyncio.sleep(0.01)

    async with open_client(app) as writer, served(app, send_buffer_bytes=4096) as client:
        slow = [Listener(client, wait_until_cut_off) for _ in range(2)]
        all_of = [*slow, *(Listener(client) for _ in range(3))]
        async with asyncio.timeout(FLOOD_S + 2 * MINUTE_S), asyncio.TaskGroup() as group:
            for listener in all_of:
                group.create_task(listener.follow(count))
            while listeners.open < len(all_of):
                await asyncio.sleep(0.01)
            began_s, rows = time.monotonic(), [{"title": "x" * 100}] * 1000
            for number in range(count // len(rows)):
                await asyncio.sleep(max(0.0, began_s + number / 10 - time.monotonic()))
                answer = await writer.post(f"{PATH}bulk/", json=rows)
                assert answer.status_code == 201, answer.text
    assert all(listener.comings > 1 for listener in slow)
    assert all(listener.keys == [*range(1, count + 1)] for listener in all_of)
    await database.close_db()

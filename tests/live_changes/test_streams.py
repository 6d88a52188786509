"""Changes as Server-Sent Events, from a real server."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from modelwire import Database, mount
from modelwire.pipeline import changes
from tests.live.conftest import serve_app

from .listening import EVENTS, HTTP, MINUTE_S, listen, read_events, served, take
from .tables import POLICED, me
from .test_pages import CHANGES, PATH, create


async def test_what_is_sent(followed_app: FastAPI, writer: httpx2.AsyncClient) -> None:
    async with served(followed_app) as client, listen(client, CHANGES) as events:
        first = await anext(events)
        assert first.retry == changes.RETRY_MS
        row = await create(writer, title="One\r\n\u2028")
        answer = await writer.patch(f"{PATH}{row['id']}", json={"done": True})
        await writer.delete(f"{PATH}{row['id']}")
        found = await take(events, 3)
        assert [(e.event, e.data) for e in found] == [
            ("create", {"key": row["id"], "item": row}),
            ("update", {"key": row["id"], "item": answer.json()}),
            ("delete", {"key": row["id"]}),
        ]
        assert [e.number for e in found] == sorted({e.number for e in found})


async def test_headers(followed_app: FastAPI) -> None:
    async with (
        served(followed_app) as client,
        client.stream("GET", CHANGES, headers=EVENTS) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
    async with served(followed_app) as client:
        answer = await client.head(CHANGES, headers=EVENTS)
        assert (answer.status_code, answer.content) == (200, b"")


async def test_a_stream_goes_on_where_it_was_cut_off(
    followed_app: FastAPI, writer: httpx2.AsyncClient
) -> None:
    keys = [(await create(writer, title=str(n)))["id"] for n in range(4)]
    async with served(followed_app) as client:
        async with listen(client, CHANGES, after=0) as events:
            found = await take(events, 2)
        headers = {**EVENTS, "Last-Event-ID": str(found[-1].id)}
        async with client.stream("GET", CHANGES, params={"after": 0}, headers=headers) as answer:
            lines = answer.aiter_lines()
            seen: list[str] = []
            while sum(line.startswith("data:") for line in seen) < 2:
                seen.append(await anext(lines))
    assert [e.data["key"] for e in found if e.data] == keys[:2]
    assert [line for line in seen if line.startswith("id:")] == [
        f"id: {found[-1].number + 1}",
        f"id: {found[-1].number + 2}",
    ]


async def test_a_quiet_stream_has_a_heart(
    followed_app: FastAPI, writer: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follower that sees none of the changes is sent its position, to continue from there."""
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.05)
    async with (
        served(followed_app) as client,
        client.stream("GET", CHANGES, params={"team": "7"}, headers=EVENTS) as answer,
    ):
        lines = answer.aiter_lines()
        while await anext(lines) != ":":
            pass
        for _ in range(3):
            await create(writer, title="Of another team")
        number = (await writer.get(CHANGES)).json()["next"]
        while await anext(lines) != f"id: {number}":
            pass


async def test_there_are_not_too_many(followed_app: FastAPI) -> None:
    followed_app.state.modelwire.listeners._limit = 1
    async with served(followed_app) as client:
        async with client.stream("GET", CHANGES, headers=EVENTS) as answer:
            assert answer.status_code == 200
            refused = await client.get(CHANGES, headers=EVENTS)
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        async with asyncio.timeout(60):
            while followed_app.state.modelwire.listeners.open:
                await asyncio.sleep(0.01)


async def test_the_end_of_the_server(followed_app: FastAPI, writer: httpx2.AsyncClient) -> None:
    """Those who listen or wait are sent away at once, and told when to come back."""
    after = (await writer.get(CHANGES)).json()["next"]
    async with httpx2.AsyncClient(timeout=None) as client:

        async def follow(url: str, is_open: asyncio.Event) -> list[str]:
            lines = []
            async with client.stream("GET", url, headers=EVENTS) as answer:
                async for line in answer.aiter_lines():
                    is_open.set()
                    lines.append(line)
            return lines

        async with serve_app(followed_app, http=HTTP, waits=True) as port:
            url, is_open = f"http://127.0.0.1:{port}{CHANGES}", asyncio.Event()
            following = asyncio.create_task(follow(url, is_open))
            page = asyncio.create_task(client.get(url, params={"after": after, "wait": 60}))
            await is_open.wait()
            while followed_app.state.modelwire.database.tracking.feed._reader._waiting < 2:
                await asyncio.sleep(0.01)
        assert (await page).json() == {"items": [], "next": after}
        *_, last, end = await following
        assert last.startswith("retry: ")
        assert end == ""


async def test_who_connects_is_told_where_it_is_at_once(
    followed_app: FastAPI, writer: httpx2.AsyncClient
) -> None:
    """It can continue from there if nothing has come before its connection is lost."""
    await create(writer, title="Before")
    async with served(followed_app) as client:
        async with listen(client, CHANGES) as events:
            _, place = [await anext(events) for _ in range(2)]
        row = await create(writer, title="Meanwhile")
        async with listen(client, CHANGES, after=place.number) as events:
            (event,) = await take(events, 1)
        assert event.data == {"key": row["id"], "item": row}


async def test_a_stream_ends_with_the_rights_of_its_caller(
    followed: Database, writer: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is resolved again after a while; nothing that it may see is lost between."""
    settings = followed.settings.model_copy(update={"max_listening_s": 0.5})
    monkeypatch.setattr(followed, "settings", settings)
    app = FastAPI()
    mount(app, followed, POLICED, caller=me)
    headers = {**EVENTS, "X-Sees-Cost": "false"}
    keys: list[int] = []
    number: int | None = None
    async with served(app) as client:
        for team, visible in ((1, True), (1, True), (2, False)):
            who = headers | {"X-Team": str(team)}
            who |= {} if number is None else {"Last-Event-ID": str(number)}
            async with asyncio.timeout(MINUTE_S), client.stream("GET", CHANGES, headers=who) as a:
                events = read_events(a.aiter_lines())
                if number is None:
                    number = [await anext(events) for _ in range(2)][1].number
                row = await create(writer, title="Of the first team")
                async for event in events:  # until the stream ends
                    number = number if event.id is None else event.id
                    keys += [event.data["key"]] if event.data is not None else []
            assert (row["id"] in keys) is visible
    assert keys == sorted(set(keys))

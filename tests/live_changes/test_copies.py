"""Copies that clients keep are what a list shows, whatever happens in between."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from modelwire import Database
from modelwire.pipeline import changes
from tests.examples import THOROUGH

from .listening import MINUTE_S, Copy, served
from .test_pages import PATH

WRITES = 25 * max(1, THOROUGH)

FOLLOWED: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {"X-Team": "1", "X-Sees-Cost": "false"}),
    ({"done": "true"}, {"X-Team": "1", "X-Sees-Cost": "true"}),
    ({"title__icontains": "b"}, {"X-Team": "2", "X-Sees-Cost": "true"}),
    ({"or": "(cost__gt:5,not(done:false))"}, {"X-Team": "2", "X-Sees-Cost": "true"}),
]
"""Filters, with their callers."""


async def write_at_random(writer: httpx2.AsyncClient, seed: int) -> None:
    """Create, change and delete rows, alone and many at once."""
    draws, keys = random.Random(seed), list[int]()

    def draw() -> dict[str, Any]:
        return {
            "title": draws.choice("abcdef") * draws.randint(1, 3),
            "team": draws.randint(1, 3),
            "done": draws.random() < 0.5,
            "cost": draws.choice((None, "1.00", "9.50")),
            "note": draws.choice((None, "x", "y")),
        }

    for _ in range(WRITES):
        kind = draws.choice(("create", "change", "change", "change", "delete", "bulk", "mass"))
        if kind == "create" or not keys:
            keys.append((await writer.post(PATH, json=draw())).json()["id"])
        elif kind == "bulk":
            rows = await writer.post(f"{PATH}bulk/", json=[draw() for _ in range(3)])
            keys += [row["id"] for row in rows.json()]
        elif kind == "mass":
            headers = {"Prefer": "max-affected=1000"}
            params = {"title__startswith": draws.choice("abcdef")}
            changed = {"team": draws.randint(1, 3)}
            answer = await writer.patch(PATH, params=params, json=changed, headers=headers)
            assert answer.status_code == 200, answer.text
        elif kind == "delete":
            await writer.delete(f"{PATH}{keys.pop(draws.randrange(len(keys)))}")
        else:
            some = dict(draws.sample(list(draw().items()), draws.randint(1, 5)))
            await writer.patch(f"{PATH}{draws.choice(keys)}", json=some)
        await asyncio.sleep(0)


async def keep(copy: Copy, client: httpx2.AsyncClient, is_over: asyncio.Event, seed: int) -> None:
    """Follow for a while, be cut off, and come back, until all is over."""
    draws = random.Random(seed)
    while not is_over.is_set():
        following = asyncio.create_task(copy.follow(client))
        await asyncio.wait([following], timeout=draws.uniform(0.0, 0.3))
        following.cancel()
        await asyncio.wait([following])
        if not following.cancelled():
            following.result()


@asynccontextmanager
async def following(copy: Copy, client: httpx2.AsyncClient) -> AsyncIterator[None]:
    task = asyncio.create_task(copy.follow(client))
    yield
    task.cancel()
    await asyncio.wait([task])


async def read_all(client: httpx2.AsyncClient, copy: Copy) -> dict[Any, Any]:
    params = {**copy.params, "limit": "100", "count": "none"}
    rows: dict[Any, Any] = {}
    while True:
        answer = await client.get(PATH, params={**params, "skip": len(rows)}, headers=copy.headers)
        assert answer.status_code == 200, answer.text
        if not answer.json()["items"]:
            return rows
        rows |= {row["id"]: row for row in answer.json()["items"]}


async def test_copies_are_exact(
    followed: Database,
    policed_app: FastAPI,
    writer: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clients that are cut off again and again, and whose server starts anew, miss nothing."""
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.2)  # by which the copies say how far they are
    copies = [Copy(PATH, *asked) for asked in FOLLOWED]
    is_over = asyncio.Event()
    async with served(policed_app) as client:
        keepers = [
            asyncio.create_task(keep(copy, client, is_over, seed))
            for seed, copy in enumerate(copies)
        ]
        writers = [asyncio.create_task(write_at_random(writer, seed)) for seed in range(3)]
        await asyncio.gather(writers[0])
        await followed.tracking.feed.close()  # as its connection may be lost at any time
        await asyncio.gather(*writers)
        is_over.set()
        await asyncio.gather(*keepers)
    async with served(policed_app) as client:  # another server
        last = (await writer.post(PATH, json={"team": 9})).json()["id"]
        await writer.delete(f"{PATH}{last}")
        final = int((await writer.get(PATH)).headers["x-change-number"])
        for copy in copies:
            fresh = await read_all(client, copy)
            async with following(copy, client), asyncio.timeout(MINUTE_S):
                while copy.rows != fresh or (copy.number or 0) < final - 2:
                    await asyncio.sleep(0.01)
            assert copy.numbers == sorted(set(copy.numbers))  # nothing twice, and in order
            assert copy.rows == fresh

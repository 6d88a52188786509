"""Data of clients stays in no cache: neither long texts nor many of them."""

import asyncio
import gc
import logging
import tracemalloc

import httpx2
import pytest
from fastapi import FastAPI

from examples.league import Player, Team
from modelwire import Database, Resource, mount
from tests.conftest import open_client

MOST = 2**19
"""Bytes that may be kept, of whatever is kept besides what was asked."""

TIMES = 30
LONG = 40_000
"""Characters of each request that is long: all of them together are more than a megabyte."""


async def ask_often(client: httpx2.AsyncClient, method: str, url: str, start: int) -> None:
    """Ask the same with texts of as many lengths."""
    for length in range(start, start + TIMES):
        text = "," * length
        await client.request(
            method,
            url.format(text),
            json={} if method == "POST" else None,
            headers={"content-type": f"application/json; charset=utf-8; of={text}"},
        )


async def measure_kept() -> int:
    """The bytes that are kept when whatever watched over the last requests had time to end."""
    for _ in range(100):
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        if kept < MOST:
            break
        await asyncio.sleep(0.1)
    return kept


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/teams/1?include={}players"),
        ("GET", "/teams/?include={}players"),
        ("GET", "/teams/1?fields=name{}"),
        ("GET", "/teams/?sort={}"),
        ("GET", "/teams/?name={}"),
        ("GET", "/teams/?{}=a"),
        ("GET", "/teams/?q={}"),
        ("GET", "/teams/?or={}"),
        ("GET", "/teams/?cursor={}"),
        ("GET", "/teams/{}"),
        ("GET", "/{}/teams/"),
        ("POST", "/teams/?include={}players"),
    ],
)
async def test_long_requests_leave_nothing_behind(method: str, url: str) -> None:
    """However long what was asked for, and whether it was right, it is not kept."""
    database, app = Database("sqlite://"), FastAPI()
    mount(app, database, Resource(Team, includes=["players"]), Resource(Player))
    await database.init_db()
    # Other tests may have switched the log of SQL on, of which pytest keeps every line.
    logging.disable(logging.INFO)
    async with open_client(app) as client:
        await client.post("/teams/", json={"name": "Reds"})
        await ask_often(client, method, url, 1)
        gc.collect()
        tracemalloc.start()
        try:
            await ask_often(client, method, url, LONG)
            kept = await measure_kept()
        finally:
            tracemalloc.stop()
            logging.disable(logging.NOTSET)
    await database.close_db()
    assert kept < MOST

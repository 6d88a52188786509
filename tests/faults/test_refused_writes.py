"""Writes that a constraint refuses, where others wait for a connection."""

import asyncio
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.conftest import open_client
from tests.lanes import DIALECTS

from .conftest import OpenDatabase
from .slow import PATH, make_slow_app

ANN = {"username": "ann", "email": "ann@example.com"}
EVE = {"username": "eve", "email": "eve@example.com"}
RED = {"name": "Red", "players": [{"name": "Ann"}]}
REFUSED: list[tuple[str, str, Any, str]] = [
    ("POST", "/users/", ANN, "already_exists"),
    ("POST", "/users/bulk/", [EVE | {"username": "new"}, EVE], "already_exists"),
    ("POST", "/users/bulk/?on_conflict=username", [ANN | {"username": "new"}], "already_exists"),
    ("PATCH", "/users/2", {"email": "ann@example.com"}, "already_exists"),
    ("PATCH", "/users/?username=eve", {"email": "ann@example.com"}, "already_exists"),
    ("POST", "/players/", {"name": "Ann", "team_id": 99}, "parent_not_found"),
    ("POST", "/players/bulk/", [{"name": "Ann", "team_id": 99}], "parent_not_found"),
    ("DELETE", "/teams/1", None, "still_referenced"),
    ("POST", "/teams/1/players/", {"name": "Ann", "team_id": 99}, "invalid"),
]


@pytest_asyncio.fixture(params=DIALECTS)
async def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def fill(client: httpx2.AsyncClient) -> None:
    for user in (ANN, EVE):
        assert (await client.post("/users/", json=user)).status_code == 201
    assert (await client.post("/teams/", json={"name": "Red"})).status_code == 201
    player = {"name": "Ann", "team_id": 1}
    assert (await client.post("/players/", json=player)).status_code == 201


@pytest.mark.parametrize("key", [None, "k"])
async def test_explained_on_the_connection_at_hand(
    open_database: OpenDatabase, dialect: str, lane: str, key: str | None
) -> None:
    """A refused write is explained although another request waits for the only connection."""
    database = open_database(dialect, pool_size=1, pool_timeout_s=1.5)
    app = await make_slow_app(database, lane)
    async with open_client(app) as client:
        await fill(client)
        for number, (method, path, body, code) in enumerate(REFUSED):
            headers = {"Prefer": "max-affected=5"}
            if key and method in ("POST", "PATCH"):
                headers["Idempotency-Key"] = f"{key}{number}"
            async with database.engine.connect():
                asking = asyncio.create_task(
                    client.request(method, path, json=body, headers=headers)
                )
                await asyncio.sleep(0.05)
                waiting = asyncio.create_task(client.get(PATH))
                await asyncio.sleep(0.05)
            answer = await asking
            assert answer.json()["code"] == code, (path, answer.text)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert (await client.get("/users/")).json()["total"] == 2
        assert (await client.get("/players/")).json()["total"] == 1

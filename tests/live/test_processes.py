"""Several server processes on one database: a request with a key is carried out once in all."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from tests.conftest import create_postgres_database
from tests.faults.servers import serving
from tests.lanes import DIALECTS

TURNS = 20
CLIENTS = 50


@pytest.fixture(params=DIALECTS)
async def url(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> str:
    """An empty database for server processes."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/served.db"
    server = request.getfixturevalue("postgres_server")
    return await create_postgres_database(server, f"modelwire_served_{worker_id}")


async def test_one_key_for_two_processes(url: str) -> None:
    """Of many requests with one key, sent to either process, one is carried out."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx2.AsyncClient(base_url=stack.enter_context(serving(url)).address, timeout=30)
            )
            for _ in range(2)
        ]
        for turn in range(TURNS):
            headers = {"Idempotency-Key": f"key {turn}"}
            body = {"name": f"Team {turn}"}
            answers = await asyncio.gather(
                *(
                    clients[i % 2].post("/teams/", json=body, headers=headers)
                    for i in range(CLIENTS)
                )
            )
            assert {answer.status_code for answer in answers} <= {201, 409}
            done = [answer for answer in answers if answer.status_code == 201]
            assert len({(answer.content, answer.headers["location"]) for answer in done}) == 1
            assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
        assert (await clients[0].get("/teams/")).json()["total"] == TURNS

"""A COMMIT whose outcome is not known: the request with its key again tells, and makes it good."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import LEAGUE, make_app, open_client
from tests.http.problems import count_rows, read_problem
from tests.lanes import LANES

from .proxy import Proxy


@pytest_asyncio.fixture(params=LANES)
async def client(
    request: pytest.FixtureRequest, behind: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(make_app(behind, request.param, LEAGUE, {})) as made:
        yield made


async def post(client: httpx2.AsyncClient) -> httpx2.Response:
    headers = {"Idempotency-Key": "k"}
    answer: httpx2.Response = await client.post("/teams/", json={"name": "Red"}, headers=headers)
    return answer


async def test_commit_whose_answer_is_lost(client: httpx2.AsyncClient, proxy: Proxy) -> None:
    """A write stored without a response is answered when the request is repeated."""
    proxy.cut_at_reply = b"COMMIT\0"
    read_problem(await post(client), 503, "unknown_outcome")
    proxy.cut_at_reply = b""
    again = await post(client)
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert (await client.get(again.headers["location"])).json()["name"] == "Red"
    assert await count_rows(client, "/teams/") == 1


async def test_commit_that_does_not_arrive(client: httpx2.AsyncClient, proxy: Proxy) -> None:
    """A write that was not stored is stored when the request is repeated."""
    proxy.cut_at_request = b"COMMIT"
    read_problem(await post(client), 503, "unknown_outcome")
    proxy.cut_at_request = b""
    again = await post(client)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers
    assert await count_rows(client, "/teams/") == 1

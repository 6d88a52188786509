"""A connection that is lost at COMMIT: the answer says that the outcome is not known."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from examples.league import Team
from modelwire import Database, UnitOfWorkDep, mount
from tests.conftest import LEAGUE, open_client, use_sessions
from tests.lanes import LANES

from .proxy import Proxy

ROW = b"Red FC"


@pytest_asyncio.fixture(params=LANES)
async def client(
    request: pytest.FixtureRequest, behind: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    mount(app, behind, *LEAGUE)
    if request.param == "session":
        use_sessions(app, behind)

    @app.post("/own")
    async def own(session: UnitOfWorkDep) -> None:
        session.add(Team(name=ROW.decode()))

    @app.post("/own/commit")
    async def commit(session: UnitOfWorkDep) -> None:
        session.add(Team(name=ROW.decode()))
        await session.commit()

    async with open_client(app) as made:
        yield made


def check_unknown(answer: httpx2.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unknown_outcome"
    assert int(answer.headers["retry-after"]) > 0


async def names(database: Database) -> list[str]:
    async with open_client(_app_of(database)) as client:
        return [row["name"] for row in (await client.get("/teams/")).json()["items"]]


def _app_of(database: Database) -> FastAPI:
    app = FastAPI()
    mount(app, database, *LEAGUE)
    return app


BODY = {"name": ROW.decode()}
SEVERAL = "/teams/?include=players"
"""A write of several statements, in a transaction on either lane."""


@pytest.mark.parametrize("path", ["/own", "/own/commit", SEVERAL])
async def test_commit_whose_answer_is_lost(
    client: httpx2.AsyncClient, proxy: Proxy, databases: dict[str, Database], path: str
) -> None:
    """A write stored without a response is reported as unknown, and the next request is served."""
    proxy.cut_at_reply = b"COMMIT\0"
    check_unknown(await client.post(path, json=BODY))
    proxy.cut_at_reply = b""
    assert ROW.decode() in await names(databases["postgresql"])
    assert (await client.get("/teams/")).status_code == 200


async def test_commit_that_does_not_arrive(
    client: httpx2.AsyncClient, proxy: Proxy, databases: dict[str, Database]
) -> None:
    """A COMMIT that was lost looks the same as one whose response was."""
    proxy.cut_at_request = b"COMMIT"
    check_unknown(await client.post(SEVERAL, json=BODY))
    assert await names(databases["postgresql"]) == []


async def test_write_on_its_own(
    client: httpx2.AsyncClient, proxy: Proxy, databases: dict[str, Database]
) -> None:
    """A write that commits itself has an unknown outcome when its answer is lost."""
    proxy.cut_at_reply = b"INSERT 0 1\0"
    answer = await client.post("/teams/", json=BODY)
    stored = await names(databases["postgresql"])
    assert answer.status_code == 503
    # In a session it is not committed yet, so that its loss undoes it.
    assert (answer.json()["code"], stored) in [
        ("unknown_outcome", [ROW.decode()]),
        ("unavailable", []),
    ]


async def test_statement_before_commit(
    client: httpx2.AsyncClient, proxy: Proxy, databases: dict[str, Database]
) -> None:
    """A write lost before COMMIT was sent is certainly undone: unavailable."""
    proxy.cut_at_request = ROW
    answer = await client.post(SEVERAL, json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert await names(databases["postgresql"]) == []


async def test_read(client: httpx2.AsyncClient, proxy: Proxy) -> None:
    """A read that loses its connection leaves nothing unknown."""
    proxy.cut_at_request = b"FROM teams"
    answer = await client.get("/teams/")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_commit_that_is_given_up_on(client: httpx2.AsyncClient, proxy: Proxy) -> None:
    """A COMMIT that is cancelled while it waits for its answer has an unknown outcome."""
    proxy.hold_at_request = b"COMMIT"
    task = asyncio.ensure_future(client.post(SEVERAL, json=BODY))
    async with asyncio.timeout(60):
        await proxy.held.wait()
    task.cancel()
    check_unknown(await task)

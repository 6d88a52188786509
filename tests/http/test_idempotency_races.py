"""Requests with the same Idempotency-Key at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from modelwire import Database
from modelwire.execute.idempotency import IdempotencyKeys
from modelwire.pipeline.idempotency import key_of
from modelwire.request.request import Request
from modelwire.statement.statements import Statement
from tests.conftest import LEAGUE, make_app, open_client
from tests.contended import contend
from tests.examples import THOROUGH
from tests.http.problems import count_rows, read_problem

pytestmark = pytest.mark.both_lanes

TURNS = 20
FEW = 20 if THOROUGH else 5
CLIENTS = 50


async def post(client: httpx2.AsyncClient, key: str, path: str = "/teams/") -> httpx2.Response:
    name = {"name": key}
    body: Any = [name, {"name": f"{key}, too"}] if path.endswith("bulk/") else name
    answer: httpx2.Response = await client.post(path, json=body, headers={"Idempotency-Key": key})
    return answer


@pytest.mark.parametrize("path", ["/teams/", "/teams/bulk/"])
async def test_fifty_at_once(client: httpx2.AsyncClient, path: str) -> None:
    """Of many requests with one key one is carried out, and all are answered by what it stored."""
    for turn in range(FEW):
        answers = await asyncio.gather(*(post(client, f"{turn}", path) for _ in range(CLIENTS)))
        done = [answer for answer in answers if answer.status_code == 201]
        for answer in answers:
            if answer not in done:
                read_problem(answer, 409, "key_in_flight")
        assert len({(answer.content, answer.headers.get("location")) for answer in done}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    rows = 2 if path.endswith("bulk/") else 1
    assert await count_rows(client, "/teams/") == FEW * rows


async def test_requests_that_are_given_up_on(client: httpx2.AsyncClient) -> None:
    """A client that goes away during a request leaves it done or not, never half."""
    for turn in range(TURNS):
        tasks = [asyncio.ensure_future(post(client, f"{turn}")) for _ in range(10)]
        for _ in range(turn):
            await asyncio.sleep(0)
        for task in tasks[:5]:
            task.cancel()
        await asyncio.wait(tasks[:5])
        answers = await asyncio.gather(*tasks[5:])
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
    assert await count_rows(client, "/teams/") == TURNS


async def test_other_requests_at_once(client: httpx2.AsyncClient) -> None:
    """Of different requests with one key at the same time one is carried out."""
    bodies = [{"name": f"Team {i}"} for i in range(20)]
    headers = {"Idempotency-Key": "k"}
    answers = await asyncio.gather(
        *(client.post("/teams/", json=body, headers=headers) for body in bodies)
    )
    (done,) = [answer for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer is not done:
            read_problem(answer, 422, "key_reused")
    assert await count_rows(client, "/teams/") == 1


@pytest.fixture
async def impatient(database: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of another process, as it were, which does not wait long."""
    url = database.settings.database_url.get_secret_value()
    own = Database(url, pool_timeout_s=0.2)
    async with open_client(make_app(own, lane, LEAGUE, {})) as client:
        yield client
    await own.close_db()


def keys_of(database: Database) -> IdempotencyKeys:
    return IdempotencyKeys(database.engine.dialect, database.settings)


def as_stored(key: str) -> str:
    """Return the stored form of a key without a caller."""
    stored = key_of(Request("POST", b"", {b"idempotency-key": key.encode()}))
    assert stored is not None
    return stored


async def test_first_request_that_takes_long(
    impatient: httpx2.AsyncClient, database: Database
) -> None:
    """While the first request with a key goes on, another one is told to come again."""
    async with database.writing() as lane:
        await keys_of(database).claim(lane, as_stored("k"), "first")
        waited = await post(impatient, "k")
    # On SQLite it does not get as far as the key.
    expected = {"sqlite": (503, "unavailable"), "postgresql": (409, "key_in_flight")}
    read_problem(waited, *expected[database.dialect])
    assert int(waited.headers["retry-after"]) > 0
    assert await count_rows(impatient, "/teams/") == 0


async def test_first_request_that_is_undone(database: Database, lane: str) -> None:
    """A request that waits for a key is carried out if the first one is rolled back."""
    own = Database(database.settings.database_url.get_secret_value())
    async with open_client(make_app(own, lane, LEAGUE, {})) as client:
        for turn in range(TURNS):
            waiting = await _undo_while_another_waits(client, database, f"{turn}")
            assert waiting.status_code == 201, waiting.text
            assert "idempotency-replayed" not in waiting.headers
        assert await count_rows(client, "/teams/") == TURNS
    await own.close_db()


async def _undo_while_another_waits(
    client: httpx2.AsyncClient, database: Database, key: str
) -> httpx2.Response:
    with suppress(InterruptedError):
        async with database.writing() as lane:
            await keys_of(database).claim(lane, as_stored(key), "first")
            waiting = asyncio.ensure_future(post(client, key))
            await asyncio.wait([waiting], timeout=0.05)
            assert not waiting.done()
            raise InterruptedError
    return await waiting


async def test_limit_of_locks(databases: dict[str, Database]) -> None:
    """The timeout for a key is independent of the timeout for row locks."""
    database = databases["postgresql"]
    show = Statement(text("SHOW lock_timeout"), database.engine.dialect)
    limit = Statement(text("SET LOCAL lock_timeout = '7s'"), database.engine.dialect)
    with suppress(InterruptedError):
        async with database.writing() as lane:
            await lane.fetch(limit, {})
            await keys_of(database).claim(lane, "limit", "x")
            found = await lane.fetch(show, {})
            raise InterruptedError
    assert [tuple(row) for row in found] == [("7s",)]


@pytest.fixture
async def contended(databases: dict[str, Database]) -> AsyncIterator[Database]:
    """PostgreSQL, where the first row of a team meets a serialization failure."""
    async with contend(databases["postgresql"], "teams") as database:
        yield database


async def test_transaction_that_is_tried_again(contended: Database, lane: str) -> None:
    """A transaction that is tried again takes its key anew; in a session the client does so."""
    async with open_client(make_app(contended, lane, LEAGUE, {})) as client:
        first = await post(client, "k")
        if lane == "session":
            read_problem(first, 503, "unavailable")
            first = await post(client, "k")
        again = await post(client, "k")
        assert (first.status_code, again.content) == (201, first.content)
        assert await count_rows(client, "/teams/") == 1

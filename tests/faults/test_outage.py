"""The database goes away and comes back: bounded answers meanwhile, full service after it."""

import asyncio
import time

import asyncpg
import httpx2
import pytest

from .conftest import Figure
from .load import Tally, load
from .servers import Postgres, Service, serving

OUTAGE_S = 10.0


async def read_or_write(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    if number % 3:
        return await client.get("/teams/?limit=5")
    return await client.post("/teams/", json={"name": f"{time.monotonic_ns()} {number}"})


def check_truth(tally: Tally) -> None:
    """Only what succeeded, and 503 with one of its two codes."""
    assert set(tally.statuses) <= {200, 201, 503}, (tally.statuses, tally.errors)
    assert set(tally.problems) <= {"unavailable", "unknown_outcome"}


async def until_served(service: Service) -> float:
    """Seconds until ten requests in a row are answered 200, and readiness says so."""
    begun, served, first = time.monotonic(), 0, 0.0
    async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
        async with asyncio.timeout(60):
            while served < 10:
                answers = [await client.get(p) for p in ("/teams/", "/health/ready")]
                served = served + 1 if all(a.status_code == 200 for a in answers) else 0
                first = time.monotonic() - begun if served == 1 else first
                await asyncio.sleep(0.02)
    return first


@pytest.mark.parametrize("outage_s", [2.0, pytest.param(OUTAGE_S, marks=pytest.mark.long)])
async def test_stopped_database(postgres: Postgres, figure: Figure, outage_s: float) -> None:
    """While the database is away each answer is 503 within 2 s; 2 s after, everything is 200."""
    with serving(postgres.url, MODELWIRE_POOL_SIZE="5") as service:
        async with load(service.address, read_or_write, clients=20, pause_s=0.02) as tally:
            await asyncio.sleep(1)
            postgres.stop()
            async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
                assert (await client.get("/health/live")).status_code == 200
                ready = await client.get("/health/ready")
                assert ready.status_code == 503
                assert int(ready.headers["retry-after"]) > 0
            await asyncio.sleep(outage_s)
            postgres.start()
            back_s = await until_served(service)
            await asyncio.sleep(1)
        check_truth(tally)
        figure("answers", dict(tally.statuses))
        figure("slowest 503, seconds", tally.slowest(503))
        figure("full service after, seconds", back_s)
        assert tally.slowest(503) < 2
        assert back_s < 2


@pytest.mark.parametrize("lasting_s", [4.0, pytest.param(30.0, marks=pytest.mark.long)])
async def test_terminated_backends(postgres: Postgres, figure: Figure, lasting_s: float) -> None:
    """Connections that the server ends every 2 s: reads don't notice, writes get 503 at most."""
    with serving(postgres.url, MODELWIRE_POOL_SIZE="5") as service:
        admin = await asyncpg.connect(postgres.url)
        ended = 0
        async with load(service.address, read_or_write, clients=20) as tally:
            for _ in range(int(lasting_s / 2)):
                await asyncio.sleep(2)
                ended += len(await admin.fetch(TERMINATE))
        await admin.close()
        check_truth(tally)
    figure("backends ended", ended)
    figure("answers", dict(tally.statuses))
    figure("codes", dict(tally.problems))
    figure("slowest answer, seconds", max(tally.seconds))
    assert ended > 0
    assert max(tally.seconds) < 3
    assert tally.statuses[503] < ended * 2


TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'modelwire'"
)


async def test_reads_do_not_notice_a_restart(postgres: Postgres, figure: Figure) -> None:
    """After a restart the connections in the pool are dead, and not one read fails by that."""
    with serving(postgres.url, MODELWIRE_POOL_SIZE="5") as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
            await asyncio.gather(*(client.get("/teams/") for _ in range(20)))
            postgres.stop()
            postgres.start()
            answers = await asyncio.gather(*(client.get("/teams/") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("frozen", ["backends", "server"])
async def test_frozen_database(postgres: Postgres, figure: Figure, frozen: str) -> None:
    """A database that stands still ends no request, so the limits do; then all is as before."""
    limits = {"MODELWIRE_STATEMENT_TIMEOUT_S": "1", "MODELWIRE_REQUEST_TIMEOUT_S": "4"}
    with serving(postgres.url, MODELWIRE_POOL_TIMEOUT_S="1", **limits) as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
            await asyncio.gather(*(client.get("/teams/") for _ in range(5)))
            begun = time.monotonic()
            try:
                assert postgres.freeze_backends() > 0
                if frozen == "server":
                    postgres.freeze()
                answers = await asyncio.gather(*(client.get("/teams/") for _ in range(20)))
                took_s = time.monotonic() - begun
            finally:
                postgres.thaw()
            back_s = await until_served(service)
    figure("slowest answer, seconds", took_s)
    figure("full service after, seconds", back_s)
    assert {answer.status_code for answer in answers} <= {200, 503, 504}
    assert 504 in {answer.status_code for answer in answers}
    assert took_s < 6
    assert back_s < 3

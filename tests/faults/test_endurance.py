"""Mixed load for minutes: no error, and neither memory nor descriptors that pile up."""

import asyncio

import httpx2
import pytest

from modelwire import Database
from tests.conftest import empty_tables
from tests.live.measure_stream import fill

from .conftest import Figure
from .load import load
from .servers import Postgres, Service, serving


async def mix(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    """All kinds of requests, good ones and bad ones, and a client that goes away now and then."""
    kind = number % 20
    if kind == 0:
        return await client.post("/users/", json={"username": f"{number}", "email": f"{number}"})
    if kind == 1:
        return await client.post("/users/", json={"username": "taken", "email": f"x{number}"})
    if kind == 2:
        return await client.get(f"/teams/?nope={number}")
    if kind == 3:
        return await client.get("/players/stream/?id__lte=3000")
    if kind == 4:
        return await client.patch("/players/1", json={"position": f"{number}"})
    if kind < 12:
        return await client.get(f"/players/{number % 1000 + 1}")
    return await client.get("/players/?limit=20&sort=-name&include=team")


def measure(service: Service) -> tuple[int, int]:
    """Resident bytes and open descriptors."""
    process = service.workers[0]
    return process.memory_info().rss, process.num_fds()


@pytest.mark.parametrize(
    ("lasting_s", "growth"), [(15, 1.05), pytest.param(300, 1.01, marks=pytest.mark.long)]
)
async def test_endurance(
    postgres: Postgres, figure: Figure, lasting_s: float, growth: float
) -> None:
    """After a fifth of the time for warming up, nothing grows any more."""
    database = Database(postgres.url)
    await database.init_db()
    await empty_tables(database)
    await fill(database, 5000)
    await database.close_db()
    with serving(postgres.url) as service:
        async with load(service.address, mix, clients=4, pause_s=0.002) as tally:
            await asyncio.sleep(lasting_s / 5)
            before = measure(service)
            await asyncio.sleep(lasting_s * 4 / 5)
            after = measure(service)
    figure("answers", dict(tally.statuses))
    figure(
        "memory, MB, after warming up and at the end",
        [round(m / 1e6, 1) for m in (before[0], after[0])],
    )
    figure("descriptors, after warming up and at the end", [before[1], after[1]])
    assert set(tally.statuses) <= {200, 201, 400, 422}, tally.errors
    assert after[0] < before[0] * growth
    assert after[1] <= before[1] + 2

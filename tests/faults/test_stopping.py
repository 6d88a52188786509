"""SIGTERM and restarts: what is in flight ends well, streams are broken off, nothing fails."""

import asyncio
import signal
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from modelwire import Database
from tests.conftest import MakeURL
from tests.http.problems import read_problem
from tests.lanes import DIALECTS
from tests.live.measure_stream import fill

from .conftest import Figure
from .load import load
from .servers import Postgres, Service, serving

LONG = {
    f"MODELWIRE_{limit}_TIMEOUT_S": "100"
    for limit in ("POOL", "READ", "REQUEST", "SHUTDOWN", "STATEMENT")
}
"""Limits that nothing comes to because the machine has other work."""

SLOW_READ = "/players/?sort=-name&limit=100&q=x"


async def read_some(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    if number % 7 == 0:
        return await client.get("/health/ready")
    if number % 5:
        return await client.get("/teams/?limit=5")
    name = f"{time.monotonic_ns()} {number}"
    return await client.post("/users/", json={"username": name, "email": name})


async def read_teams(client: httpx2.AsyncClient, _number: int) -> httpx2.Response:
    return await client.get("/teams/?limit=5")


@pytest.fixture(scope="module")
async def filled(postgres: Postgres) -> Postgres:
    """A server with many players."""
    database = Database(postgres.url)
    await database.init_db()
    await fill(database, 40_000)
    await database.close_db()
    return postgres


async def test_stop_under_load(filled: Postgres, figure: Figure) -> None:
    """Each request that was sent before the server was stopped is answered, and it ends soon."""
    with serving(filled.url) as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
            await asyncio.gather(*(client.get("/teams/") for _ in range(20)))
            sent = [asyncio.ensure_future(client.get(SLOW_READ)) for _ in range(20)]
            await asyncio.sleep(0.05)
            took_s = await service.stop()
            answers = await asyncio.gather(*sent)
        figure("seconds to stop", took_s)
        assert {answer.status_code for answer in answers} == {200}
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(service.address)


DELAYED = {"MODELWIRE_SHUTDOWN_DELAY_S": "3"}


async def ask_once(service: Service, path: str) -> httpx2.Response:
    """Ask on a connection of its own, as balancers do."""
    async with httpx2.AsyncClient(base_url=service.address, timeout=60) as client:
        return await client.get(path)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_end_is_announced(make_url: MakeURL, dialect: str, workers: str) -> None:
    """A server that is told to stop says at once that it isn't ready, and serves on for a while:
    whoever distributes requests finds that out before one is refused."""
    url = await make_url(dialect, "announced")
    with serving(url, "--workers", workers, **DELAYED) as service:
        assert (await ask_once(service, "/health/ready")).status_code == 200
        async with load(service.address, read_teams, clients=5, pause_s=0.01) as tally:
            stopping = asyncio.ensure_future(service.stop(within_s=60))
            async with asyncio.timeout(60):
                while (told := await ask_once(service, "/health/ready")).status_code == 200:
                    await asyncio.sleep(0.02)
            assert read_problem(told, 503, "unavailable")["detail"].endswith("about to stop")
            assert (await ask_once(service, "/health/live")).status_code == 200
            assert (await ask_once(service, "/teams/")).status_code == 200
            answered = sum(tally.statuses.values())
            await asyncio.sleep(1)
        assert sum(tally.statuses.values()) > answered
        assert set(tally.statuses) <= {200, 201}, tally.errors
        assert await stopping >= 3
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(service.address)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_an_interrupt_is_not_put_off(make_url: MakeURL, workers: str) -> None:
    """Ctrl-C stops at once, also after SIGTERM."""
    url = await make_url("sqlite", "interrupted")
    with serving(url, "--workers", workers, MODELWIRE_SHUTDOWN_DELAY_S="600") as service:
        service.process.terminate()
        async with asyncio.timeout(60):
            while (await ask_once(service, "/health/ready")).status_code == 200:
                await asyncio.sleep(0.02)
        for process in service.workers:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            while service.process.poll() is None:
                await asyncio.sleep(0.02)


async def test_workers_do_not_outlive_their_server(make_url: MakeURL) -> None:
    """Workers whose parent is killed finish their requests and end: their port is free."""
    url = await make_url("sqlite", "orphans")
    with serving(url, "--workers", "2", MODELWIRE_METRICS="true") as service:
        async with asyncio.timeout(60):
            while len(service.worker_ids) < 2:
                await asyncio.sleep(0.05)
        workers = [psutil.Process(number) for number in service.worker_ids]
        service.process.kill()
        async with asyncio.timeout(60):
            while any(worker.is_running() for worker in workers) or await is_taken(service):
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_nothing_is_taken_while_stopping(filled: Postgres, workers: str) -> None:
    """A stopping server refuses connections, so clients can try another."""
    with serving(filled.url, "--workers", workers, **LONG) as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=120) as client:
            await client.get("/teams/")
            filled.freeze_backends()
            try:
                stuck = asyncio.ensure_future(client.get("/teams/?limit=7"))
                stopping = asyncio.ensure_future(service.stop(within_s=120))
                async with asyncio.timeout(60):
                    while await is_taken(service):
                        await asyncio.sleep(0.05)
                assert service.process.poll() is None, "it has ended before it refused one"
                assert not stuck.done()
            finally:
                filled.thaw()
            assert (await stuck).status_code == 200
            await stopping


LATE = """
import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from modelwire import Database

database = Database()
first = Path(__file__).with_name("first")


@asynccontextmanager
async def lifespan(app):
    try:
        first.touch(exist_ok=False)
    except FileExistsError:
        first.with_name("late").touch()
        await asyncio.sleep(600)
    async with database.lifespan(app):
        yield


app = FastAPI(lifespan=lifespan)
"""


async def test_a_worker_that_has_not_begun_holds_nothing_up(tmp_path: Path) -> None:
    """One that still waits for something when the server is told to stop, such as its database,
    is ended: it would take connections for which nobody answers."""
    (tmp_path / "slow.py").write_text(LATE)
    url = f"sqlite:///{tmp_path}/slow.db"
    with serving(url, "--workers", "2", target=str(tmp_path / "slow.py"), **LONG) as service:
        async with asyncio.timeout(60):
            while not (tmp_path / "late").exists():
                await asyncio.sleep(0.05)
        assert (await ask_once(service, "/openapi.json")).status_code == 200
        await service.stop(within_s=60)
        assert not await is_taken(service)


async def is_taken(service: Service) -> bool:
    """Whether a connection is accepted."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def test_streams_are_broken_off(filled: Postgres, figure: Figure) -> None:
    """A stream that does not end in time is broken off: no client takes it for whole."""
    with serving(filled.url, MODELWIRE_SHUTDOWN_TIMEOUT_S="1") as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=1024)
        writer.write(b"GET /players/stream/?include=team HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readexactly(100)
        stopped = asyncio.ensure_future(service.stop())
        await asyncio.sleep(1.5)
        rest = await reader.read()
        took_s = await stopped
        writer.close()
    figure("seconds to stop", took_s)
    assert not rest.endswith(b"0\r\n\r\n")
    assert took_s < 5


async def test_request_that_does_not_end(filled: Postgres, figure: Figure) -> None:
    """A request that is not done when the time is over is answered 503."""
    with serving(filled.url, MODELWIRE_SHUTDOWN_TIMEOUT_S="1") as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
            await client.get("/teams/")
            filled.freeze_backends()
            try:
                stuck = asyncio.ensure_future(client.get("/teams/"))
                await asyncio.sleep(0.1)
                took_s = await service.stop()
            finally:
                filled.thaw()
            answer = await stuck
    figure("seconds to stop", took_s)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def restart(service: Service) -> float:
    """Replace every worker by a new one; returns how many seconds it took."""
    before, begun = service.worker_ids, time.monotonic()
    service.process.send_signal(signal.SIGHUP)
    async with asyncio.timeout(60):
        while len(service.worker_ids) != 2 or service.worker_ids & before:
            await asyncio.sleep(0.1)
    return time.monotonic() - begun


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.long)])
async def test_rolling_restart(filled: Postgres, figure: Figure, times: int) -> None:
    """While two workers are replaced under load, not one request fails, and the server is ready."""
    with serving(filled.url, "--workers", "2", **DELAYED) as service:
        async with load(service.address, read_some, clients=10, pause_s=0.005) as tally:
            await asyncio.sleep(1)
            took_s = [await restart(service) for _ in range(times)]
            await asyncio.sleep(1)
    figure("answers", dict(tally.statuses))
    figure("seconds for each restart", [round(s, 1) for s in took_s])
    assert set(tally.statuses) <= {200, 201}, tally.errors

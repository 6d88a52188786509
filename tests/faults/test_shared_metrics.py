"""The metrics of several workers are one page, whichever answers, and whichever ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx2
import psutil
import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.conftest import MakeURL
from tests.http.problems import read_problem
from tests.lanes import DIALECTS

from .servers import Service, serving

LIMIT_S = 120
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
ON = {"MODELWIRE_METRICS": "true", "MODELWIRE_POOL_SIZE": "5"}
REQUESTS = "modelwire_request_duration_seconds_count"


async def ask(service: Service, path: str) -> httpx2.Response:
    """Ask on a connection of its own, which any of the workers may take."""
    async with httpx2.AsyncClient(base_url=service.address, timeout=60) as client:
        return await client.get(path)


def read_samples(text: str) -> Mapping[str, float]:
    """Each sample of a page by its name, with the template of its route where it has one."""
    found: defaultdict[str, float] = defaultdict(float)
    for family in parse_text(text):
        for sample in family.samples:
            found[f"{sample.name} {sample.labels.get('route', '')}".strip()] += sample.value
    return found


async def read_page(service: Service) -> Mapping[str, float]:
    return read_samples((await ask(service, "/metrics")).text)


async def wait_until(check: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await check():
            await asyncio.sleep(0.05)


def directory_of(worker: int) -> Path | None:
    """Return the directory of a worker's metrics."""
    found = psutil.Process(worker).environ().get(VARIABLE)
    return None if found is None else Path(found)


def counted_by(directory: Path, worker: int) -> float:
    """The requests for teams that a worker has counted itself."""
    files = [*directory.glob(f"histogram_{worker}.db")]
    metrics = MultiProcessCollector.merge([*map(str, files)])
    samples = [sample for metric in metrics for sample in metric.samples]
    own = [s for s in samples if s.name == REQUESTS and s.labels["route"] == "/teams/"]
    return float(sum(sample.value for sample in own))


async def spread(service: Service, directory: Path) -> int:
    """Ask for teams until each worker has answered some; gives how often that was."""
    asked = 0
    async with asyncio.timeout(LIMIT_S):
        while not all(counted_by(directory, worker) for worker in service.worker_ids):
            answers = await asyncio.gather(*(ask(service, "/teams/") for _ in range(10)))
            assert {answer.status_code for answer in answers} == {200}
            asked += len(answers)
            await asyncio.sleep(0.1)
    return asked


async def ready(service: Service, workers: int) -> None:
    """Wait until so many workers have said how large their pools are."""

    async def has_all() -> bool:
        page = await read_page(service)
        return page.get("modelwire_pool_size") == 5 * workers and (
            len(service.worker_ids) == workers
        )

    await wait_until(has_all)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_one_page(make_url: MakeURL, dialect: str) -> None:
    """The page of any worker has the counts of all, those that have ended included."""
    url = await make_url(dialect, "shared_metrics")
    with serving(url, "--workers", "2", **ON) as service:
        await ready(service, 2)
        directory = directory_of(min(service.worker_ids))
        assert directory is not None
        asked = await spread(service, directory)

        async def has_counted() -> bool:
            return (await read_page(service)).get(f"{REQUESTS} /teams/") == asked

        await wait_until(has_counted)
        page = await read_page(service)
        assert page["modelwire_statements_total"] >= 2  # pages are shared by who asks together
        assert page["modelwire_request_duration_seconds_sum /teams/"] > 0
        assert page["modelwire_pool_waiting"] == 0
        lost = max(service.worker_ids)
        os.kill(lost, signal.SIGKILL)
        await wait_until(lambda: _is(lost not in service.worker_ids))
        await ready(service, 2)
        assert await has_counted()
        assert not [*directory.glob(f"gauge_live*_{lost}.db")]
        await service.stop()
    assert not directory.exists()


async def test_directory_that_is_removed(make_url: MakeURL) -> None:
    """After the workers' directory is removed, the page reports it; rows are served."""
    url = await make_url("sqlite", "removed_metrics")
    with serving(url, "--workers", "2", **ON) as service:
        await ready(service, 2)
        directory = directory_of(min(service.worker_ids))
        assert directory is not None
        shutil.rmtree(directory)
        answer = await ask(service, "/metrics")
        assert VARIABLE in read_problem(answer, 503, "unavailable")["detail"]
        assert (await ask(service, "/teams/")).status_code == 200


async def _is(value: object) -> object:
    return value

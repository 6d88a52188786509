"""`/metrics`: what Prometheus reads."""

import asyncio
from collections.abc import AsyncIterator

import prometheus_client
from fastapi.responses import StreamingResponse
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from modelwire.observe.counts import Counts, PoolState
from modelwire.observe.exchange import count_retry
from modelwire.observe.metrics import describe_metrics, measure

from .conftest import Observe, Observed


async def read(observed: Observed, name: str, **labels: str) -> float:
    """The value of one sample, read as Prometheus reads it."""
    text = (await observed.client.get("/metrics")).text
    found = [
        sample.value
        for family in parse_text(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert len(found) == 1, (name, labels, found)
    return found[0]


async def test_off_by_default(observe: Observe) -> None:
    """There is no such path unless it is asked for."""
    observed = await observe()
    assert (await observed.client.get("/metrics")).status_code == 404


async def test_requests(observe: Observe) -> None:
    """Requests are counted by method, route and status, with how long they took."""
    observed = await observe(metrics=True)
    for key in (1, 2):
        await observed.client.get(f"/teams/{key}")
    labels = {"method": "GET", "route": "/teams/{id}", "status": "404"}
    assert await read(observed, "modelwire_request_duration_seconds_count", **labels) == 2
    assert 0 < await read(observed, "modelwire_request_duration_seconds_sum", **labels) < 60
    buckets = {**labels, "le": "+Inf"}
    assert await read(observed, "modelwire_request_duration_seconds_bucket", **buckets) == 2


async def test_paths_make_no_labels(observe: Observe) -> None:
    """Paths that no route has, and methods that don't exist, are one each."""
    observed = await observe(metrics=True)
    for n in range(3):
        await observed.client.request(f"X{n}", f"/nowhere/{n}")
    labels = {"method": "_OTHER", "route": "", "status": "404"}
    assert await read(observed, "modelwire_request_duration_seconds_count", **labels) == 3


async def test_statements(observe: Observe) -> None:
    """Statements are counted, and those that failed."""
    observed = await observe(metrics=True)
    for _ in range(2):
        await observed.client.post("/teams/", json={"name": "Red"})
    assert await read(observed, "modelwire_statements_total") >= 2
    assert await read(observed, "modelwire_statements_failed_total") == 1
    assert 0 < await read(observed, "modelwire_statement_seconds_total") < 60


async def test_pool(observe: Observe) -> None:
    """The pool is shown as it is: connections in use, and requests that wait for one."""
    observed = await observe(metrics=True, pool_size=2)
    database = observed.app.state.modelwire_database
    sessions = [database.session() for _ in range(2)]
    for session in sessions:
        await session.connection()
    waiting = asyncio.ensure_future(observed.client.get("/teams/"))
    while not database.pool_state.waiting:
        await asyncio.sleep(0)
    assert await read(observed, "modelwire_pool_size") == 2
    assert await read(observed, "modelwire_pool_in_use") == 2
    assert await read(observed, "modelwire_pool_waiting") == 1
    for session in sessions:
        await session.close()
    await waiting
    assert await read(observed, "modelwire_pool_in_use") == 0
    assert await read(observed, "modelwire_pool_waiting") == 0
    assert await read(observed, "modelwire_pool_wait_seconds_count") == 1


async def test_retries(observe: Observe) -> None:
    """Transactions that are tried again are counted."""
    observed = await observe(metrics=True)

    @observed.app.get("/again")
    async def again() -> None:
        count_retry()

    await observed.client.get("/again")
    assert await read(observed, "modelwire_retries_total") == 1


async def test_streams(observe: Observe) -> None:
    """Streams that are open are shown, and those that were broken off are counted."""
    observed = await observe(metrics=True)
    opened, fails = asyncio.Event(), asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        opened.set()
        await fails.wait()
        raise RuntimeError

    @observed.app.get("/parts")
    async def stream() -> StreamingResponse:
        return StreamingResponse(parts())

    streaming = asyncio.ensure_future(observed.client.get("/parts"))
    await opened.wait()
    assert await read(observed, "modelwire_streams_open") == 1
    fails.set()
    await asyncio.wait([streaming])
    assert await read(observed, "modelwire_streams_open") == 0
    labels = {"route": "/parts"}
    assert await read(observed, "modelwire_answers_broken_off_total", **labels) == 1


async def test_formats(observe: Observe) -> None:
    """Prometheus gets the format that it asks for."""
    observed = await observe(metrics=True)
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = await observed.client.get("/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "modelwire_pool_size" in {f.name for f in parse_openmetrics(answer.text)}
    plain = await observed.client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain")


async def test_metrics_of_the_application(observe: Observe) -> None:
    """Metrics that the application has registered with the library are included."""
    observed = await observe(metrics=True)
    counter = prometheus_client.Counter("own_orders", "Orders.")
    try:
        counter.inc(3)
        assert await read(observed, "own_orders_total") == 3
        assert await read(observed, "process_cpu_seconds_total") > 0
    finally:
        prometheus_client.REGISTRY.unregister(counter)


async def test_unknown_parameter(observe: Observe) -> None:
    """A parameter is refused here as everywhere."""
    observed = await observe(metrics=True)
    assert (await observed.client.get("/metrics?x=1")).status_code == 422


def test_buckets_are_cumulative() -> None:
    """Each bucket counts what is at most its bound, the bound included."""
    counts = Counts()
    for duration_ns in (1_000_000, 1_000_001, 10**12):
        counts.waits.add(duration_ns)
    family = next(
        f
        for f in describe_metrics(measure(counts, PoolState()))
        if f.name == "modelwire_pool_wait_seconds"
    )
    found = {s.labels["le"]: s.value for s in family.samples if "le" in s.labels}
    assert (found["0.001"], found["0.0025"], found["10.0"], found["+Inf"]) == (1, 2, 2, 3)

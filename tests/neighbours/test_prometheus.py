"""prometheus-fastapi-instrumentator counts requests by the templates of their routes."""

from collections import Counter

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from tests.conftest import open_client

from .conftest import Share

instrumentator = pytest.importorskip("prometheus_fastapi_instrumentator")


async def test_handlers(share: Share) -> None:
    """A resource's requests are counted like own ones: by method, template and status."""
    registry = CollectorRegistry()

    def add(app: FastAPI) -> None:
        app.add_api_route("/own/{name}", lambda name: name)
        found = instrumentator.Instrumentator(registry=registry, should_group_status_codes=False)
        found.instrument(app).expose(app)

    async with open_client(share(add)) as client:
        for path in ("/users", "/users/", "/users/stream/", "/teams/7", "/own/ann", "/nowhere"):
            await client.get(path)
        await client.post("/users/", json={})
        await client.get("/teams/7/players/?limit=1")
        assert (await client.get("/metrics")).status_code == 200
    counted: Counter[tuple[str, str, str]] = Counter()
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name == "http_requests_total":
                labels = sample.labels
                key = labels["method"], labels["handler"], labels["status"]
                counted[key] += int(sample.value)
    assert counted == {
        ("GET", "/users/", "200"): 2,
        ("GET", "/users/stream/", "200"): 1,
        ("GET", "/teams/{id}", "404"): 1,
        ("GET", "/teams/{id}/players/", "404"): 1,
        ("POST", "/users/", "422"): 1,
        ("GET", "/own/{name}", "200"): 1,
        ("GET", "none", "404"): 1,
        ("GET", "/metrics", "200"): 1,
    }

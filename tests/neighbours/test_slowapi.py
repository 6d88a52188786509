"""slowapi limits how often a route may be asked, those of resources too."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from tests.conftest import open_client

from .conftest import Share

slowapi = pytest.importorskip("slowapi")
middleware = pytest.importorskip("slowapi.middleware")
get_remote_address = pytest.importorskip("slowapi.util").get_remote_address


def limit(app: FastAPI, kind: str, times: str = "2/minute", **options: Any) -> Any:
    limiter = slowapi.Limiter(key_func=get_remote_address, default_limits=[times], **options)
    app.state.limiter = limiter
    app.add_middleware(getattr(middleware, kind))
    app.add_api_route("/own/{name}", lambda name: name)
    return limiter


async def statuses_of(client: httpx2.AsyncClient, path: str) -> list[int]:
    return [(await client.get(path)).status_code for _ in range(3)]


@pytest.mark.parametrize("kind", ["SlowAPIMiddleware", "SlowAPIASGIMiddleware"])
async def test_limits_of_paths(share: Share, kind: str) -> None:
    """Each path has a limit of its own, of resources like of own endpoints."""
    app = share(lambda app: limit(app, kind))
    async with open_client(app) as client:
        assert await statuses_of(client, "/own/ann") == [200, 200, 429]
        assert await statuses_of(client, "/own/bob") == [200, 200, 429]
        assert await statuses_of(client, "/users/") == [200, 200, 429]
        assert await statuses_of(client, "/users/7") == [404, 404, 429]
        assert await statuses_of(client, "/users/8") == [404, 404, 429]


async def test_limits_of_endpoints(share: Share) -> None:
    """With `key_style="endpoint"` each route has one, whichever of its paths is asked."""
    app = share(lambda app: limit(app, "SlowAPIMiddleware", key_style="endpoint"))
    async with open_client(app) as client:
        assert await statuses_of(client, "/own/ann") == [200, 200, 429]
        assert (await client.get("/own/bob")).status_code == 429
        assert await statuses_of(client, "/users/") == [200, 200, 429]
        assert (await client.get("/users")).status_code == 429
        assert await statuses_of(client, "/users/7") == [404, 404, 429]
        assert (await client.get("/users/8")).status_code == 429
        assert (await client.post("/users/", json={})).status_code == 422
        assert (await client.get("/users/stream/")).status_code == 200


async def test_own_limit(share: Share) -> None:
    """An own endpoint's decorator limits that one alone."""

    def add(app: FastAPI) -> None:
        limiter = limit(app, "SlowAPIMiddleware", "100/minute")

        @app.get("/rare")
        @limiter.limit("1/minute")
        async def rare(request: Request) -> None: ...

    async with open_client(share(add)) as client:
        assert await statuses_of(client, "/users/") == [200] * 3
        assert (await client.get("/rare")).status_code == 200
        assert (await client.get("/rare")).status_code == 429

"""fastapi-cache2 keeps the answers of own endpoints."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import func
from sqlmodel import select

from examples.league import User
from modelwire import SessionDep
from tests.conftest import open_client

from .conftest import Share

fastapi_cache = pytest.importorskip("fastapi_cache")
backends = pytest.importorskip("fastapi_cache.backends.inmemory")
cached = pytest.importorskip("fastapi_cache.decorator").cache


@pytest.fixture(autouse=True)
async def memory() -> AsyncIterator[None]:
    """The one cache of the process."""
    fastapi_cache.FastAPICache.init(backends.InMemoryBackend())
    yield
    await fastapi_cache.FastAPICache.clear()
    fastapi_cache.FastAPICache.reset()


def by_url(_function: Any, namespace: str, *, request: Request, **_rest: Any) -> str:
    """The key of an answer, of which a session would make a new one for each request."""
    return f"{namespace}:{request.url}"


async def test_cached(share: Share) -> None:
    """An own endpoint's reads through the session are cached; lists are always read anew."""

    def add(app: FastAPI) -> None:
        @app.get("/count")
        @cached(expire=60, key_builder=by_url)
        async def count(session: SessionDep) -> int:
            return (await session.exec(select(func.count()).select_from(User))).one()

    async with open_client(share(add)) as client:
        assert (await client.get("/count")).text == "0"
        await client.post("/users/", json={"username": "ann", "email": "ann@test"})
        again = await client.get("/count")
        assert (again.text, again.headers["x-fastapi-cache"]) == ("0", "HIT")
        assert (await client.get("/users/")).json()["total"] == 1

"""`X-Request-ID`: on every answer."""

import httpx2
import pytest
from fastapi import FastAPI, Response

from tests.conftest import open_client

from .conftest import Observe

PATHS = ["/users/", "/users/1", "/users/stream/", "/health", "/docs", "/nowhere", "/own", "/bug"]


@pytest.fixture(params=[{}, {"log_requests": True}], ids=["off", "on"])
async def client(observe: Observe, request: pytest.FixtureRequest) -> httpx2.AsyncClient:
    """A client of an application with endpoints of its own, observed or not."""
    observed = await observe(**request.param)
    add_own_endpoints(observed.app)
    return observed.client


def add_own_endpoints(app: FastAPI) -> None:
    @app.get("/own")
    async def own() -> str:
        return "own"

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError

    @app.get("/named")
    async def named(response: Response) -> None:
        response.headers["x-request-id"] = "the application's"


async def test_every_answer_has_one(client: httpx2.AsyncClient) -> None:
    """Whatever answers, the answer has an id, and the next one another."""
    answers = [await client.get(path) for path in PATHS for _ in range(2)]
    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert [len(found) for found in ids] == [1] * 2 * len(PATHS)
    assert len({found for [found] in ids}) == 2 * len(PATHS)


async def test_it_is_the_clients_own(client: httpx2.AsyncClient) -> None:
    """A client that sends one gets it back, whatever answers."""
    headers = {"x-request-id": "a-B_3.4:5"}
    answers = {path: await client.get(path, headers=headers) for path in PATHS}
    ids = {path: answer.headers.get_list("x-request-id") for path, answer in answers.items()}
    assert ids == {path: ["a-B_3.4:5"] for path in PATHS}


async def test_the_applications_own_wins(client: httpx2.AsyncClient) -> None:
    """An application that gives ids itself is left to it."""
    answer = await client.get("/named")
    assert answer.headers.get_list("x-request-id") == ["the application's"]


async def test_mounted_application(observe: Observe) -> None:
    """An application that is mounted on another one gives each answer one id."""
    inner = await observe()
    outer = FastAPI()
    outer.mount("/api", inner.app)
    async with open_client(outer) as client:
        answer = await client.get("/api/users/")
    assert answer.status_code == 200
    assert len(answer.headers.get_list("x-request-id")) == 1

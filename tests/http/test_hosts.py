"""The names that a service answers to."""

import pytest
from fastapi import FastAPI

from examples.league import User
from modelwire import ConfigurationError, Database, Resource, mount
from tests.conftest import open_client
from tests.http.problems import read_problem

HOSTS = "api.example.com, *.test.example,[::1]"
ALLOWED = (
    "api.example.com",
    "API.example.com:8000",
    "a.test.example",
    "b.a.test.example:1",
    "[::1]:8000",
)
REFUSED = (
    "example.com",
    "evil.example",
    "test.example",
    "api.example.com.evil.example",
    "",
    "::1",
    "[::2]",
)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("MODELWIRE_ALLOWED_HOSTS", HOSTS)
    app = FastAPI()
    mount(app, Database("sqlite://"), Resource(User))
    app.add_api_route("/own", lambda: "own")
    return app


@pytest.mark.parametrize("path", ["/health", "/own", "/docs", "/users/nope", "/nowhere"])
async def test_hosts(app: FastAPI, path: str) -> None:
    """Every path answers to the hosts that are allowed, and to no other."""
    async with open_client(app) as client:
        for host in ALLOWED:
            answer = await client.get(path, headers={"host": host})
            assert answer.status_code in (200, 404, 422), host
        for host in REFUSED:
            answer = await client.get(path, headers={"host": host})
            read_problem(answer, 400, "unknown_host")
            assert answer.headers["x-request-id"]
            assert host not in answer.text or not host


async def test_any_host() -> None:
    """Unless hosts are named, every one is answered."""
    app = FastAPI()
    mount(app, Database("sqlite://"), Resource(User))
    async with open_client(app) as client:
        assert (await client.get("/health", headers={"host": "evil.example"})).status_code == 200


@pytest.mark.parametrize("value", ["http://example.com", "example.com:80", "a/b", "*example.com"])
def test_bad_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A malformed host name is refused, with an example of a valid one."""
    monkeypatch.setenv("MODELWIRE_ALLOWED_HOSTS", value)
    with pytest.raises(
        ConfigurationError, match=r"MODELWIRE_ALLOWED_HOSTS.*as in api\.example\.com"
    ):
        Database("sqlite://")

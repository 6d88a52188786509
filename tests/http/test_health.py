"""Health: whether the service lives, and whether its database answers."""

import socket
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from modelwire import Database, mount
from tests.conftest import LEAGUE, MakeClient, open_client
from tests.http.rows import refused_parameters

pytestmark = pytest.mark.both_lanes

PATHS = ("/health", "/health/live", "/health/ready")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine at which nothing answers, and nothing else can."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield unheard.getsockname()[1]


@pytest_asyncio.fixture
async def away(closed_port: int) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a league whose database can't be reached."""
    database = Database(f"postgresql://ann:red@127.0.0.1:{closed_port}/league")
    app = FastAPI()
    mount(app, database, *LEAGUE)
    async with open_client(app) as client:
        yield client
    await database.close_db()


@pytest.mark.parametrize("path", [path + slash for path in PATHS for slash in ("", "/")])
async def test_well(client: httpx2.AsyncClient, path: str) -> None:
    """While the database answers, every health route does, with and without its last slash."""
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", PATHS)
async def test_head(client: httpx2.AsyncClient, path: str) -> None:
    """Health routes answer HEAD as they do GET, without a body."""
    headers = {"x-request-id": "same"}
    get, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
    assert head.content == b""
    assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))


@pytest.mark.parametrize("path", PATHS)
async def test_unknown_parameter(client: httpx2.AsyncClient, path: str) -> None:
    """Health routes have no parameters, so that any is 422."""
    assert refused_parameters(await client.get(f"{path}?verbose=1")) == ["verbose"]


@pytest.mark.parametrize("path", PATHS)
async def test_other_method(client: httpx2.AsyncClient, path: str) -> None:
    """Health routes can only be read."""
    answer = await client.post(path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/health", "/health/live"])
async def test_live_does_not_ask(
    client: httpx2.AsyncClient, path: str, statements: list[str]
) -> None:
    """Whether the process lives is answered without a statement."""
    await client.get(path)
    assert statements == []


async def test_ready_asks(client: httpx2.AsyncClient, statements: list[str]) -> None:
    """Whether the service is ready is asked of the database."""
    await client.get("/health/ready")
    assert len(statements) == 1


@pytest.mark.parametrize("path", ["/health", "/health/live"])
async def test_live_while_the_database_is_away(away: httpx2.AsyncClient, path: str) -> None:
    """The process lives even while its database is away."""
    assert (await away.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/health/ready", "/users/", "/users/1", "/users/stream/", "/teams/?include=players"],
)
async def test_database_away(away: httpx2.AsyncClient, path: str) -> None:
    """Routes that need the database are 503 while it is away, with a time to retry."""
    answer = await away.get(path)
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) > 0
    assert "127.0.0.1" not in answer.text


async def test_refusal_does_not_need_the_database(away: httpx2.AsyncClient) -> None:
    """A request that is not valid is 422 even while the database is away."""
    assert refused_parameters(await away.get("/users/?nope=1")) == ["nope"]


async def test_elsewhere(make_client: MakeClient) -> None:
    """Health routes stand where they are put."""
    made = await make_client(*LEAGUE, health="/up")
    assert (await made.get("/up/ready")).status_code == 200
    assert (await made.get("/health")).status_code == 404


async def test_none(make_client: MakeClient) -> None:
    """Health routes may be left out."""
    made = await make_client(*LEAGUE, health=None)
    assert (await made.get("/health")).status_code == 404

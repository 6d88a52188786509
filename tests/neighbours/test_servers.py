"""Servers of the field serve an application, with the same answers as `modelwire serve`.

Which database is behind is none of a server's business, so there is one.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest

from modelwire import Database
from tests.http.problems import read_problem

from .served import ServedName

ROOT = Path(__file__).parents[2]
APP = "tests.neighbours.served:app"
SERVERS = {
    "uvicorn": ["uvicorn", "--host", "127.0.0.1", "--port", "PORT"],
    "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "PORT"],
    "hypercorn": ["hypercorn", "--bind", "127.0.0.1:PORT"],
    "gunicorn": ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:PORT"],
    "daphne": ["daphne", "-b", "127.0.0.1", "-p", "PORT"],
}
ROWS = 5000
START_S = STOP_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(server: str, url: str, *options: str, **environment: str) -> Iterator[httpx2.Client]:
    """Serve the application in a process that must end in order when it is asked to."""
    if find_spec(server) is None:
        pytest.skip(f"{server} is installed by `make sqlalchemy20`")
    port = free_port()
    arguments = [part.replace("PORT", str(port)) for part in SERVERS[server]]
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments, *options, APP],
        cwd=ROOT,
        env={**os.environ, "MODELWIRE_DATABASE_URL": url, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait_for(process, client)
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) in (0, -signal.SIGTERM)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)


def _wait_for(process: subprocess.Popen[bytes], client: httpx2.Client) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            assert client.get("/health").status_code == 200
            return
        except httpx2.TransportError:
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)


def use(client: httpx2.Client) -> None:
    """Create, read, change, list, stream, and be refused."""
    assert client.get("/health/ready").json() == {"status": "ok"}
    made = client.post("/teams/", json={"name": "Reds"})
    assert (made.status_code, made.headers["location"]) == (201, "/teams/1")
    tag = {"if-none-match": client.get("/teams/1").headers["etag"]}
    assert client.get("/teams/1", headers=tag).status_code == 304
    assert client.patch("/teams/1", json={"city": "Ulm"}).json()["city"] == "Ulm"
    assert client.head("/teams/1").content == b""
    assert client.post("/served_names/", json={"name": "a/b ü"}).status_code == 201
    assert client.get("/served_names/a%2Fb%20%C3%BC").json() == {"name": "a/b ü"}
    for start in range(0, ROWS, 1000):
        rows = [{"name": f"p{start + n}", "team_id": 1} for n in range(1000)]
        assert client.post("/players/bulk/", json=rows).status_code == 201
    assert len(client.get("/players/stream/").json()) == ROWS
    lines = client.get("/players/stream/", headers={"accept": "application/jsonl"}).text
    assert len(lines.splitlines()) == ROWS
    with client.stream("GET", "/players/stream/") as left:
        next(left.iter_bytes())  # and goes away
    read_problem(client.get("/teams/?nope=1"), 422, "invalid")
    read_problem(client.get("/nowhere"), 404, "no_such_path")
    read_problem(client.post("/teams/", content=b"x" * 2_000_000), 413, "too_large")
    assert client.delete("/served_names/a%2Fb%20%C3%BC").status_code == 204


@pytest.mark.parametrize("server", [name for name in SERVERS if name != "daphne"])
def test_server(server: str, tmp_path: Path) -> None:
    """It runs the lifespan, and passes requests and answers on as they are."""
    with serving(server, f"sqlite:///{tmp_path}/served.db") as client:
        use(client)


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_metrics_of_workers(server: str, tmp_path: Path) -> None:
    """Several workers have one page of metrics where Prometheus' client is told of a directory."""
    directory = tmp_path / "metrics"
    directory.mkdir()
    shared = {"MODELWIRE_METRICS": "true", "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    with serving(server, f"sqlite:///{tmp_path}/served.db", "--workers", "2", **shared) as client:
        for _ in range(3):
            httpx2.get(f"{client.base_url}/teams/", timeout=30)
        wanted = ("modelwire_pool_size 20.0", 'route="/teams/",status="200"} 3.0')
        until = time.monotonic() + START_S
        while not all(line in httpx2.get(f"{client.base_url}/metrics").text for line in wanted):
            assert time.monotonic() < until, httpx2.get(f"{client.base_url}/metrics").text
            time.sleep(0.05)


async def test_server_without_lifespan(tmp_path: Path) -> None:
    """Nothing is ready or fails before the tables are there, and then all works."""
    url = f"sqlite:///{tmp_path}/served.db"
    with serving("daphne", url) as client:
        problem = read_problem(client.get("/health/ready"), 503, "unavailable")
        assert "database.lifespan" in problem["detail"]
        read_problem(client.get("/teams/"), 503, "unavailable")
        database = Database(url, metadata=ServedName.metadata)
        await database.init_db()
        await database.close_db()
        use(client)

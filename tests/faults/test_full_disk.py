"""A full disk: writes are 503, reads go on, and writes again once there is room."""

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from modelwire import Database
from tests.conftest import open_client
from tests.lanes import LANES

from .conftest import Figure
from .servers import own_postgres
from .slow import make_league_app

TEXT = "x" * 90


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system in memory of a given size."""
    place = Path(tempfile.mkdtemp(prefix="modelwire-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "none", str(place)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a file system can't be mounted here: " + done.stderr.decode().strip())
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


async def fill_up(client: httpx2.AsyncClient, first: int) -> tuple[int, httpx2.Response]:
    """Store rows until one is refused; returns how many were stored, and the refusal."""
    stored = 0
    for turn in range(2000):
        rows = [
            {"username": f"{first + turn}-{i}", "email": f"{first + turn}-{i}", "full_name": TEXT}
            for i in range(200)
        ]
        answer = await client.post("/users/bulk/", json=rows)
        if answer.status_code != 201:
            return stored, answer
        stored += len(rows)
    raise AssertionError("the disk is never full")


def use_up(directory: Path) -> Path:
    """Take what room there is."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return ballast


@pytest.mark.parametrize("lane", LANES)
async def test_sqlite(lane: str, figure: Figure) -> None:
    """SQLite on a disk of 2 MB."""
    with small_disk("2m") as disk:
        database = Database(f"sqlite:///{disk}/full.db")
        await database.init_db()
        ballast = disk / "ballast"
        ballast.write_bytes(b"\0" * 600_000)
        async with open_client(make_league_app(database, lane)) as client:
            stored, refused = await fill_up(client, 0)
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            page = await client.get("/users/")
            assert (page.status_code, page.json()["total"]) == (200, stored)
            assert (await client.post("/teams/", json={"name": "x" * 90})).status_code in (201, 503)
            ballast.unlink()
            again = await client.post("/users/", json={"username": "a", "email": "a"})
            assert again.status_code == 201, again.text
            assert (await client.get("/users/")).json()["total"] == stored + 1
        async with database.engine.connect() as connection:
            checked = await connection.exec_driver_sql("PRAGMA integrity_check")
            assert checked.scalar_one() == "ok"
        await database.close_db()
    figure("rows stored before the disk was full", stored)


@pytest.mark.parametrize("lane", LANES)
async def test_postgresql(lane: str, figure: Figure) -> None:
    """PostgreSQL with its data directory on a small disk: a table that can't grow."""
    with small_disk("120m") as disk, own_postgres(disk, autovacuum="off") as server:
        database = Database(server.url)
        await database.init_db()
        async with open_client(make_league_app(database, lane)) as client:
            # The log of writes has its room already: what is missing is room for the tables.
            await client.post("/users/", json={"username": "first", "email": "first"})
            ballast = use_up(disk)
            stored, refused = await fill_up(client, 0)
            assert (refused.status_code, refused.json()["code"]) in [
                (503, "unavailable"),
                (503, "unknown_outcome"),
            ]
            assert (await client.get("/users/")).status_code == 200
            ballast.unlink()
            await _until_up(client)
            again = await client.post("/users/", json={"username": "a", "email": "a"})
            assert again.status_code == 201, again.text
            total = (await client.get("/users/")).json()["total"]
        await database.close_db()
    figure("rows stored before the disk was full", stored)
    assert total == stored + 2


async def _until_up(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while (await client.get("/users/")).status_code != 200:
            await asyncio.sleep(0.1)

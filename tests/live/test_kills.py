"""Processes that are killed under load: what was acknowledged is there, and keys tell the rest."""

import asyncio
import json
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest

from tests.examples import THOROUGH
from tests.faults.servers import Postgres, own_postgres, serving

TURNS = 20 if THOROUGH else 2
WRITERS = 8
LIMITS = {"MODELWIRE_POOL_SIZE": "5"}
KEPT = str(Path(__file__).with_name("kept_league.py"))
ROWS = "SELECT id, name FROM teams"
LOG = "SELECT operation, key, new FROM modelwire_changes"


@dataclass
class Sent:
    """A request, and what came of it.

    Attributes:
        names: The teams that it creates.
        key: Its key.
        in_batch: Whether each is created by a request of a batch.
        answer: Its answer; None where there was none.
    """

    names: Sequence[str]
    key: str
    in_batch: bool = False
    answer: httpx2.Response | None = None

    @property
    def is_acknowledged(self) -> bool:
        return self.answer is not None and self.answer.is_success

    @property
    def is_refused(self) -> bool:
        """Whether it was answered that nothing was stored."""
        return self.answer is not None and self.answer.json().get("code") == "unavailable"

    @property
    def stored(self) -> list[tuple[int, str]]:
        """The rows that were answered."""
        assert self.answer is not None
        found = self.answer.json()
        if self.in_batch:
            found = [response["body"] for response in found["responses"]]
        rows = found if isinstance(found, list) else [found]
        return [(row["id"], row["name"]) for row in rows]

    async def send(self, client: httpx2.AsyncClient) -> None:
        rows: list[Any] = [{"name": name} for name in self.names]
        path, body = ("/teams/bulk/", rows) if len(rows) > 1 else ("/teams/", rows[0])
        if self.in_batch:
            requests = [{"method": "POST", "path": "/teams/", "body": row} for row in rows]
            path, body = "/batch", {"requests": requests}
        try:
            self.answer = await client.post(path, json=body, headers={"Idempotency-Key": self.key})
        except httpx2.TransportError:
            self.answer = None


@dataclass
class Writers:
    """Clients that create teams, one request after the other, until something is killed."""

    turn: int
    sent: list[Sent] = field(default_factory=list)

    @asynccontextmanager
    async def write(self, address: str) -> AsyncIterator[None]:
        """Write for as long as the block runs, and until each has met what the block has done."""
        async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
            tasks = [asyncio.create_task(self._go_on(client, i)) for i in range(WRITERS)]
            yield
            await asyncio.gather(*tasks)

    async def _go_on(self, client: httpx2.AsyncClient, writer: int) -> None:
        number = 0
        while True:
            start = f"{self.turn} {writer} {number}"
            names = [start] if writer % 2 else [f"{start} {i}" for i in range(3)]
            sent = Sent(names, f"key {start}", in_batch=writer % 4 == 0)
            self.sent.append(sent)
            await sent.send(client)
            if not sent.is_acknowledged:
                return
            number += 1

    async def repeat(self, address: str) -> None:
        """Repeat the requests whose outcome is not known; each succeeds now."""
        async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
            for sent in self.sent:
                if not sent.is_acknowledged:
                    await sent.send(client)
                    assert sent.is_acknowledged, sent.answer and sent.answer.text


class SQLiteFile:
    """A database in a file."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "killed.db"
        self.url = f"sqlite:///{self.path}"

    async def read(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """The teams and their log; the file is whole."""
        connection = sqlite3.connect(self.path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = [connection.execute(text).fetchall() for text in (ROWS, LOG)]
        connection.close()
        return found[0], found[1]


class PostgresServer:
    """A database on a server of the test's own."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.url = server.url

    async def read(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """The teams and their log; what tables have, their indexes have."""
        connection = await asyncpg.connect(self.url)
        await connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
        await connection.execute(
            "SELECT bt_index_check(indexrelid, true) FROM pg_index "
            "WHERE indrelid IN ('teams'::regclass, 'modelwire_changes'::regclass)"
        )
        found = [await connection.fetch(text) for text in (ROWS, LOG)]
        await connection.close()
        return found[0], found[1]

    def kill(self) -> None:
        """Kill the server's first process, and wait until those that it started are gone."""
        children = psutil.Process(self.server.pid).children()
        os.kill(self.server.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert alive == []


Place = SQLiteFile | PostgresServer


@contextmanager
def _open(kind: str, directory: Path) -> Iterator[Place]:
    if kind == "sqlite":
        yield SQLiteFile(directory)
        return
    with own_postgres() as server:
        yield PostgresServer(server)


async def _read(place: Place) -> Sequence[tuple[int, str]]:
    """Read the teams; each has a change in the log, and no change has no team."""
    found, log = await place.read()
    rows = [(key, name) for key, name in found]
    noted = [(operation, *json.loads(key), json.loads(new)["name"]) for operation, key, new in log]
    assert sorted(noted) == sorted(("create", *row) for row in rows)
    return rows


async def _check(place: Place, sent: Sequence[Sent]) -> None:
    """Check that what was acknowledged is there once, and nothing that was refused is."""
    rows = await _read(place)
    names = Counter(name for _, name in rows)
    assert set(names.values()) <= {1}
    stored = set(rows)
    for request in sent:
        if request.is_acknowledged:
            assert stored.issuperset(request.stored)
            continue
        assert request.answer is None or request.answer.status_code == 503, request.answer.text
        if request.is_refused:
            assert not names.keys() & set(request.names)
        else:
            assert len(names.keys() & set(request.names)) in (0, len(request.names))


async def _check_all(place: Place, sent: Sequence[Sent]) -> None:
    """Check that every request is carried out once."""
    await _check(place, sent)
    rows = await _read(place)
    assert sorted(rows) == sorted(row for request in sent for row in request.stored)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_killed_service(kind: str, tmp_path: Path) -> None:
    """A service that is killed under load loses nothing, and repeats tell what was not answered."""
    unknown, sent = 0, []
    with _open(kind, tmp_path) as place:
        for turn in range(TURNS):
            writers = Writers(turn)
            with serving(place.url, target=KEPT, **LIMITS) as service:
                async with writers.write(service.address):
                    await asyncio.sleep(random.uniform(0.2, 0.8))
                    service.process.kill()
                service.process.wait()
            sent += writers.sent
            unknown += sum(not request.is_acknowledged for request in writers.sent)
            await _check(place, sent)
            with serving(place.url, target=KEPT, **LIMITS) as service:
                await writers.repeat(service.address)
            await _check_all(place, sent)
    assert 0 < unknown < len(sent)


async def test_killed_database() -> None:
    """A database that is killed under load loses nothing, and repeats tell what was not known."""
    sent: list[Sent] = []
    with own_postgres() as server, serving(server.url, target=KEPT, **LIMITS) as service:
        place = PostgresServer(server)
        for turn in range(TURNS):
            writers = Writers(turn)
            async with writers.write(service.address):
                await asyncio.sleep(random.uniform(0.2, 0.8))
                place.kill()
            server.start()
            sent += writers.sent
            await _check(place, sent)
            await writers.repeat(service.address)
            await _check_all(place, sent)

"""Failovers under load: a ledger of what was acknowledged is checked against the new primary."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import MetaData
from sqlmodel import SQLModel

from modelwire import Database, mount
from tests.conftest import LEAGUE, open_client

from .cluster import MISSING, TTL_S, Cluster, Node, open_cluster
from .conftest import Figure

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

CLIENTS = 20
ROUNDS = int(os.environ.get("MODELWIRE_TEST_FAILOVERS", "2"))
"""How often each kind of failover is made."""


AGAIN_S = 2.0
"""Seconds after the cluster takes writes until those of clients go on."""


async def takes_writes(cluster: Cluster, other_than: Node | None) -> float:
    """Wait until a new primary has committed a write of its own; returns when it had."""
    while True:
        primary = await cluster.primary(other_than)
        url = f"postgresql://postgres@127.0.0.1:{primary.port}/postgres?sslmode=disable"
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            connection = await asyncpg.connect(url, timeout=2)
            try:
                await connection.execute("CREATE TABLE IF NOT EXISTS probes (a int)", timeout=5)
                await connection.execute("INSERT INTO probes VALUES (1)", timeout=5)
                return time.monotonic()
            finally:
                connection.terminate()
        await asyncio.sleep(0.05)


class Ledger:
    """What clients were told, by twenty that write all the time.

    Args:
        client: Sends what they send.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._stop = asyncio.Event()
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.written_s: list[float] = []

    async def _write(self, number: int) -> None:
        turn = 0
        while not self._stop.is_set():
            name, turn = f"c{number}-{turn}", turn + 1
            answer = await self._client.post("/teams/", json={"name": name})
            self.statuses[answer.status_code] += 1
            if answer.status_code == 201:
                self.acknowledged.append(name)
                self.written_s.append(time.monotonic())
            else:
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write for as long as the block runs."""
        tasks = [asyncio.create_task(self._write(i)) for i in range(CLIENTS)]
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.gather(*tasks)

    async def goes_on(self, after_s: float, within_s: float = 120) -> float:
        """Wait until a write that came after some time is acknowledged; returns when."""
        async with asyncio.timeout(within_s):
            while not self.written_s or self.written_s[-1] <= after_s:
                await asyncio.sleep(0.01)
        return next(moment for moment in self.written_s if moment > after_s)

    async def lost(self, primary: Node) -> set[str]:
        """What was acknowledged and is not stored."""
        connection = await asyncpg.connect(
            f"postgresql://postgres@127.0.0.1:{primary.port}/postgres?sslmode=disable"
        )
        stored = {row["name"] for row in await connection.fetch("SELECT name FROM teams")}
        await connection.close()
        return set(self.acknowledged) - stored


@asynccontextmanager
async def serving(cluster: Cluster, durability: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A service of the cluster."""
    await cluster.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELWIRE_DURABILITY", durability)
        database = Database(cluster.url, metadata=_league())
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, *LEAGUE)
    async with app.router.lifespan_context(app), open_client(app) as client:
        yield client


def _league() -> MetaData:
    """The tables of the league alone."""
    metadata = MetaData()
    for resource in LEAGUE:
        SQLModel.metadata.tables[str(resource.model.__tablename__)].to_metadata(metadata)
    return metadata


async def kill(cluster: Cluster, primary: Node) -> None:
    primary.kill()


async def freeze(cluster: Cluster, primary: Node) -> None:
    primary.signal(signal.SIGSTOP)


async def switch_over(cluster: Cluster, primary: Node) -> None:
    """Ask Patroni for another primary, until it says that there is one it can take."""
    url = f"http://127.0.0.1:{primary.api_port}/switchover"
    async with asyncio.timeout(60), httpx2.AsyncClient(timeout=60) as client:
        while (await client.post(url, json={"leader": primary.name})).status_code != 200:
            await asyncio.sleep(0.5)


async def lose_etcd(cluster: Cluster, primary: Node) -> None:
    """Two of three members of etcd: nobody may be the primary until they are back."""
    for member in cluster.etcds[:2]:
        member.send_signal(signal.SIGSTOP)
    await asyncio.sleep(2 * TTL_S)
    for member in cluster.etcds[:2]:
        member.send_signal(signal.SIGCONT)


KINDS = {"kill": kill, "freeze": freeze, "switchover": switch_over, "etcd": lose_etcd}


async def test_no_acknowledged_write_is_lost(figure: Figure) -> None:
    """With commits that wait for a standby nothing is lost, whatever happens to the primary.

    Clients see 201 and 503 only, and writes go on soon after another server was made the primary.
    """
    with open_cluster(3, synchronous_mode=True, synchronous_mode_strict=True) as cluster:
        async with serving(cluster, "quorum") as client:
            ledger = Ledger(client)
            async with ledger.writing():
                for kind, fail in KINDS.items():
                    for _ in range(ROUNDS):
                        await cluster.settled()
                        primary = await cluster.primary()
                        await ledger.goes_on(time.monotonic())
                        await fail(cluster, primary)
                        changes = kind != "etcd"
                        # What the cluster itself needs: a standby that COMMIT may wait for, too.
                        taken_s = await takes_writes(cluster, primary if changes else None)
                        late_s = max(0.0, await ledger.goes_on(taken_s) - taken_s)
                        figure(f"seconds until clients write after the cluster can: {kind}", late_s)
                        assert late_s < AGAIN_S
                        primary.signal(signal.SIGCONT)
                        if kind == "kill":
                            primary.start()
            await cluster.settled()
            assert set(ledger.statuses) <= {201, 503}, ledger.statuses
            assert ledger.statuses[503] > 0
            assert await ledger.lost(await cluster.primary()) == set()
            figure("writes acknowledged", len(ledger.acknowledged))


async def test_losses_are_found(figure: Figure) -> None:
    """Where commits wait for nobody, what no standby has is lost, and the ledger says so."""
    with open_cluster(2) as cluster:
        async with serving(cluster, "local") as client:
            primary = await cluster.primary()
            (standby,) = [node for node in cluster.nodes if node is not primary]
            ledger = Ledger(client)
            async with ledger.writing():
                await ledger.goes_on(time.monotonic())
                for process in primary.processes:
                    if "walsender" in " ".join(process.cmdline()):
                        process.send_signal(signal.SIGSTOP)
                await ledger.goes_on(time.monotonic() + 0.5)
                primary.kill()
                await cluster.primary(primary)
                await ledger.goes_on(time.monotonic())
            lost = await ledger.lost(standby)
            figure("writes lost without a standby's word", len(lost))
            assert lost

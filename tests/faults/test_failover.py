"""Failovers under load: a ledger of what was acknowledged is checked against the new primary."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

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
"""Number of failures of each kind."""


AGAIN_S = 2.0
"""Seconds after the cluster takes writes until those of clients go on."""


Window = tuple[float, float]
"""From when until when no write may be acknowledged."""


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
    """Acknowledgements to twenty clients that write all the time.

    Args:
        client: The client that sends the requests.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._stop = asyncio.Event()
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.written_s: list[float] = []
        self.within_s: list[tuple[float, float]] = []

    async def _write(self, number: int) -> None:
        turn = 0
        while not self._stop.is_set():
            name, turn = f"c{number}-{turn}", turn + 1
            sent_s = time.monotonic()
            answer = await self._client.post("/teams/", json={"name": name})
            self.statuses[answer.status_code] += 1
            if answer.status_code == 201:
                self.acknowledged.append(name)
                self.written_s.append(time.monotonic())
                self.within_s.append((sent_s, self.written_s[-1]))
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

    def written_within(self, window: Window) -> int:
        """Return the number of writes sent and acknowledged within a window of time."""
        begun_s, ended_s = window
        return sum(begun_s < sent_s and s < ended_s for sent_s, s in self.within_s)

    async def lost(self, primary: Node) -> set[str]:
        """Return the acknowledged writes that are not stored."""
        connection = await asyncpg.connect(
            f"postgresql://postgres@127.0.0.1:{primary.port}/postgres?sslmode=disable"
        )
        stored = {row["name"] for row in await connection.fetch("SELECT name FROM teams")}
        await connection.close()
        return set(self.acknowledged) - stored


@asynccontextmanager
async def serving(
    cluster: Cluster, durability: str, **settings: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    """A service of the cluster."""
    async with cluster.started():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MODELWIRE_DURABILITY", durability)
            database = Database(cluster.url, metadata=_league(), **settings)
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


CUT_S = 2.0 * TTL_S
"""Seconds that a network is cut, or a majority lost: longer than any lease."""


async def kill(cluster: Cluster, primary: Node) -> None:
    primary.kill()


async def freeze(cluster: Cluster, primary: Node) -> None:
    primary.freeze()


AWAKE_S = 2.0
"""Seconds that a server wakes up for, until its watchdog resets the machine."""


async def acts_as_primary(node: Node) -> None:
    """A server takes writes, without a standby that would confirm them."""
    url = f"postgresql://postgres@127.0.0.1:{node.port}/postgres?sslmode=disable"
    connection = await asyncpg.connect(url, timeout=10)
    try:
        assert await connection.fetchval("SELECT pg_is_in_recovery()") is False
        with pytest.raises(TimeoutError):
            await connection.execute("CREATE TABLE awake ()", timeout=AWAKE_S)
    finally:
        connection.terminate()


async def wake_and_reset(ledger: Ledger, primary: Node) -> None:
    """A frozen primary wakes up, and takes itself to be the primary beside the new one.

    Its machine is reset then, as by the watchdog that Patroni is to have. Its Patroni does not
    wake: with etcd 3, Patroni 3.0.2 takes a new lease after it has slept longer than its own, and
    writes itself over the new primary (`Etcd3._update_leader`), whose commits are lost then.
    """
    primary.wake_server()
    await acts_as_primary(primary)
    primary.kill()
    await ledger.goes_on(time.monotonic())
    primary.mend()


async def mend(ledger: Ledger, primary: Node) -> None:
    primary.mend()


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
    await asyncio.sleep(CUT_S)
    for member in cluster.etcds[:2]:
        member.send_signal(signal.SIGCONT)


async def cut_standbys(cluster: Cluster, primary: Node, *, silent: bool) -> Window:
    """The primary stays what it is, but no standby hears of what it commits."""
    primary.cut_off(primary.to_standbys, silent=silent)
    begun_s = time.monotonic() + 0.5
    await asyncio.sleep(CUT_S)
    ended_s = time.monotonic()
    primary.mend()
    return begun_s, ended_s


async def cut_etcd(cluster: Cluster, primary: Node) -> None:
    """The primary can't prolong its lease. Nobody may take its place before it is back, since it
    has the most, as it says itself."""
    primary.cut_off(*primary.to_etcd, silent=False)
    await asyncio.sleep(CUT_S)
    primary.mend()


async def isolate(cluster: Cluster, primary: Node) -> None:
    """The primary, and its Patroni, are seen by clients alone."""
    primary.cut_off(primary.to_standbys, primary.to_peers, *primary.to_etcd, silent=True)


async def cut_clients(cluster: Cluster, primary: Node) -> None:
    """Clients wait for the primary in vain, until another one is made it."""
    primary.cut_off(primary.to_clients, silent=True)
    await asyncio.sleep(2)
    await switch_over(cluster, primary)


class Failure(NamedTuple):
    """Something that breaks.

    Args:
        happen: Has it happen, to a primary. Gives when no write may be acknowledged, if ever.
        changes: Whether another server is the primary then.
        end: Ends it, once the cluster and clients write again.
    """

    happen: Callable[[Cluster, Node], Awaitable[Window | None]]
    changes: bool = True
    end: Callable[[Ledger, Node], Awaitable[None]] = mend


FAILURES = {
    "kill": Failure(kill),
    "freeze": Failure(freeze, end=wake_and_reset),
    "switchover": Failure(switch_over),
    "etcd without a majority": Failure(lose_etcd, changes=False),
    "standbys refused": Failure(partial(cut_standbys, silent=False), changes=False),
    "standbys cut off": Failure(partial(cut_standbys, silent=True), changes=False),
    "primary without etcd": Failure(cut_etcd, changes=False),
    "primary cut off from all but clients": Failure(isolate),
    "primary cut off from clients": Failure(cut_clients),
}


async def survive(cluster: Cluster, ledger: Ledger, failure: Failure) -> float:
    """Have something break, and all be well again; returns how many seconds later than the cluster
    clients could write."""
    await cluster.settled()
    primary = await cluster.primary()
    await ledger.goes_on(time.monotonic())
    window = await failure.happen(cluster, primary)
    # What the cluster itself needs: a standby that COMMIT may wait for, too.
    taken_s = await takes_writes(cluster, primary if failure.changes else None)
    late_s = max(0.0, await ledger.goes_on(taken_s) - taken_s)
    if window is not None:
        assert ledger.written_within(window) == 0
    await failure.end(ledger, primary)
    return late_s


async def test_no_acknowledged_write_is_lost(figure: Figure) -> None:
    """With commits that wait for a standby nothing is lost, whatever happens to the primary.

    Clients see 201 and 503 only, and writes go on soon after another server was made the primary.
    """
    with open_cluster(3, synchronous_mode=True, synchronous_mode_strict=True) as cluster:
        async with serving(cluster, "quorum") as client:
            ledger = Ledger(client)
            async with ledger.writing():
                for name, failure in FAILURES.items():
                    for _ in range(ROUNDS):
                        late_s = await survive(cluster, ledger, failure)
                        figure(f"seconds until clients write after the cluster can: {name}", late_s)
                        assert late_s < AGAIN_S
            await cluster.settled()
            assert set(ledger.statuses) <= {201, 503}, ledger.statuses
            assert ledger.statuses[503] > 0
            assert await ledger.lost(await cluster.primary()) == set()
            figure("writes acknowledged", len(ledger.acknowledged))


async def test_what_no_standby_has_is_not_acknowledged(figure: Figure) -> None:
    """A primary that dies after its standbys were cut off takes along what no standby has: COMMIT
    was ended there, since it took too long, but nobody was told that it had succeeded."""
    with open_cluster(3, synchronous_mode=True, synchronous_mode_strict=True) as cluster:
        async with serving(cluster, "quorum", statement_timeout_s=1) as client:
            ledger = Ledger(client)
            async with ledger.writing():
                await ledger.goes_on(time.monotonic())
                primary = await cluster.primary()
                primary.cut_off(primary.to_standbys, silent=True)
                unknown = ledger.statuses[503]
                async with asyncio.timeout(60):
                    while ledger.statuses[503] < unknown + CLIENTS:
                        await asyncio.sleep(0.05)
                primary.kill()
                await ledger.goes_on(await takes_writes(cluster, primary))
            assert set(ledger.statuses) <= {201, 503}, ledger.statuses
            assert await ledger.lost(await cluster.primary()) == set()
            figure("writes acknowledged", len(ledger.acknowledged))


async def test_losses_are_found(figure: Figure) -> None:
    """Without synchronous commits, writes that no standby has are lost, and the ledger shows it."""
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

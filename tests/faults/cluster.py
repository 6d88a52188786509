"""A cluster on this machine: PostgreSQL servers under Patroni, and etcd."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import yaml

from tests.faults.proxy import Proxy, opened
from tests.faults.servers import find_port

PROGRAMS = ("patroni", "etcd")
POSTGRES_BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
if POSTGRES_BIN is None:
    MISSING.append("postgresql")

TTL_S = 5
"""Seconds after which the lease of a primary ends that says nothing."""

_DYNAMIC = {
    "ttl": TTL_S,
    "loop_wait": 1,
    "retry_timeout": 2,
    "maximum_lag_on_failover": 1 << 30,
    "postgresql": {
        "use_pg_rewind": True,
        "parameters": {"max_connections": 60, "fsync": "off", "wal_log_hints": "on"},
    },
}


_WELL = {(True, "running"), (False, "running"), (False, "streaming")}
"""The states of nodes that are well: whether one is the primary, and what it does."""


class Node:
    """One server of the cluster, and the Patroni that minds it.

    Args:
        name: Its name.
        directory: Where its files are.
        etcds: The addresses of etcd.
        dynamic: What Patroni is told of the whole cluster.

    Attributes:
        to_clients: What clients reach it by.
        to_standbys: What standbys follow it by.
        to_peers: What other Patronis ask its own by.
        to_etcd: What its Patroni reaches etcd by.
    """

    def __init__(
        self, name: str, directory: Path, etcds: Sequence[str], dynamic: dict[str, Any]
    ) -> None:
        self.name, self.directory = name, directory
        self.port, self.api_port = find_port(), find_port()
        place = f"tcp://127.0.0.1:{self.port}"
        self.to_clients, self.to_standbys = (Proxy(place) for _ in range(2))
        self.to_peers = Proxy(f"tcp://127.0.0.1:{self.api_port}")
        self.to_etcd = [Proxy(f"tcp://{etcd}") for etcd in etcds]
        self.process: subprocess.Popen[bytes] | None = None
        superuser = {"username": "postgres", "password": "postgres"}
        replicator = {"username": "replicator", "password": "replicator"}
        settings = {
            "scope": "shop",
            "name": name,
            "restapi": {
                "listen": f"127.0.0.1:{self.api_port}",
                "connect_address": f"127.0.0.1:{self.to_peers.port}",
            },
            "etcd3": {
                "hosts": [f"127.0.0.1:{proxy.port}" for proxy in self.to_etcd],
                "use_proxies": True,
            },
            "bootstrap": {
                "dcs": dynamic,
                "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}],
                "pg_hba": [
                    "host replication all 127.0.0.1/32 trust",
                    "host all all 127.0.0.1/32 trust",
                    "local all all trust",
                ],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.to_standbys.port}",
                "data_dir": str(directory / "data"),
                "bin_dir": str(POSTGRES_BIN),
                "pgpass": str(directory / "pgpass"),
                "authentication": {
                    "superuser": superuser,
                    "replication": replicator,
                    "rewind": superuser,
                },
                "parameters": {"unix_socket_directories": str(directory)},
            },
            "watchdog": {"mode": "off"},
        }
        self._config = directory / "patroni.yml"
        self._config.write_text(yaml.safe_dump(settings))

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["patroni", str(self._config)], stdout=log, stderr=log, cwd="/", **as_postgres()
            )

    @property
    def proxies(self) -> Sequence[Proxy]:
        """All of its ways."""
        return (self.to_clients, self.to_standbys, self.to_peers, *self.to_etcd)

    def cut_off(self, *proxies: Proxy, silent: bool) -> None:
        """Cut some of its ways: what comes there is refused, or lost."""
        for proxy in proxies:
            proxy.cut(silent=silent)

    def mend(self) -> None:
        """Make it whole again, whatever has been done to it: a machine that was lost starts."""
        for proxy in self.proxies:
            proxy.heal()
        if self.process is None or self.process.poll() is not None:
            self.start()

    @property
    def servers(self) -> list[psutil.Process]:
        """PostgreSQL with all that it has started."""
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ValueError, IndexError):
            postmaster = int((self.directory / "data/postmaster.pid").read_text().split()[0])
            parent = psutil.Process(postmaster)
            if str(self.directory) in " ".join(parent.cmdline()):
                return [parent, *parent.children(recursive=True)]
        return []

    @property
    def processes(self) -> list[psutil.Process]:
        """Patroni, and PostgreSQL with all that it has started."""
        if self.process is None or self.process.poll() is not None:
            return self.servers
        return [*self.servers, psutil.Process(self.process.pid)]

    def freeze(self) -> None:
        """Have nothing of it run, while the machine stays reachable."""
        send(signal.SIGSTOP, self.processes)

    def wake_server(self) -> None:
        """Have PostgreSQL go on where it was frozen, as what it was; Patroni stays frozen."""
        send(signal.SIGCONT, self.servers)

    def kill(self) -> None:
        """Lose the machine: nothing is told, nothing is stored."""
        send(signal.SIGKILL, self.processes)
        if self.process is not None:
            self.process.wait(10)
        with suppress(FileNotFoundError):  # a machine that starts has no process of that number
            (self.directory / "data/postmaster.pid").unlink()


def send(number: signal.Signals, processes: Sequence[psutil.Process]) -> None:
    """Send a signal to those processes that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def as_postgres() -> dict[str, Any]:
    """Return the user of servers, which refuse to be run by root."""
    return (
        {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    )


class Cluster:
    """A cluster of some nodes.

    Args:
        directory: Where its files are.
        count: How many nodes.
        dynamic: What Patroni is told beside the usual.
    """

    def __init__(self, directory: Path, count: int, **dynamic: Any) -> None:
        self.directory = directory
        self._waits = bool(dynamic.get("synchronous_mode"))
        self.etcds: list[subprocess.Popen[bytes]] = []
        self._peers = [(find_port(), find_port()) for _ in range(3)]
        addresses = [f"127.0.0.1:{client}" for client, _ in self._peers]
        self.nodes = [
            Node(f"node{i}", self._place(f"node{i}"), addresses, {**_DYNAMIC, **dynamic})
            for i in range(count)
        ]

    def _place(self, name: str) -> Path:
        place = self.directory / name
        place.mkdir()
        if os.geteuid() == 0:
            shutil.chown(place, "postgres", "postgres")
        place.chmod(0o755)
        return place

    @property
    def url(self) -> str:
        """The URL that names all servers."""
        hosts = ",".join(f"127.0.0.1:{node.to_clients.port}" for node in self.nodes)
        return f"postgresql://postgres@{hosts}/postgres?sslmode=disable&replicas=any"

    def start_etcd(self, place: int) -> None:
        client, peer = self._peers[place]
        members = ",".join(f"e{i}=http://127.0.0.1:{p}" for i, (_, p) in enumerate(self._peers))
        data = self.directory / f"etcd{place}"
        state = "existing" if data.exists() else "new"
        command = (
            f"etcd --name e{place} --data-dir {data} --initial-cluster {members} "
            f"--initial-cluster-state {state} --unsafe-no-fsync "
            f"--listen-client-urls http://127.0.0.1:{client} "
            f"--advertise-client-urls http://127.0.0.1:{client} "
            f"--listen-peer-urls http://127.0.0.1:{peer} "
            f"--initial-advertise-peer-urls http://127.0.0.1:{peer}"
        )
        with (self.directory / f"etcd{place}.log").open("ab") as log:
            process = subprocess.Popen(command.split(), stdout=log, stderr=log, cwd="/")
        self.etcds[place : place + 1] = [process]

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """Start all with the network between them, and wait until every node is well."""
        async with AsyncExitStack() as stack:
            for node in self.nodes:
                for proxy in node.proxies:
                    await stack.enter_async_context(opened(proxy))
            await self._start()
            yield

    async def _start(self) -> None:
        for place in range(3):
            self.start_etcd(place)
        await self._agreed()
        self.nodes[0].start()
        await self.primary()
        for node in self.nodes[1:]:
            node.start()
        await self.settled()

    async def _agreed(self) -> None:
        """Wait until etcd has agreed on its version, by which Patroni knows how to ask it."""
        async with asyncio.timeout(60), httpx2.AsyncClient(timeout=2) as client:
            for port, _ in self._peers:
                version = "not_decided"
                while version == "not_decided":
                    await asyncio.sleep(0.05)
                    with suppress(httpx2.HTTPError):
                        answer = await client.get(f"http://127.0.0.1:{port}/version")
                        version = answer.json()["etcdcluster"]

    async def members(self) -> dict[str, dict[str, Any]]:
        """Return Patroni's view of each node, by its name, as far as it has one."""
        async with httpx2.AsyncClient(timeout=2) as client:
            for node in self.nodes:
                with suppress(httpx2.HTTPError, ValueError):
                    answer = await client.get(f"http://127.0.0.1:{node.api_port}/cluster")
                    return {member["name"]: member for member in answer.json()["members"]}
        return {}

    async def primary(self, other_than: Node | None = None, within_s: float = 180) -> Node:
        """Wait until some node is the primary, and says so itself; another one than that."""
        async with asyncio.timeout(within_s), httpx2.AsyncClient(timeout=1) as client:
            while True:
                for node in self.nodes:
                    if node is other_than:
                        continue
                    with suppress(httpx2.HTTPError):
                        answer = await client.get(f"http://127.0.0.1:{node.api_port}/primary")
                        if answer.status_code == 200:
                            return node
                await asyncio.sleep(0.05)

    async def settled(self, within_s: float = 240) -> None:
        """Wait until there is a primary, every other node takes over what it commits, and one may
        take its place, where COMMIT waits for it."""
        async with asyncio.timeout(within_s):
            while True:
                members = (await self.members()).values()
                states = {(m["role"] in ("leader", "primary"), m["state"]) for m in members}
                is_whole = len(members) == len(self.nodes)
                is_one = len({member.get("timeline") for member in members}) == 1
                has_heir = not self._waits or "sync_standby" in {m["role"] for m in members}
                if is_whole and is_one and has_heir and states <= _WELL:
                    return
                await asyncio.sleep(0.2)

    def stop(self) -> None:
        """End every process."""
        for node in self.nodes:
            send(signal.SIGKILL, node.processes)
            if node.process is not None:
                node.process.wait(10)
        for process in self.etcds:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)

    def logs(self) -> str:
        """The ends of what Patroni has said."""
        return "\n".join(
            f"--- {node.name}\n{(node.directory / 'log').read_text(errors='replace')[-3000:]}"
            for node in self.nodes
            if (node.directory / "log").exists()
        )


@contextmanager
def open_cluster(count: int, **dynamic: Any) -> Iterator[Cluster]:
    """Make a cluster that is gone at the end of the block; it is yet to be started."""
    directory = Path(tempfile.mkdtemp(prefix="modelwire-cluster-"))
    directory.chmod(0o755)
    cluster = Cluster(directory, count, **dynamic)
    try:
        yield cluster
    except BaseException as error:
        error.add_note(cluster.logs())
        raise
    finally:
        cluster.stop()
        time.sleep(0.2)
        shutil.rmtree(directory, ignore_errors=True)

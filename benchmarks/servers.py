"""Server of a contender: one process; uvicorn with the same settings for all Python ones."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = (
    "--workers=1", "--loop=uvloop", "--http=httptools", "--ws=none", "--no-access-log",
    "--log-level=warning", "--host=127.0.0.1", "--timeout-keep-alive=60",
)  # fmt: skip
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0


class ServerError(Exception):
    """Failure to start a server; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Server:
    """Running server.

    Args:
        pid: Its process.
        port: Its port on loopback.
    """

    pid: int
    port: int


@contextmanager
def open_server(contender: str, database_url: str, command: Sequence[str] = ()) -> Iterator[Server]:
    """Start a contender's server, and stop it at the end of the block.

    Args:
        contender: Its module.
        database_url: Its `DATABASE_URL`.
        command: The command to run instead of uvicorn; it gets its port as `PORT`, which also
            stands for it in the command.

    Yields:
        The server, once it answers.

    Raises:
        ServerError: It has ended, or doesn't answer in time; the message has its last line of
            output.
    """
    port = _find_port()
    target = f"benchmarks.contenders.{contender}:app"
    command = command or [sys.executable, "-m", "uvicorn", target, "--port=PORT", *SETTINGS]
    command = [str(part).replace("PORT", str(port)) for part in command]
    environment = {**os.environ, "DATABASE_URL": database_url, "PORT": str(port)}
    # As an installed package has it: otherwise modules outside of packages are compiled at each
    # start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            if not _wait(process, port):
                log.seek(0)
                lines = log.read().decode(errors="replace").strip().splitlines()
                raise ServerError(lines[-1] if lines else "it does not answer")
            yield Server(process.pid, port)
        finally:
            _stop(process)


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT_S)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except ConnectionError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

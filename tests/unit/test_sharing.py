"""The directory in which the workers of one server count together."""

import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from modelwire.cli.sharing import VARIABLE, sharing_metrics
from modelwire.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_directory_of_the_server() -> None:
    """It is there, and named, as long as the server is."""
    with sharing_metrics(wanted=True):
        directory = Path(os.environ[VARIABLE])
        (directory / "counter_1.db").write_bytes(b"")
    assert not directory.exists()
    assert VARIABLE not in os.environ


def test_nothing_is_shared() -> None:
    """One worker, and those whose metrics are not read, count for themselves."""
    with sharing_metrics(wanted=False):
        assert VARIABLE not in os.environ


@pytest.mark.parametrize("wanted", [True, False])
def test_directory_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: bool
) -> None:
    """A directory in the environment is used, and left in place."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with sharing_metrics(wanted=wanted):
        assert os.environ[VARIABLE] == str(tmp_path)
    assert os.environ[VARIABLE] == str(tmp_path)
    assert tmp_path.exists()


def test_no_directory_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a place for the directory, the command says what to do."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="TMPDIR"), sharing_metrics(wanted=True):
        pass


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def leave(place: Path, name: str, age_s: float = 3600) -> Path:
    """Leave a directory behind, as a server that is killed does."""
    left = place / name
    left.mkdir()
    (left / "counter_1.db").write_bytes(b"")
    os.utime(left, (time.time() - age_s,) * 2)
    return left


def test_what_killed_servers_have_left(place: Path) -> None:
    """It is removed by the next one; what others have left, or a link to it, is not."""
    left = leave(place, "modelwire-metrics-abc")
    others = [leave(place, "metrics-abc"), leave(place, "modelwire-metrics-new", age_s=1)]
    link = place / "modelwire-metrics-link"
    link.symlink_to(others[0])
    with sharing_metrics(wanted=True):
        assert not left.exists()
        for other in (*others, link):
            assert (other / "counter_1.db").exists()


def test_directory_of_another_server(place: Path) -> None:
    """A running server's directory is not removed, however old it is."""
    command = [
        sys.executable,
        "-c",
        "import os; from modelwire.cli.sharing import *\n"
        "with sharing_metrics(wanted=True): print(os.environ[VARIABLE], flush=True); input()",
    ]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        directory = Path(running.stdout.readline().strip())
        os.utime(directory, (0, 0))
        with sharing_metrics(wanted=True):
            assert directory.exists()
        running.kill()
        running.wait()
    assert directory.exists()
    with sharing_metrics(wanted=True):
        assert not directory.exists()


def test_file_system_without_locks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There nobody knows whose server still runs: nothing is removed, and the server starts."""

    def refuse(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    left = leave(place, "modelwire-metrics-abc")
    with sharing_metrics(wanted=True):
        assert left.exists()

"""Where workers of one server keep what they count together."""

import os
import tempfile
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
    """One worker, and those whose metrics nobody reads, count for themselves."""
    with sharing_metrics(wanted=False):
        assert VARIABLE not in os.environ


@pytest.mark.parametrize("wanted", [True, False])
def test_directory_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: bool
) -> None:
    """One that the environment names is taken, and left to whoever named it."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with sharing_metrics(wanted=wanted):
        assert os.environ[VARIABLE] == str(tmp_path)
    assert os.environ[VARIABLE] == str(tmp_path)
    assert tmp_path.exists()


def test_no_directory_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is nowhere to keep them, the command says what to do."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="TMPDIR"), sharing_metrics(wanted=True):
        pass

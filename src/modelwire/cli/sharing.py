"""Resources that the workers of one server share beside their port: the files of their metrics."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from ..errors import ConfigurationError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Variable by which Prometheus' client, on import, turns to metrics of several processes."""

PREFIX = "modelwire-metrics-"

YOUNG_S = 60.0
"""Seconds within which a new directory may not be locked yet."""


@contextmanager
def sharing_metrics(*, wanted: bool) -> Iterator[None]:
    """Have processes started in the block count together, in a directory of their own.

    A directory that the environment names is left alone. Those of servers that were killed are
    removed.

    Args:
        wanted: Whether there are several processes, and metrics are read.

    Raises:
        ConfigurationError: No directory can be created.
    """
    if not wanted or VARIABLE in os.environ:
        yield
        return
    try:
        _remove_left()
        directory = TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    except OSError as exc:
        raise ConfigurationError(
            f"Several workers need a directory for their metrics (MODELWIRE_METRICS): {exc}. Name "
            f"one that they may write to by TMPDIR, or an empty one by {VARIABLE}"
        ) from exc
    with directory as path, _locked(Path(path)):
        os.environ[VARIABLE] = path
        try:
            yield
        finally:
            del os.environ[VARIABLE]


@contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Lock a directory for the life of this process; yield whether no other process has it locked.

    Programs that clear away old files leave a locked one alone (tmpfiles.d(5)).
    """
    handle = os.open(directory, os.O_RDONLY)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    import fcntl  # noqa: PLC0415 - not on Windows, where other commands work

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is locked, or the file system has no locks
        return False
    return True


def _remove_left() -> None:
    """Remove the directories of this user's servers that have ended without doing so."""
    for directory in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            told = directory.lstat()
            is_old = time.time() - told.st_mtime > YOUNG_S
            if is_old and told.st_uid == os.geteuid() and not directory.is_symlink():
                with _locked(directory) as is_free:
                    if is_free:
                        shutil.rmtree(directory, ignore_errors=True)

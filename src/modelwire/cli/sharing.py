"""What the workers of one server share beside their port: the files of their metrics."""

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
"""By this Prometheus' client knows, when it is imported, that several processes count together."""

PREFIX = "modelwire-metrics-"

YOUNG_S = 60.0
"""Seconds for which a directory may not be locked yet."""


@contextmanager
def sharing_metrics(*, wanted: bool) -> Iterator[None]:
    """Have processes that are started in the block count together, in a directory of theirs.

    One that the environment names is left to whoever named it. Those that servers have left which
    were killed are removed.

    Args:
        wanted: Whether there are several, and somebody reads what they count.

    Raises:
        ConfigurationError: No directory can be made.
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
    """Lock a directory, as long as this process lives. Whoever clears old files away leaves it
    alone then (tmpfiles.d(5)). Gives whether nobody else has locked it."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    import fcntl  # noqa: PLC0415 - Windows has none, and other commands

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is, or the file system has no locks
        return False
    return True


def _remove_left() -> None:
    """Remove the directories of servers of this user that have ended without doing so."""
    for directory in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            told = directory.lstat()
            is_old = time.time() - told.st_mtime > YOUNG_S
            if is_old and told.st_uid == os.geteuid() and not directory.is_symlink():
                with _locked(directory) as is_free:
                    if is_free:
                        shutil.rmtree(directory, ignore_errors=True)

"""Values shared by several processes, as Prometheus' client keeps them in files.

Tried with 0.21.0 to 0.26.0. Its documentation has `PROMETHEUS_MULTIPROC_DIR`, `multiprocess` and,
for uWSGI, `values.ValueClass`, but not how a value is created, nor its `inc` and `set`. Its
`Histogram` takes one duration at a time, and writes each to the file. It fails to read a file that
a process has just created and not yet filled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from tempfile import TemporaryFile
from typing import Protocol

from prometheus_client import Metric, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the directory of the files."""


class Value(Protocol):
    """Number of this process, which other processes can read."""

    def inc(self, amount: float) -> None: ...

    def set(self, value: float, timestamp: float | None = None) -> None: ...


def is_shared() -> bool:
    """Whether values are kept in files; the client decides that when it is imported."""
    return values.ValueClass is not values.MutexValue


def prepare_directory() -> None:
    """Create the directory if it is missing: temporary ones are cleared away now and then.

    Raises:
        OSError: No file can be made there.
    """
    directory = os.environ[DIRECTORY]
    os.makedirs(directory, mode=0o700, exist_ok=True)
    with TemporaryFile(dir=directory):
        pass


@cache
def open_value(
    kind: str,
    metric: str,
    sample: str,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    text: str,
    mode: str = "",
) -> Value:
    """Open a value; each exists once in a process.

    Args:
        kind: `counter`, `gauge` or `histogram`.
        metric: The name of its metric.
        sample: Its own name.
        names: The names of its labels.
        labels: Its labels.
        text: The help text of the metric.
        mode: How values of several processes are combined, for a gauge.
    """
    value: Value = values.ValueClass(kind, metric, sample, names, labels, text, mode)
    if kind == "gauge":
        value.set(0.0)  # its file may be left from an earlier process with this id
    return value


def collect_shared() -> Sequence[Metric]:
    """Return the metrics of all processes added up, those that have ended included.

    Gauges that count live processes only leave out those that have ended.
    """
    directory = os.environ[DIRECTORY]
    _forget_dead(directory)
    return list(MultiProcessCollector.merge([*_find_filled(directory)]))


def _find_filled(directory: str) -> Iterator[str]:
    """Yield the files that are not empty: that of a process just starting may be."""
    for path in _find_files(directory, ""):
        with suppress(FileNotFoundError):  # another process has removed it
            if os.path.getsize(path):
                yield path


def _forget_dead(directory: str) -> None:
    named = {_process_of(path) for path in _find_files(directory, "gauge_live")}
    processes = {name for name in named if name.isdecimal()}
    if str(os.getpid()) not in processes:
        return  # files are named otherwise than by process ids
    for process in processes:
        if not _is_alive(int(process)):
            with suppress(FileNotFoundError):  # another process has removed it
                mark_process_dead(int(process), directory)


def _find_files(directory: str, start: str) -> Sequence[str]:
    names = [n for n in os.listdir(directory) if n.startswith(start) and n.endswith(".db")]
    return [os.path.join(directory, name) for name in names]


def _process_of(path: str) -> str:
    return path.removesuffix(".db").rpartition("_")[2]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Values that several processes share, as Prometheus' client keeps them in files.

Tried with 0.21.0 to 0.26.0. Its documentation has `PROMETHEUS_MULTIPROC_DIR`, `multiprocess` and,
for uWSGI, `values.ValueClass`, but not how a value is made, nor its `inc` and `set`. Its
`Histogram` takes one duration at a time, and writes each to the file.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Protocol

from prometheus_client import Metric, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the directory of the files."""


class Value(Protocol):
    """A number of this process, which others can read."""

    def inc(self, amount: float) -> None: ...

    def set(self, value: float, timestamp: float | None = None) -> None: ...


def is_shared() -> bool:
    """Whether values are kept in files; the client decides that when it is imported."""
    return values.ValueClass is not values.MutexValue


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
    """Open a value; there is one of each in a process.

    Args:
        kind: `counter`, `gauge` or `histogram`.
        metric: The name of its metric.
        sample: Its own name.
        names: The names of its labels.
        labels: Its labels.
        text: What is said of the metric.
        mode: How those of several processes are one, for a gauge.
    """
    value: Value = values.ValueClass(kind, metric, sample, names, labels, text, mode)
    if kind == "gauge":
        value.set(0.0)  # its file may be left from a process that had the same number
    return value


def collect_shared() -> Sequence[Metric]:
    """Add up what the processes have counted, those that have ended included.

    Gauges of those that live alone are those of processes that live.
    """
    directory = os.environ[DIRECTORY]
    _forget_dead(directory)
    return list(MultiProcessCollector(None, directory).collect())


def _forget_dead(directory: str) -> None:
    processes = {_process_of(path) for path in _find_live_gauges(directory)}
    if str(os.getpid()) not in processes:
        return  # files are named by something else than the numbers of processes
    for process in processes:
        if not _is_alive(int(process)):
            with suppress(FileNotFoundError):  # another one forgets it too
                mark_process_dead(int(process), directory)


def _find_live_gauges(directory: str) -> Sequence[str]:
    return glob.glob(f"{glob.escape(directory)}/gauge_live*.db")


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

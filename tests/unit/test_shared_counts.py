"""Shared metrics are the sum of each process's counts, whenever they are written."""

from __future__ import annotations

import gc
import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random

import pytest
from fastapi import FastAPI
from prometheus_client import Metric, values

from modelwire import ConfigurationError, Database, mount
from modelwire.compat.prometheus import DIRECTORY, collect_shared, open_value, prepare_directory
from modelwire.observe.counts import Counts, PoolState, ReplicaState
from modelwire.observe.exchange import Exchange
from modelwire.observe.metrics import Measured, describe_metrics, measure
from modelwire.observe.shared import SharedMetrics
from tests.examples import THOROUGH

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


class Processes:
    """Says which process is running: all of them are this one."""

    def __init__(self) -> None:
        self.running = os.getpid()


class Quiet:
    """Is told of statements, and does nothing."""

    slow_ns = 0

    def report_statement(self, *_: object) -> None:
        raise AssertionError


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Processes]:
    """Processes that keep their values in files."""
    made = Processes()
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    shared = values.MultiProcessValue(lambda: made.running)
    monkeypatch.setattr(values, "ValueClass", shared)
    open_value.cache_clear()
    yield made
    open_value.cache_clear()
    if hasattr(shared, "close_all_files"):
        shared.close_all_files()
        return
    monkeypatch.undo()
    del shared
    with warnings.catch_warnings():  # the client closes no files before 0.26
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def read(metrics: Iterable[Metric]) -> Samples:
    found: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    for metric in metrics:
        for sample in metric.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] += sample.value  # type: ignore[assignment]
    return found


def draw_exchange(random: Random) -> Exchange:
    return Exchange(
        "id",
        random.choice(["GET", "POST"]),
        0,
        Quiet(),
        route=random.choice(["/a", "/b"]),
        status=random.choice([200, 404]),
        duration_ns=random.choice([1, 10**6, 10**6 + 1, 10**9, 10**12]),
        is_broken_off=random.random() < 0.2,
        pool_ns=random.choice([0, 0, 10**7]),
        database_ns=random.randrange(10**6),
        statements=random.randrange(3),
        failures=random.randrange(2),
        retries=random.randrange(2),
    )


class Node:
    """Counts of one database in one process."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.counts = Counts()
        self.pool = PoolState(5)
        self.shared = SharedMetrics()

    def go_on(self, random: Random) -> None:
        self.counts.add(draw_exchange(random))
        self.counts.streams = random.randrange(3)
        self.pool = PoolState(5, *(random.randrange(5) for _ in range(3)))

    def measure(self) -> Iterator[Measured]:
        return measure(self.counts, self.pool)


@pytest.mark.parametrize("seed", range(200 if THOROUGH else 10))
def test_sum(processes: Processes, seed: int) -> None:
    """Whatever is counted, by whom and when, the shared page has the sum of all pages."""
    random = Random(seed)
    own = os.getpid()
    # The last process has two databases. Its parent and this process live as long as the test.
    nodes = [Node(own), Node(os.getppid()), Node(os.getppid())]
    for _ in range(random.randrange(30)):
        node = random.choice(nodes)
        node.go_on(random)
        if random.random() < 0.5:
            processes.running = node.process
            node.shared.add(node.measure())
    for node in nodes:
        processes.running = node.process
        node.shared.add(node.measure())
    processes.running = own
    wanted = read(metric for node in nodes for metric in describe_metrics(node.measure()))
    assert read(collect_shared()) == pytest.approx(wanted)


def test_process_that_has_ended(processes: Processes) -> None:
    """Its counts stay, and its gauges go."""
    ended = 2**22 + 1  # more than there may be
    for process in (os.getpid(), ended):
        processes.running = process
        node = Node(process)
        node.counts.statements = 3
        node.shared.add(node.measure())
    processes.running = os.getpid()
    found = read(collect_shared())
    assert found["modelwire_statements_total", ()] == 6
    assert found["modelwire_pool_size", ()] == 5


def test_what_was_found_out_last(processes: Processes) -> None:
    """Of what processes know of a copy, that counts which one of them has found out last."""

    def tell(process: int, found_s: float, lag: int | None) -> float:
        processes.running = process
        state = ReplicaState("b:1", lag is not None, True, lag, 1, found_s)
        SharedMetrics().add(measure(Counts(), PoolState(), [state]))
        processes.running = os.getpid()
        return read(collect_shared())["modelwire_replica_up", (("server", "b:1"),)]

    assert tell(os.getpid(), 10.0, 5) == 1
    assert tell(os.getppid(), 20.0, None) == 0
    assert tell(os.getpid(), 15.0, 5) == 0
    assert tell(os.getpid(), 30.0, 5) == 1
    assert tell(os.getppid(), 0.0, None) == 1, "who never asked knows nothing"


def test_process_that_starts(processes: Processes, tmp_path: Path) -> None:
    """A file that is made, and not written yet, is none; nor is each named by a number."""
    node = Node(0)
    node.counts.statements = 3
    node.shared.add(node.measure())
    for name in ("counter_7", f"gauge_livesum_{os.getppid()}", "gauge_livesum_worker"):
        (tmp_path / f"{name}.db").touch()
    assert read(collect_shared())["modelwire_statements_total", ()] == 3


def test_directory_that_is_gone(processes: Processes, tmp_path: Path) -> None:
    """There is no page without the counts; who starts then makes the directory again."""
    tmp_path.rmdir()
    with pytest.raises(FileNotFoundError):
        collect_shared()
    prepare_directory()
    assert tmp_path.is_dir()
    assert not [*tmp_path.iterdir()]


def test_no_directory(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An application whose processes can't write does not start, and says what would help."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(DIRECTORY, str(tmp_path / "file" / "below"))
    monkeypatch.setenv("MODELWIRE_METRICS", "true")
    with pytest.raises(ConfigurationError, match=f"{DIRECTORY}.*Name a directory"):
        mount(FastAPI(), Database("sqlite://"))

"""Undocumented parts of Prometheus' client that modelwire uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import Gauge, values

from modelwire.compat.prometheus import DIRECTORY, is_shared

from .canary import missing_from, parameters_of

COUNTING = """
import json, os
from prometheus_client import Counter, Histogram, values
from modelwire.compat.prometheus import collect_shared, is_shared, open_value

assert is_shared()
count = open_value("counter", "c", "c_total", ("a",), ("x",), "C.")
count.inc(2)
count.inc(3)
assert open_value("counter", "c", "c_total", ("a",), ("x",), "C.") is count
open_value("gauge", "g", "g", (), (), "G.", "livesum").inc(7)
open_value("gauge", "r", "r", (), (), "R.", "livemostrecent").set(1, 20.0)
open_value("histogram", "h", "h_sum", (), (), "H.").inc(0.5)
for bound, number in (("0.1", 1), ("+Inf", 2)):
    open_value("histogram", "h", "h_bucket", ("le",), (bound,), "H.").inc(number)
Counter("own", "Own.").inc(4)
Histogram("taken", "Taken.", buckets=(0.1,)).observe(0.01)
print(json.dumps([[s.name, s.labels, s.value] for m in collect_shared() for s in m.samples]))
"""


def test_values_have_their_parts() -> None:
    """A value is made of its names, and can be added to and set."""
    assert missing_from(values, ["ValueClass", "MutexValue", "MultiProcessValue"]) == []
    assert parameters_of(values.MutexValue)[:6] == [
        *("typ", "metric_name", "name", "labelnames", "labelvalues", "help_text")
    ]
    assert parameters_of(values.MutexValue.set) == ["self", "value", "timestamp"]
    assert {"livesum", "livemostrecent"} <= Gauge._MULTIPROC_MODES
    assert not is_shared()


def count_in(directory: Path, number: int) -> dict[tuple[str, str], float]:
    """Count in processes, one after another; gives what the last one reads."""
    read = b""
    for _ in range(number):
        environment = {**os.environ, DIRECTORY: str(directory)}
        command = [sys.executable, "-c", COUNTING]
        read = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    return {
        (name, labels.get("le", labels.get("a", ""))): value
        for name, labels, value in json.loads(read)
    }


def test_processes_count_together(tmp_path: Path) -> None:
    """Counts of processes that have ended are added, their gauges are not."""
    assert count_in(tmp_path, 3) == {
        ("c_total", "x"): 15,
        ("g", ""): 7,
        ("r", ""): 1,
        ("h_bucket", "0.1"): 3,
        ("h_bucket", "+Inf"): 9,
        ("h_count", ""): 9,
        ("h_sum", ""): 1.5,
        ("own_total", ""): 12,
        ("taken_bucket", "0.1"): 3,
        ("taken_bucket", "+Inf"): 3,
        ("taken_count", ""): 3,
        ("taken_sum", ""): 0.03,
    }

"""Counts of this process, shared with the other processes of its service."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..compat.prometheus import Value, open_value
from .counts import BUCKETS, Durations
from .metrics import Histogram, Labels, Measured, Numbers

_LONG_AGO_S = 1.0
"""Time of the measurement of an unknown value: earlier than that of any known one."""


class SharedMetrics:
    """Counts of this process, added to shared values when they are read.

    Adding only the difference costs little, and lets several databases of one process do so side by
    side.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Labels], float] = {}
        self._durations: dict[tuple[str, Labels], Durations] = {}

    def add(self, measures: Iterable[Measured]) -> None:
        """Add what has changed since the last time."""
        for measured in measures:
            if isinstance(measured, Histogram):
                self._add_durations(measured)
            else:
                self._add_numbers(measured)

    def _add_numbers(self, measured: Numbers) -> None:
        suffix = "_total" if measured.kind == "counter" else ""
        for labels, number, found_s in measured.samples:
            key = (measured.name, labels)
            known = self._numbers.get(key)
            if number == known and measured.mode == "livesum":
                continue
            self._numbers[key] = number
            value = open_value(
                measured.kind,
                measured.name,
                measured.name + suffix,
                measured.names,
                labels,
                measured.text,
                measured.mode,
            )
            if measured.mode == "livesum":
                value.inc(number - (known or 0.0))
            else:
                value.set(number, found_s or _LONG_AGO_S)

    def _add_durations(self, measured: Histogram) -> None:
        for labels, durations in measured.samples:
            key = (measured.name, labels)
            known = self._durations.get(key)
            if known is None:
                known = self._durations[key] = Durations()
            elif known.buckets == durations.buckets:
                continue
            total, *counts = _open_histogram(measured, labels)
            total.inc((durations.sum_ns - known.sum_ns) * 1e-9)
            for value, count, before in zip(counts, durations.buckets, known.buckets, strict=True):
                if count != before:
                    value.inc(count - before)
            known.sum_ns, known.buckets = durations.sum_ns, [*durations.buckets]


def _open_histogram(measured: Histogram, labels: Labels) -> list[Value]:
    """Return the sum of a histogram, and its buckets."""
    name, names = measured.name, measured.names
    open_one = partial(open_value, "histogram", name)
    return [
        open_one(f"{name}_sum", names, labels, measured.text),
        *(
            open_one(f"{name}_bucket", (*names, "le"), (*labels, bucket), measured.text)
            for bucket in BUCKETS
        ),
    ]

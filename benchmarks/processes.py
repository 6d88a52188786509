"""Resource usage of processes, from `/proc` (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

_TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
_RESET_PEAK = "5"


def _read_stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def parent_of(pid: int) -> int:
    """Return the parent of a process; 0 where there is no such process."""
    stat = _read_stat(pid)
    return int(stat[1]) if stat else 0


def list_tree(root: int) -> list[int]:
    """Return a process and all of its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(parent_of(int(entry.name)), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def read_cpu_us(root: int) -> float:
    """Return the microseconds of CPU that a process tree has used, ended children included."""
    total = 0.0
    for pid in list_tree(root):
        stat = _read_stat(pid)
        if stat is not None:
            total += sum(int(ticks) for ticks in stat[11:15]) * _TICK_US
    return total


def read_run_time_us(pid: int) -> float:
    """Return the run time of a process's threads, to the nanosecond (proc(5), schedstat).

    Threads that have ended are left out.
    """
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1000


def read_memory_mb(root: int, *, peak: bool = False) -> float:
    """Return the resident memory of a process tree, now or its peak since `reset_peak`."""
    name = "VmHWM:" if peak else "VmRSS:"
    return sum(_read_status_kb(pid, name) for pid in list_tree(root)) / 1024


def _read_status_kb(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def reset_peak(root: int) -> None:
    """Reset the peak of a process tree's memory."""
    for pid in list_tree(root):
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK, encoding="utf-8")

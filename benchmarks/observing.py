"""`python -m benchmarks.observing`: what logs, metrics and timings cost, on and off.

Three servers do the same work in short turns, each round in another order: one without anything
around its application, one with the defaults, and one with everything switched on. Compared are
the CPU of the server processes for one request, round by round. A turn takes less than a second, so
that whatever else the machine does meets all three. Two processes of the same program differ by a
few percent for as long as they run, by where their memory lies; so all are started anew several
times. What counts is the median of the ratios of all starts. The command fails when one is over its
limit.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from .clients import CONTENDERS
from .databases import Database
from .servers import open_server
from .turns import Runner, bound_median, compare_servers, take_turns

VARIANTS = ("unobserved", "modelwire", "observed")
WORKS = ("get", "page_100")

LIMITS = {"off": 1.03, "on": 1.03}
"""How many times the CPU of the server without it each may take."""


def main() -> None:
    """Measure, print a table, and fail where a limit is passed."""
    compare_servers("observing", __doc__, WORKS, (10, 25), _measure, _report)


def _measure(database: Database, work: str, rounds: int) -> list[dict[str, float]]:
    call = next(c for c in CONTENDERS if c.name == "modelwire").calls[work]
    with ExitStack() as stack:
        runners = {
            name: Runner(stack.enter_context(open_server(name, database.url)), call)
            for name in VARIANTS
        }
        return take_turns(runners, rounds)


def _report(kind: str, work: str, starts: Sequence[Sequence[dict[str, float]]]) -> bool:
    """Print what one work costs; returns whether it is within the limits."""
    passed = True
    for name, below, above in (("off", *VARIANTS[:2]), ("on", *VARIANTS[1:])):
        ratios = [median(turn[above] / turn[below] for turn in rounds) for rounds in starts]
        cpu_us = median(turn[above] for rounds in starts for turn in rounds)
        low, high = bound_median(ratios)
        within = median(ratios) <= LIMITS[name]
        passed = passed and within
        sys.stdout.write(
            f"{kind:<11}{work:<9}{name:<4}{cpu_us:7.1f} µs  {median(ratios):.3f} times "
            f"that of {below} (95 %: {low:.3f} to {high:.3f})"
            f"{'' if within else f', over {LIMITS[name]}'}\n"
        )
        sys.stdout.flush()
    return passed


if __name__ == "__main__":
    main()

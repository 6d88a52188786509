"""`python -m benchmarks.observing`: the cost of logs, metrics and timings, on and off.

Three servers do the same work in short turns, each round in another order: one without anything
around its application, one with the defaults, and one with everything switched on. The CPU of the
server processes per request is compared, round by round. A turn takes less than a second, so other
activity of the machine affects all three alike. Two processes of the same program differ by a few
percent for as long as they run, by the layout of their memory; so all are restarted several times.
The median of the ratios of all starts counts. The command fails when one is over its limit.
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
"""Maximum CPU of each, in multiples of that of the server without it."""


def main() -> None:
    """Measure, print a table, and fail if a limit is exceeded."""
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
    """Print the cost of one work; return whether it is within the limits."""
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

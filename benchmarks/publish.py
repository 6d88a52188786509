"""`python -m benchmarks.publish`: put the figures of a run into `docs/performance.md`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .chart import draw_chart
from .clients import CONTENDERS
from .targets import check_targets
from .works import WORKS, name_place

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "images" / "benchmark.svg"
START, END = "<!-- figures: start -->", "<!-- figures: end -->"

Cell = Mapping[str, Any]
Column = tuple[str, Callable[[Mapping[str, Cell]], str]]


def main() -> None:
    """Write the page and its chart; `quick` takes the short run instead of the full one."""
    name = sys.argv[1] if len(sys.argv) > 1 else "full"
    results = RESULTS / f"{name}.json"
    if not results.is_file():
        sys.exit(f"There is no {results.relative_to(ROOT)}: run `make bench` first")
    run = json.loads(results.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(put_figures(page, run), encoding="utf-8")
    CHART.write_text(draw_chart(run), encoding="utf-8")
    sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)} and {CHART.relative_to(ROOT)}\n")


def put_figures(page: str, run: Mapping[str, Any]) -> str:
    """Replace the figures of a page, which stand between two marks.

    Args:
        page: The page.
        run: A run, as in its JSON.

    Returns:
        The page with the figures of that run.
    """
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{write_figures(run)}\n{END}{after}"


def write_figures(run: Mapping[str, Any]) -> str:
    """Write the figures of a run in Markdown: its settings, its targets, its tables."""
    cells: Sequence[Cell] = run["cells"]
    parts = [_describe(run), *_write_targets(cells)]
    for database, users in dict.fromkeys((c["database"], c["users"]) for c in cells):
        here = [c for c in cells if (c["database"], c["users"]) == (database, users)]
        parts.append(f"### {name_place((database, users))}")
        parts.append(_write_table(here, _COSTS))
        parts.append(_write_table(here, _TIMES))
    return "\n\n".join(parts)


def _describe(run: Mapping[str, Any]) -> str:
    places = [(s["database"], s["users"], s["contender"], s["work"]) for s in run["samples"]]
    rounds = sorted(set(Counter(places).values()))
    spread = f"{rounds[0]} to {rounds[-1]}" if len(rounds) > 1 else f"{rounds[0]}"
    options = run["options"]
    versions = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    return (
        f"Measured on {run['date']} with Python {run['python']} on {run['system']}, shared with "
        f"other work: {spread} rounds of {options['duration_s']} s for each work. Figures are "
        f"medians of the rounds, ratios medians of the ratios in each. "
        f"{', '.join(run['databases'])}. "
        f"{versions}. One worker."
    )


def _write_targets(cells: Sequence[Cell]) -> Iterable[str]:
    outcomes = check_targets(cells)
    if outcomes:
        rows = [(o.aim, o.reached, "yes" if o.is_met else "no") for o in outcomes]
        yield "### What should be reached"
        yield _write_rows(("aim", "reached", "met"), rows, left=2)


def _write_table(cells: Sequence[Cell], columns: Sequence[Column]) -> str:
    rows = []
    for work in WORKS:
        found = {c["contender"]: c for c in cells if c["work"] == work.name}
        if found:
            rows.append((work.title, *(show(found) for _, show in columns)))
    return _write_rows(("work", *(title for title, _ in columns)), rows)


def _write_rows(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _figure(contender: str, name: str, digits: int = 0, unit: str = "") -> Callable[..., str]:
    def show(found: Mapping[str, Cell]) -> str:
        value = found.get(contender, {}).get(name)
        return "–" if value is None else f"{value:,.{digits}f}{unit}"

    return show


def _times(contender: str) -> Callable[[Mapping[str, Cell]], str]:
    def show(found: Mapping[str, Cell]) -> str:
        cell = found.get(contender)
        return f"{cell['p50_ms']:,.1f} / {cell['p99_ms']:,.1f}" if cell else "–"

    return show


def _over_idle(found: Mapping[str, Cell]) -> str:
    cell = found.get("modelwire")
    return f"{cell['memory_mb'] - cell['idle_memory_mb']:.0f}" if cell else "–"


_COSTS: Sequence[Column] = (
    *(
        (f"{contender.title} µs", _figure(contender.name, "server_cpu_us"))
        for contender in CONTENDERS
    ),
    ("to the limit", _figure("modelwire", "to_limit", 2, " ×")),
    ("less than by hand", _figure("modelwire", "by_hand", 1, " ×")),
)

_TIMES: Sequence[Column] = (
    ("p50 / p99 ms: limit", _times("limit")),
    ("modelwire", _times("modelwire")),
    ("by hand", _times("by_hand")),
    ("database µs: limit", _figure("limit", "database_cpu_us")),
    ("modelwire", _figure("modelwire", "database_cpu_us")),
    ("by hand", _figure("by_hand", "database_cpu_us")),
    ("modelwire, MB over idle", _over_idle),
)


if __name__ == "__main__":
    main()

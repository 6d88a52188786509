"""`python -m benchmarks`: measure everything, and write the results to `benchmarks/results/`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from .clients import CONTENDERS, Contender
from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .load import MissingTool, find_wrk
from .report import describe_run, write_json, write_table
from .runner import Options, Results, measure
from .samples import Omission, Sample, build_cells
from .works import WORKS, Work

RESULTS = Path(__file__).parent / "results"
SIZES = (10_000, 1_000_000)
QUICK = Options(rounds=1, duration_s=1, warm_up_s=0)


def main() -> None:
    """Measure, print a table, and write JSON."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers end with their blocks
    arguments = _parse_arguments()
    try:
        find_wrk()
    except MissingTool as exc:
        sys.exit(str(exc))
    options = _choose_options(arguments)
    name = "quick" if arguments.quick else "full"
    results, versions = _read_results(name) if arguments.more else (Results(), [])
    table = ""
    for database in _open_databases(arguments):
        versions.append(database.version)
        works = _choose_works(arguments, database)
        measure(database, _choose_contenders(arguments), works, options, results)
        # A full run is long; the results so far are kept if it is interrupted.
        table = _write_results(name, options, versions, results)
    sys.stdout.write(table)


def _read_results(name: str) -> tuple[Results, list[str]]:
    """Return the results of an earlier run, and the versions of its databases."""
    run = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    samples = [Sample(**sample) for sample in run["samples"]]
    omissions = [Omission(**omission) for omission in run["left_out"]]
    return Results(samples, omissions), run["databases"]


def _write_results(name: str, options: Options, versions: Sequence[str], results: Results) -> str:
    """Write JSON; return the table, and the path of the file."""
    run, cells = describe_run(options, versions), build_cells(results.samples)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(write_json(run, cells, results), encoding="utf-8")
    return f"{write_table(cells, results)}\n\nWritten to {RESULTS.name}/{name}.json\n"


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 rows, fewer works, one round")
    parser.add_argument("--more", action="store_true", help="add rounds to those of the last run")
    parser.add_argument("--rounds", type=int, help="times that each contender has its turn")
    parser.add_argument("--seconds", type=int, help="seconds of each work in a turn")
    parser.add_argument("--users", type=int, action="append", help="rows of users; may be repeated")
    _add_choice(parser, "--database", ["sqlite", "postgresql"])
    _add_choice(parser, "--contender", [contender.name for contender in CONTENDERS])
    _add_choice(parser, "--work", [work.name for work in WORKS])
    return parser.parse_args()


def _choose_options(arguments: argparse.Namespace) -> Options:
    chosen = QUICK if arguments.quick else Options()
    return replace(
        chosen,
        rounds=arguments.rounds or chosen.rounds,
        duration_s=arguments.seconds or chosen.duration_s,
    )


def _add_choice(parser: argparse.ArgumentParser, name: str, choices: Sequence[str]) -> None:
    parser.add_argument(name, action="append", choices=choices, help="only this; may be repeated")


def _choose_contenders(arguments: argparse.Namespace) -> list[Contender]:
    chosen: Any = arguments.contender
    return [contender for contender in CONTENDERS if not chosen or contender.name in chosen]


def _choose_works(arguments: argparse.Namespace, database: Database) -> list[Work]:
    chosen: Any = arguments.work
    if chosen:
        return [work for work in WORKS if work.name in chosen]
    is_small = database.users <= SIZES[0]
    return [work for work in WORKS if (work.grows or is_small) and _takes(arguments, work)]


def _takes(arguments: argparse.Namespace, work: Work) -> bool:
    return work.quick or not arguments.quick


def _open_databases(arguments: argparse.Namespace) -> Iterator[Database]:
    """Yield each database in turn, seeded when its turn comes."""
    sizes = arguments.users or (SIZES[:1] if arguments.quick else SIZES)
    chosen: Any = arguments.database
    with ExitStack() as stack:
        if not chosen or "postgresql" in chosen:
            server = stack.enter_context(open_postgresql_server())
            yield from _seed(lambda users: PostgreSQL(server, users), sizes)
        if not chosen or "sqlite" in chosen:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield from _seed(lambda users: SQLite(folder / f"{users}.db", users), sizes)


def _seed(make: Callable[[int], Database], sizes: Sequence[int]) -> Iterator[Database]:
    for users in sizes:
        sys.stderr.write(f"seeding {users:,} users\n")
        yield make(users)


if __name__ == "__main__":
    main()

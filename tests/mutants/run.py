"""Changes the code in one place at a time, and looks whether any test notices.

`make mutants` runs this in an environment that has cosmic-ray, which makes the changes and keeps
the outcomes. Places are drawn at random by a seed, and tried until the time is over; the next run
of the same code goes on after them. Work is done in a copy, so that what is at hand stays as it is.

mutmut would load everything once and fork for each mutant, where connections, threads and event
loops last for a whole run here; and it passes over most functions that are decorated.
"""

import ast
import hashlib
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult
from relevant import tests_of

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".mutants"
SOURCE = Path("src/modelwire")
PACKAGES = ("plan", "shape", "statement", "execute", "pipeline", "respond")
MINUTES = float(os.environ.get("MUTANTS_MINUTES", "20"))
SEED = int(os.environ.get("MUTANTS_SEED", "1"))
PYTHON = str(ROOT / ".venv/bin/python")
PYTEST = ("env", "-u", "PYTHONDONTWRITEBYTECODE", PYTHON, "-m", "pytest")
"""Command that runs tests, keeping compiled files.

cosmic-ray keeps none, since files might be changed twice within a second; but no run is as short,
and everything would be compiled for each mutant.
"""
LONGEST_S = 600
"""Seconds that the tests of one mutant may take together, on a busy machine too."""
LONGEST_TEST_S = 60
"""Seconds that one test of a mutant may take."""
TIMED_OUT = ("from pytest-timeout", "+++ Timeout +++")
"""Output of pytest-timeout for a test that has taken too long."""


def main() -> None:
    """Try mutants until the time is over, and say what was noticed."""
    until = time.monotonic() + MINUTES * 60
    files = _files()
    kept = KEPT / _digest(files)
    tree = kept / "tree"
    if not tree.exists():
        _copy(files, tree)
    os.chdir(tree)
    os.environ["PYTHONPATH"] = "src"
    with use_db(str(kept / "outcomes.sqlite"), WorkDB.Mode.create) as outcomes, _postgresql():
        done = {item.job_id for item, _ in outcomes.completed_work_items}
        for item in _draw():
            if time.monotonic() > until:
                break
            if item.job_id not in done:
                done.add(item.job_id)
                _try(item, outcomes)
        _report(outcomes)


def _files() -> list[str]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in found.stdout.splitlines() if (ROOT / name).is_file()]


def _digest(files: Sequence[str]) -> str:
    """Tells the code, so that outcomes for other code are not taken up."""
    code = hashlib.sha256()
    for name in files:
        if name.startswith("src/"):
            code.update(name.encode() + (ROOT / name).read_bytes())
    return code.hexdigest()[:12]


def _copy(files: Sequence[str], tree: Path) -> None:
    for name in files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)


@contextmanager
def _postgresql() -> Iterator[None]:
    """One server for all runs, each of which has a database of its own."""
    command = [PYTHON, str(ROOT / "tests/mutants/server.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        os.environ["MODELWIRE_TEST_POSTGRES_URL"] = server.stdout.readline().strip()
        yield
        server.stdin.close()


def _draw() -> Iterator[WorkItem]:
    """Mutants without an end, in an order that depends on the code and the seed alone.

    Each place in the code is as likely as any other, and so is each change that can be made there.
    """
    chance = random.Random(SEED)
    modules = sorted(path for name in PACKAGES for path in SOURCE.joinpath(name).rglob("*.py"))
    sizes = [path.stat().st_size for path in modules]
    found = cache(_mutations_of)
    while True:
        (module,) = chance.choices(modules, sizes)
        if places := found(module):
            mutation = chance.choice(places[chance.choice(list(places))])
            job = f"{module}:{mutation.operator_name}:{mutation.occurrence}"
            yield WorkItem.single(job, mutation)


def _mutations_of(module: Path) -> dict[tuple[int, int], list[MutationSpec]]:
    """The changes that can be made in a module, by their places."""
    found: dict[tuple[int, int], list[MutationSpec]] = {}
    nodes = list(ast_nodes(get_ast_from_path(module)))
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments():
            places = [place for node in nodes for place in operator().mutation_positions(node)]
            for number, (start, end) in enumerate(places):
                found.setdefault(start, []).append(MutationSpec(module, name, number, start, end))
    return found


def _try(item: WorkItem, outcomes: WorkDB) -> None:
    (mutation,) = item.mutations
    if _is_no_mutant(mutation):
        return
    tests = tests_of(str(mutation.module_path.relative_to(SOURCE)))
    command = [*PYTEST, "-x", f"--timeout={LONGEST_TEST_S}", *tests]
    begun = time.monotonic()
    result = mutate_and_test([mutation], shlex.join(command), LONGEST_S)
    if result.worker_outcome is not WorkerOutcome.NORMAL:
        raise SystemExit(result.output)
    outcomes.add_work_item(item)
    outcomes.set_result(item.job_id, result)
    by = " ".join(_failed(result.output)) or "nothing that runs"
    words = f"{_word(result)} in {time.monotonic() - begun:.0f} s: {_describe(mutation)}"
    _say(words if _word(result) == "MISSED" else f"{words}, by {by}")


def _word(result: WorkResult) -> str:
    """Return the outcome of a mutant; tests that took too long may only have met a busy machine."""
    if result.test_outcome is TestOutcome.SURVIVED:
        return "MISSED"
    took_too_long = result.output == "timeout" or any(it in result.output for it in TIMED_OUT)
    return "timed out" if took_too_long else "noticed"


def _failed(output: str) -> list[str]:
    """The tests that failed, as pytest's summary names them."""
    return re.findall(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", output, re.MULTILINE)


def _describe(mutation: MutationSpec) -> str:
    line, operator = mutation.start_pos[0], mutation.operator_name.removeprefix("core/")
    return f"{mutation.module_path}:{line} {operator}"


def _is_no_mutant(mutation: MutationSpec) -> bool:
    """Whether it changes nothing but what is for type checkers, or can't be made.

    The asterisks before what a dictionary takes over are an operator to cosmic-ray, which makes
    what is no Python; and it takes what an `except` clause computes for a name of an exception.
    """
    code = mutation.module_path.read_text()
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    try:
        changed = mutate_code(code, operator, mutation.occurrence)
        return changed is None or _without_types(code) == _without_types(changed)
    except (SyntaxError, AttributeError):
        return True


def _without_types(code: str) -> str:
    """A module without annotations, and without what its protocols ask for."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(map(_is_protocol, node.bases)):
            node.body = []
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            node.annotation = ast.Constant(None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
    return ast.dump(tree)


def _is_protocol(base: ast.expr) -> bool:
    return ast.unparse(base).partition("[")[0] == "Protocol"


def _report(outcomes: WorkDB) -> None:
    """Say which share was noticed, and what was not."""
    results = dict(outcomes.results)
    words = {job: _word(result) for job, result in results.items()}
    noticed = {job for job, word in words.items() if word == "noticed"}
    failed = {job: set(_failed(results[job].output)) for job in noticed}
    always = _fail_always(sorted(set().union(*failed.values())))
    words.update((job, "doubtful") for job in noticed if failed[job] & always)
    for item in outcomes.work_items:
        if (word := words[item.job_id]) != "noticed":
            diff = results[item.job_id].diff
            _say(f"\n{word}: {_describe(item.mutations[0])}\n{diff}")
    counts = Counter(words.values())
    told = ", ".join(f"{counts[word]} {word}" for word in ("timed out", "doubtful", "MISSED"))
    _say(f"noticed {counts['noticed']} of {len(words)} mutants tried, {told}; seed {SEED}")


def _fail_always(tests: Sequence[str]) -> set[str]:
    """Those of some tests that fail without any change as well: they have noticed nothing."""
    if not tests:
        return set()
    run = subprocess.run([*PYTEST, *tests], check=False, capture_output=True, text=True)
    return set(_failed(run.stdout))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Runs a command of modelwire's in a process of its own, which has imported it already.

Starting Python and importing everything takes seconds where many tests run at once. So each process
is forked off one that has done that, and nothing else (Python manual, multiprocessing, forkserver).
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TIMEOUT_S = 120.0

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["modelwire.cli.main", "modelwire.cli.steps"])


class Done(NamedTuple):
    """Result of a command: exit code and output."""

    returncode: int | None
    stdout: str
    stderr: str


def run_command(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Done:
    """Run a command in a folder.

    Args:
        arguments: The words after `modelwire`.
        cwd: The folder.
        environment: What is in the environment beside what is in this one, but for modelwire's.
    """
    outer = {k: v for k, v in os.environ.items() if not k.startswith("MODELWIRE_")}
    with tempfile.TemporaryDirectory() as place:
        outputs = [Path(place) / name for name in ("stdout", "stderr")]
        process = CONTEXT.Process(
            target=_run, args=(list(arguments), cwd, {**outer, **environment}, outputs)
        )
        process.start()
        process.join(TIMEOUT_S)
        if process.is_alive():
            process.kill()
            process.join()
        stdout, stderr = (output.read_text() for output in outputs)
        code = process.exitcode
        process.close()
        return Done(code, stdout, stderr)


def _run(
    arguments: list[str], cwd: Path, environment: Mapping[str, str], outputs: Sequence[Path]
) -> None:
    for number, output in zip((1, 2), outputs, strict=True):
        os.dup2(os.open(output, os.O_CREAT | os.O_WRONLY), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = True
    sys.argv = ["modelwire", *arguments]

    from modelwire.cli.main import main  # noqa: PLC0415 - the process has it, this module need not

    main()

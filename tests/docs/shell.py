"""Runs the commands of one page: servers, requests, tests, scripts."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .curl import Answer, curl
from .pages import ROOT, Step

DEADLINE_S = 60.0
"""Seconds that a server may take to answer, or to end, and that a script may run."""

# The environment that these tests run in, whichever it is, is installed already.
_INSTALLED = (f"{sys.prefix}/.installed", f"{sys.prefix}/.serves")
_MAKE = ("make", f"VENV={sys.prefix}", *(word for stamp in _INSTALLED for word in ("-o", stamp)))

_ADDRESS = re.compile(r"(?:127\.0\.0\.1|localhost):(\d{4,5})\b")
_POSTGRESQL = re.compile(r"postgresql://[^\s'\"]+")

# What differs from run to run: moments, tags that depend on them, ids of requests, durations.
_CHANGING: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<moment>"),
    (r'"[0-9a-f]{18}(-[0-9a-f]{18})?"', '"<tag>"'),
    (r'\\"[0-9a-f]{18}(-[0-9a-f]{18})?\\"', r'\\"<tag>\\"'),
    (r"\b[0-9a-f]{32}\b", "<id>"),
    (r"\b\d+\.\d+s\b", "<seconds>"),
    (r"(\d{8}_\d{6}_)?(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])", "<step>"),
)
_STEP_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")


def normalize(text: str) -> str:
    """Replace what differs from run to run."""
    for pattern, name in _CHANGING:
        text = re.sub(pattern, name, text)
    return text


class Shell:
    """One directory, in which a page's commands run, and at most one server.

    Args:
        directory: Where its files are, until a page changes into another one.
        find_postgresql: Gives the URL of an empty PostgreSQL database.
    """

    def __init__(self, directory: Path, find_postgresql: Callable[[], str]) -> None:
        self.directory = directory
        self._log = directory.with_suffix(".log")
        self._find_postgresql = find_postgresql
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._steps: dict[str, str] = {}

    def write(self, title: str, text: str) -> None:
        """Write a file, which names steps of migrations as they are called here."""
        file = self.directory / title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_STEP_ID.sub(lambda found: self._steps.get(found[0], found[0]), text))

    @property
    def url(self) -> str:
        """The URL of its server."""
        return f"http://127.0.0.1:{self._port}"

    def run(self, step: Step) -> None:
        """Run a command and compare what it answers with what is shown."""
        command = _POSTGRESQL.sub(lambda _: self._find_postgresql(), step.command)
        words = shlex.split(command)
        given: dict[str, str] = {}
        while re.match(r"[A-Z_]+=", words[0]):
            name, _, value = words.pop(0).partition("=")
            given[name] = value
        program, *arguments = words
        match [Path(program).name, *arguments]:
            case ["curl", *_]:
                _compare_answer(curl([self._give(word) for word in arguments]), step)
            case ["cd", folder]:
                self.directory /= folder
            case ["make", *targets]:
                self._make(targets, given, step)
            case ["modelwire", "new" | "migrate" | "changes" | "check" | "copy" | "policies", *_]:
                options = ["-m", "modelwire", *arguments]
                output = _run([sys.executable, *options], given, self.directory)
                _compare_lines(output, step)
                self._note_steps(step, output)
            case ["modelwire", "export" | "import" | "seed", *_]:
                status = 1 if step.shown.endswith(" refused") else 0
                words = [sys.executable, "-m", "modelwire", *arguments]
                _compare_lines(_run(words, given, self.directory, status), step)
            case ["modelwire", "serve", *options]:
                self._serve([*_modelwire(), *_on_any_port(options)], given, step, self.directory)
            case ["pytest", *options]:
                options = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", *options]
                _compare_lines(_run([sys.executable, *options], given, self.directory), step)
            case ["python", *options]:
                whole = [sys.executable, *self._find_server(options)]
                _compare_lines(_run(whole, given, self.directory), step)
            case _:
                raise AssertionError(f"{step.place}: no test runs `{step.command}`")

    def _make(self, targets: list[str], given: dict[str, str], step: Step) -> None:
        """Run what is made by the Makefile of a project, in its folder, or else by that of here."""
        is_project = (self.directory / "Makefile").is_file()
        place = self.directory if is_project else ROOT
        if not is_project:
            given.setdefault("MODELWIRE_DATABASE_URL", f"sqlite:///{self.directory}/modelwire.db")
        if targets == ["serve"]:
            self._serve([*_MAKE, "serve", "SERVE_ARGS=--port 0"], given, step, place)
            self._note_steps(step, self._output())
        else:
            output = _run([*_MAKE, *([] if is_project else ["-n"]), *targets], given, place)
            _compare_lines(output, step)
            self._note_steps(step, output)

    def _note_steps(self, step: Step, output: str) -> None:
        self._steps.update(
            zip(_STEP_ID.findall(step.shown), _STEP_ID.findall(output), strict=False)
        )

    def _find_server(self, words: list[str]) -> list[str]:
        """The words of a command, with the server's own port where a page has another one."""
        return [self._place(word) for word in words]

    def _place(self, word: str) -> str:
        return _ADDRESS.sub(f"127.0.0.1:{self._port}", word)

    def _give(self, word: str) -> str:
        """Return the argument of curl for a word: after an @, the content of that file."""
        if word.startswith("@"):
            return (self.directory / word[1:]).read_text()
        return self._place(word)

    def _serve(
        self, command: list[str], given: Mapping[str, str], step: Step, directory: Path
    ) -> None:
        self.stop()
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                command,
                cwd=directory,
                env=_environment(given),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        fails = step.shown.startswith("modelwire: ")
        self._wait_until_done() if fails else self._wait_until_ready(step)
        shown_port = re.search(r"--port (\d+)", step.command)
        shown = f"127.0.0.1:{shown_port[1] if shown_port else 8000}"
        _compare_lines(self._output().replace(f"127.0.0.1:{self._port}", shown), step)

    def _output(self) -> str:
        return self._log.read_text()

    def _wait_until_done(self) -> None:
        assert self._server is not None
        status = self._server.wait(DEADLINE_S)
        assert status == 2, f"ended with {status}:\n{self._output()}"

    def _wait_until_ready(self, step: Step) -> None:
        assert self._server is not None
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            address = re.search(r"API +http://127\.0\.0\.1:(\d+)", self._output())
            if address is not None and _accepts(int(address[1])):
                self._port = int(address[1])
                return
            ended = self._server.poll()
            assert ended is None, f"{step.place}: ended with {ended}:\n{self._output()}"
            time.sleep(0.02)
        raise AssertionError(f"{step.place}: not ready in {DEADLINE_S} s:\n{self._output()}")

    def stop(self) -> None:
        """End the server, with every process that it has started."""
        server, self._server = self._server, None
        if server is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(server.pid, number)
                server.wait(DEADLINE_S)
            except ProcessLookupError:
                server.wait(DEADLINE_S)
                return
            except subprocess.TimeoutExpired:
                continue


def _modelwire() -> list[str]:
    return [str(Path(sys.executable).with_name("modelwire")), "serve"]


def _on_any_port(options: list[str]) -> list[str]:
    """The options with a port that is free, whatever the page says."""
    if "--port" in options:
        at = options.index("--port")
        options = [*options[:at], *options[at + 2 :]]
    return [*options, "--port", "0"]


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("MODELWIRE_", "PYTEST_"))}
    # Pages rewrite their files within a second, which bytecode files don't notice. The package of
    # a project, which its `make` installs, is found where it stands.
    fixed = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "src", "COLUMNS": "100"}
    return {**outer, **fixed, **given}


def _run(command: list[str], given: Mapping[str, str], directory: Path, status: int = 0) -> str:
    done = subprocess.run(
        command,
        cwd=directory,
        env=_environment(given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE_S,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == status, (
        f"{shlex.join(command)} ended with {done.returncode}:\n{output}"
    )
    return output


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _compare_lines(output: str, step: Step) -> None:
    """Each line that is shown stands in the output, in this order."""
    lines = iter(normalize(output).splitlines())
    for shown in normalize(step.shown).splitlines():
        found = any(line.rstrip() == shown.rstrip() for line in lines)
        assert found, f"{step.place}: `{step.command}` does not write\n{shown}\nbut\n{output}"


def _compare_answer(answer: Answer, step: Step) -> None:
    """The answer is what is shown: with `-i` its status, the headers shown, and its body."""
    shown, place = normalize(step.shown), f"{step.place}: `{step.command}`"
    if not shown:
        assert answer.status[9] in "23", f"{place} answers {answer}"
        return
    if answer.with_headers:
        head, _, shown = shown.partition("\n\n")
        status, *headers = head.splitlines()
        assert answer.status == status, f"{place} answers {answer}"
        for header in headers:
            name, _, value = header.partition(": ")
            real = normalize(answer.headers.get(name.lower(), ""))
            assert real == value, f"{place}: {name} is {real}"
    assert _read(normalize(answer.body)) == _read(shown), f"{place} answers {answer}"


def _read(text: str) -> object:
    """A body as a value: JSON however it is laid out, and text otherwise."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip().splitlines()

"""`modelwire shell`: Python in which one may await."""

import asyncio
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from IPython.core.interactiveshell import InteractiveShell

from examples import league
from modelwire import Database, mount
from modelwire.cli.shell import AsyncConsole, describe, interact, name_all
from modelwire.web.service import find_service
from tests.conftest import LEAGUE, PATIENT


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The runner of a shell."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def names(tmp_path: Path, runner: asyncio.Runner) -> Iterator[Any]:
    """The names of a shell on the league."""
    database = Database(f"sqlite:///{tmp_path / 'shell.db'}", **PATIENT)
    app = FastAPI()
    mount(app, database, *LEAGUE)
    service = find_service(app)
    assert service is not None
    runner.run(database.init_db())
    found = name_all(app, service)
    yield found
    runner.run(found["session"].close())
    runner.run(database.close_db())


STEPS = (
    "session.add(Team(name='Red'))",
    "await session.commit()",
    "teams = (await session.exec(select(Team))).all()",
    "print([team.name for team in teams])",
)


def test_it_has_session_database_and_models(names: Any) -> None:
    """The names are described, and that no caller's policies apply."""
    assert names["Team"] is league.Team
    told = describe(names)
    assert "Team" in told
    assert "no policy, hook or limit applies" in told
    assert "session, database, app, select" in told


def test_lines_may_await(
    names: Any, runner: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """All runs on one event loop, and an error ends a line and no more."""
    console = AsyncConsole(runner, names)
    for line in (STEPS[0], "1 / 0", *STEPS[1:]):
        assert console.push(line) is False
    said = capsys.readouterr()
    assert said.out == "['Red']\n"
    assert "ZeroDivisionError" in said.err


@pytest.mark.parametrize(("script", "ends"), [("", True), ("await nope", False), ("(", False)])
def test_script_says_whether_it_came_to_its_end(
    names: Any,
    runner: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str,
    ends: bool,
) -> None:
    """Standard input is one script."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*STEPS, script])))
    assert interact(runner, names) is ends
    assert ("Error" in capsys.readouterr().err) is not ends


def test_ipython_runs_on_the_same_loop(
    names: Any, runner: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """IPython awaits on the shell's event loop."""
    shell: Any = InteractiveShell(user_ns=dict(names))  # type: ignore[no-untyped-call]
    shell.history_manager.enabled = False
    shell.loop_runner = runner.run
    for line in STEPS:
        assert shell.run_cell(line).success
    assert "['Red']" in capsys.readouterr().out
    shell.history_manager.end_session()

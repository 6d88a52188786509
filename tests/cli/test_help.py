"""The help of each command, as a terminal of 80 columns shows it."""

from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from modelwire.cli.main import main


def read_help(*command: str) -> str:
    shown = CliRunner().invoke(main, [*command, "--help"], terminal_width=80, color=False)
    assert shown.exit_code == 0
    return shown.output


def find_commands() -> Iterator[tuple[str, ...]]:
    yield ()
    for name, command in get_command(main).commands.items():  # type: ignore[attr-defined]
        yield (name,)
        yield from ((name, inner) for inner in getattr(command, "commands", ()))


@pytest.mark.parametrize("command", [*find_commands()], ids=" ".join)
def test_help(command: tuple[str, ...]) -> None:
    """Nothing is cut off, and a value is named by what it is, not by its type in Python."""
    shown = read_help(*command)
    cut = [line for line in shown.splitlines()[1:] if line.endswith("...")]
    assert cut == []
    for type_ in ("<str>", "<list", "<int", "<path>", "{target}"):
        assert type_ not in shown


def test_order() -> None:
    """The command that is used most comes first."""
    _, commands = read_help().split("Commands:\n")
    assert commands.split()[0] == "serve"

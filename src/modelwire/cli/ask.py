"""What commands tell and ask whoever runs them, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import typer

from ..errors import ConfigurationError, ModelwireError


class Failed(ModelwireError):
    """What was asked for can't be done, or has failed, though it was asked for as it should be."""


@contextmanager
def exiting() -> Iterator[None]:
    """End the command with what was wrong: 2 if it is how it was given, 1 otherwise."""
    try:
        yield
    except ModelwireError as exc:
        typer.secho(f"modelwire: {exc}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1 if isinstance(exc, Failed) else 2) from None


def show_examples(*commands: str) -> str:
    """Write the end of a command's help: how it is used, line by line."""
    return "\n".join(["\b", "For example:", *(f"  modelwire {command}" for command in commands)])


def is_asked() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm_losses(losses: Sequence[str], *, yes: bool, accepted: Collection[str] = ()) -> None:
    """Say what is lost, and ask whether it may be.

    Args:
        losses: A line for each thing.
        yes: Whether an option has said so.
        accepted: Those among them that need no question.

    Raises:
        ConfigurationError: Nobody is there to be asked.
        Failed: The answer is no.
    """
    for loss in losses:
        typer.secho(f"Loses data: {loss}", err=True, fg=typer.colors.YELLOW)
    if yes or set(losses) <= set(accepted):
        return
    if not is_asked():
        raise ConfigurationError(f"{losses[0]}, and what is in it is lost: say --yes to do so")
    if not confirm("Lose it?"):
        raise Failed("Nothing was done")


def confirm(question: str) -> bool:
    """Ask a question whose answer is yes or no; no, if the person leaves.

    Raises:
        Failed: The person has left.
    """
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise Failed("Nothing was done") from None

"""Messages and questions of commands, and their exit codes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import typer

from ..errors import ConfigurationError, ModelwireError


class Failed(ModelwireError):
    """Failure of a command that was given correctly."""


@contextmanager
def exiting() -> Iterator[None]:
    """End the command with an error message: 2 if it was given wrongly, 1 otherwise."""
    try:
        yield
    except ModelwireError as exc:
        typer.secho(f"modelwire: {exc}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1 if isinstance(exc, Failed) else 2) from None


def show_examples(*commands: str) -> str:
    """Write the end of a command's help: examples, one a line."""
    return "\n".join(["\b", "For example:", *(f"  modelwire {command}" for command in commands)])


def is_asked() -> bool:
    """Whether there is a terminal to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm_losses(losses: Sequence[str], *, yes: bool, accepted: Collection[str] = ()) -> None:
    """Report the data that will be lost, and ask for consent.

    Args:
        losses: A line for each loss.
        yes: Whether an option has consented already.
        accepted: Losses among them that need no consent.

    Raises:
        ConfigurationError: There is no terminal to ask.
        Failed: Consent is refused.
    """
    for loss in losses:
        typer.secho(f"Loses data: {loss}", err=True, fg=typer.colors.YELLOW)
    if yes or set(losses) <= set(accepted):
        return
    if not is_asked():
        raise ConfigurationError(
            f"{losses[0]}, and its data would be lost: run the command with --yes to accept that"
        )
    if not confirm("Lose it?"):
        raise Failed("Nothing was done")


def confirm(question: str) -> bool:
    """Ask a yes-or-no question; no, if the prompt is aborted.

    Raises:
        Failed: The prompt was aborted.
    """
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise Failed("Nothing was done") from None

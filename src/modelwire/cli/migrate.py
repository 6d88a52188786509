"""`modelwire migrate`: turn the tables of a database into those of the models, step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigurationError
from ..extras import require
from .ask import exiting, show_examples
from .target import shorten

if TYPE_CHECKING:
    from .steps import Migrations, Step

migrate = typer.Typer(
    name="migrate",
    help="Bring the tables of a database up to the models, step by step.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FolderOption = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="The folder of the steps, with its env.py.")
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Accept the loss of data without being asked.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_FOLDER = Path("migrations")


def _open(folder: Path) -> Migrations:
    require("alembic", "modelwire migrate")
    from .steps import Migrations  # noqa: PLC0415 - it imports Alembic

    return Migrations(folder)


@migrate.command(
    epilog=show_examples(
        "migrate make 'year of birth'",
        "migrate make 'first tables' --app main.py",
        "migrate make 'titles' --rename books.name=title",
    )
)
def make(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What the step does, in a few words.")
    ],
    app: Annotated[
        str | None,
        typer.Option(
            metavar="TARGET",
            help="The application, or the module of tables, if there is no folder of steps yet: "
            "as in main.py, package.models or package.main:create_app.",
        ),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TABLE.]OLD=NEW",
            help="A column that was renamed; may be given several times.",
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TABLE.]COLUMN",
            help="A column, or a table, to drop; may be given several times.",
        ),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    folder: FolderOption = _FOLDER,
) -> None:
    """Write a step that brings the tables up to the models."""
    with exiting():
        require("alembic", "modelwire migrate")
        from .answers import Answers  # noqa: PLC0415 - as above
        from .steps import make_first, make_next  # noqa: PLC0415 - as above

        answers = Answers(rename or [], drop or [], yes)
        if app is not None:
            made = make_first(folder, app, text, answers)
        else:
            made = make_next(folder, text, answers)
    for column in made.unfilled:
        typer.secho(
            f"{column} has no default, and may not be NULL: where there are rows, the step fails "
            "until it says what they have",
            err=True,
            fg=typer.colors.YELLOW,
        )
    path = shorten(str(made.path)) if made.path else None
    if as_json:
        typer.echo(json.dumps({"path": path, "unfilled": made.unfilled}, indent=2))
    else:
        typer.echo(f"Written: {path}" if path else "Models and database agree: nothing to write")


@migrate.command(
    epilog=show_examples(
        "migrate apply", "migrate apply --to 3f2c1a --yes", "migrate apply --adopt"
    )
)
def apply(
    to: Annotated[
        str | None, typer.Option(metavar="STEP", help="The last step. Default: all.")
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Record the steps as applied without running them, for tables that exist "
            "already; refused if these differ from the models.",
        ),
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    folder: FolderOption = _FOLDER,
) -> None:
    """Run the steps that are not yet applied to the database."""
    with exiting():
        if adopt and to is not None:
            raise ConfigurationError("--adopt is about all steps; leave out --to")
        migrations = _open(folder)
        steps = migrations.adopt() if adopt else migrations.apply(to, yes=yes)
    _print(steps, "Noted" if adopt else "Applied", "Every step is applied", as_json=as_json)


@migrate.command(epilog=show_examples("migrate back", "migrate back 2 --yes"))
def back(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="The number of steps.", min=1)
    ] = 1,
    yes: YesOption = False,
    as_json: JsonOption = False,
    folder: FolderOption = _FOLDER,
) -> None:
    """Undo the last step, or the last ones."""
    with exiting():
        steps = _open(folder).back(number, yes=yes)
    _print(steps, "Undone", "", as_json=as_json)


@migrate.command(epilog=show_examples("migrate show", "migrate show --json"))
def show(as_json: JsonOption = False, folder: FolderOption = _FOLDER) -> None:
    """List the steps, and which of them are applied."""
    with exiting():
        steps = _open(folder).show()
    if as_json:
        typer.echo(json.dumps([step._asdict() for step in steps], indent=2, ensure_ascii=False))
        return
    for step in steps:
        typer.echo(f"{'applied' if step.applied else 'to come'}  {step.id}  {step.text}")
    if not steps:
        typer.echo("There are no steps yet")


@migrate.command(epilog=show_examples("migrate check", "migrate check --json"))
def check(as_json: JsonOption = False, folder: FolderOption = _FOLDER) -> None:
    """Fail if steps are not applied, or if models and database differ."""
    with exiting():
        pending, differences = _open(folder).check()
    if as_json:
        found = {
            "pending": [step._asdict() for step in pending],
            "differences": [difference._asdict() for difference in differences],
        }
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for step in pending:
            typer.echo(f"to come  {step.id}  {step.text}")
        for difference in differences:
            typer.echo(difference)
        if not pending and not differences:
            typer.echo("Models and database agree")
    if pending or differences:
        raise typer.Exit(1)


def _print(steps: Sequence[Step], done: str, nothing: str, *, as_json: bool) -> None:
    if as_json:
        shown = [{"id": step.id, "text": step.text} for step in steps]
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for step in steps:
        typer.echo(f"{done}: {step.text} ({step.id})")
    if not steps:
        typer.echo(nothing)

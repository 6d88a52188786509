"""`modelwire client`: typed clients of an application, in TypeScript and in Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from ..arguments import TargetArgument
from ..ask import exiting, show_examples
from ..target import load_app
from .described import Application, describe_application
from .folder import check_package_name, find_differences, write_client
from .python.files import HEADER as PYTHON_HEADER
from .python.files import write_python
from .typescript import HEADER as TYPESCRIPT_HEADER
from .typescript import write_typescript

client = typer.Typer(rich_markup_mode=None)
clients = typer.Typer(
    help="Generate a typed client of an application.", no_args_is_help=True, rich_markup_mode=None
)
client.add_typer(clients, name="client")

OutOption = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The folder of the client. What was generated there before is replaced.",
    ),
]
CheckOption = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Write nothing, and end with 1 if the files differ from those to be written.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the files as JSON.")]


@clients.command(
    name="ts",
    epilog=show_examples(
        "client ts main.py --out web/src/api", "client ts package.main:app --out api --check"
    ),
)
def write_in_typescript(
    target: TargetArgument,
    out: OutOption = Path("client"),
    check: CheckOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a client in TypeScript, without dependencies, on fetch."""
    _generate(target, out, write_typescript, TYPESCRIPT_HEADER, check, as_json)


@clients.command(
    name="python",
    epilog=show_examples(
        "client python main.py --out shop_client", "client python main.py --out api --check"
    ),
)
def write_in_python(
    target: TargetArgument,
    out: OutOption = Path("client"),
    check: CheckOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a client in Python, a package on httpx and Pydantic."""
    with exiting():
        check_package_name(out)
    _generate(target, out, write_python, PYTHON_HEADER, check, as_json)


def _generate(
    target: str,
    out: Path,
    write: Callable[[Application], Mapping[str, str]],
    header: str,
    check: bool,
    as_json: bool,
) -> None:
    with exiting():
        files = write(describe_application(load_app(target)))
        differing = find_differences(out, files)
        if not check:
            write_client(out, files, header)
    paths = [str(out / name) for name in files]
    if as_json:
        typer.echo(json.dumps({"files": paths, "changed": differing}, indent=2))
    elif check:
        for path in differing:
            typer.secho(f"{path} is not what would be generated", err=True, fg=typer.colors.YELLOW)
    else:
        typer.echo(f"Wrote {', '.join(paths)}")
    if check and differing:
        raise typer.Exit(1)

"""`modelwire export`, `import` and `seed`: rows from the tables to files, and back."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigurationError
from .arguments import TargetArgument
from .ask import exiting, show_examples
from .inside import Header
from .seeds import store_seeds
from .target import load_app
from .transfer.export import Exported, Wanted
from .transfer.export import export as export_rows
from .transfer.imports import Imported, Order, import_rows

data = typer.Typer(rich_markup_mode=None)

TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="MODELWIRE_TOKEN",
        metavar="TOKEN",
        help="The bearer token of the caller, where the application has callers.",
    ),
]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME:VALUE", help="A header of every request; may be given several times."
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="csv, jsonl, parquet or xlsx. Default: by the file's suffix.",
    ),
]
CompressOption = Annotated[
    str | None,
    typer.Option(
        "--compress", metavar="METHOD", help="gzip, zstd or none. Default: by the file's suffix."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")]


@data.command(
    epilog=show_examples(
        "export main.py users > users.csv --format csv",
        "export main.py orders --filter status=paid --to paid.parquet",
        "export main.py --to backup/ --format jsonl --compress zstd",
    )
)
def export(
    target: TargetArgument,
    resources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RESOURCE...", help="The paths of resources, as in users. Default: all."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The file; or the folder, for several resources. Default: standard output.",
        ),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="NAME=VALUE",
            help="A parameter of the list, as in status=paid, sort=-id or fields=id,name; may be "
            "given several times.",
        ),
    ] = None,
    format_: FormatOption = None,
    compress: CompressOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    token: TokenOption = None,
    header: HeaderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the rows of resources into files."""
    with exiting():
        if as_json and to is None:
            raise ConfigurationError("--json prints where the rows go: name a file by --to")
        # An export creates no tables.
        os.environ.setdefault("MODELWIRE_CREATE_TABLES", "false")
        wanted = Wanted(resources or [], filters or [], to, format_, compress, force)
        done = asyncio.run(export_rows(load_app(target), wanted, read_headers(token, header or [])))
    _print_exported(done, as_json=as_json)


def _print_exported(done: Sequence[Exported], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([each._asdict() for each in done], indent=2, ensure_ascii=False))
        return
    for each in done:
        if each.rows is None:
            text = "left out: its resource is without the operation `stream`"
        else:
            text = f"{each.rows} rows" + (f" into {each.path}" if each.path else "")
        typer.echo(f"{each.resource}: {text}", err=True)


@data.command(
    name="import",
    epilog=show_examples(
        "import main.py users users.csv.gz --without id",
        "import main.py users users.jsonl --on-conflict username --refused refused.jsonl",
        "import main.py orders - --format csv --atomic < orders.csv",
    ),
)
def import_(
    target: TargetArgument,
    resource: Annotated[
        str, typer.Argument(metavar="RESOURCE", help="The path of the resource, as in users.")
    ],
    source: Annotated[str, typer.Argument(metavar="FILE", help="The file; - for standard input.")],
    on_conflict: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD[,FIELD]",
            help="The unique key that identifies existing rows: those are updated with the "
            "values of the file.",
        ),
    ] = None,
    ignore: Annotated[bool, typer.Option("--ignore", help="Leave existing rows alone.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column to ignore; may be given several times."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything, and roll it back at the end.")
    ] = False,
    atomic: Annotated[
        bool, typer.Option("--atomic", help="Store all rows or none, in one transaction.")
    ] = False,
    refused: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write rows that are refused to this file, with lines and reasons, as JSON "
            "lines, and store the others.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Record the progress of the import beside the file, and resume from there if "
            "it was interrupted.",
        ),
    ] = False,
    format_: FormatOption = None,
    compress: CompressOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file of refused rows.")
    ] = False,
    token: TokenOption = None,
    header: HeaderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store the rows of a file in a resource."""
    order = Order(
        resource,
        None if source == "-" else Path(source),
        format_,
        compress,
        on_conflict,
        ignore,
        without or [],
        dry_run,
        atomic,
        refused,
        force,
        resume,
    )
    with exiting():
        done = asyncio.run(import_rows(load_app(target), order, read_headers(token, header or [])))
    _print_imported(done, as_json=as_json)
    if done.refused:
        raise typer.Exit(1)


def _print_imported(done: Imported, *, as_json: bool) -> None:
    if as_json:
        shown = {k: v for k, v in done._asdict().items() if k != "first"}
        typer.echo(json.dumps(shown, indent=2))
        return
    for text in done.first:
        typer.secho(text, err=True, fg=typer.colors.YELLOW)
    if done.refused > len(done.first):
        typer.echo(f"and {done.refused - len(done.first)} more", err=True)
    stored = "stored" if done.is_stored else "would be stored, and none is"
    refused = f"; {done.refused} refused" if done.refused else ""
    typer.echo(f"{done.resource}: {done.stored} rows {stored}{refused}")


@data.command(
    epilog=show_examples(
        "seed main.py seeds.yaml",
        "seed main.py package.seeds:make --key users=email",
    )
)
def seed(
    target: TargetArgument,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SEEDS",
            help="A YAML or JSON file, or a function that returns its content, as in "
            "seeds.yaml or package.seeds:make.",
        ),
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RESOURCE=FIELD[,FIELD]",
            help="The unique key that identifies existing rows; may be given several times. "
            "Default: the first that all rows have.",
        ),
    ] = None,
    token: TokenOption = None,
    header: HeaderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create or update rows from seeds, all or none.

    Running it again changes nothing.
    """
    with exiting():
        headers = read_headers(token, header or [])
        counts = asyncio.run(store_seeds(load_app(target), source, key or [], headers))
    if as_json:
        typer.echo(json.dumps(counts, indent=2))
        return
    for resource, count in counts.items():
        typer.echo(f"{resource}: {count} rows")


def read_headers(token: str | None, given: Sequence[str]) -> Sequence[Header]:
    """Read the headers that identify the caller.

    Args:
        token: A bearer token (RFC 6750).
        given: Headers, as in `X-User: ann`.

    Raises:
        ConfigurationError: One is malformed.
    """
    lines = [*given, *([] if token is None else [f"Authorization: Bearer {token}"])]
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not (name + value).isascii():
            raise ConfigurationError(f"--header {name}: should be as in 'X-User: ann'")
        headers.append((name.strip().lower().encode(), value.strip().encode()))
    return headers

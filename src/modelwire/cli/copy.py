"""`modelwire copy`: copy the rows of an application from one database to another."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import ExitStack
from typing import Annotated

import typer

from ..copying.progress import Silent
from ..copying.run import Result, copy_database
from ..copying.side import CopyFailed, check_file, open_side
from ..errors import ConfigurationError
from ..execute.database import Database
from .ask import Failed, exiting, show_examples
from .progress import Advance, showing
from .target import BadTarget, load_app

_STOPPED = 130
"""Exit code that a shell gives for Ctrl-C."""


class _Bars:
    """Progress bars on the terminal, one task after another.

    Args:
        stack: Closes the bar that is shown.
    """

    shown = True

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._tell: Advance | None = None
        self._done = 0

    def begin(self, what: str, rows: int | None, done: int = 0) -> None:
        """Begin a task, of whose rows some are done."""
        self._stack.close()
        self._tell = self._stack.enter_context(showing(what, rows))
        self._done = 0
        self.advance(done)

    def advance(self, rows: int) -> None:
        """Report that more rows are done."""
        self._done += rows
        if self._tell is not None:
            self._tell(self._done, self._done)


def copy(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="The file or module with the application or the tables in it, as for serve.",
        ),
    ],
    source_url: Annotated[
        str, typer.Argument(metavar="FROM", help="The URL of the database to copy from.")
    ],
    target_url: Annotated[
        str | None,
        typer.Argument(
            metavar="TO",
            show_default=False,
            help="The database to copy to. Missing tables are created.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Resume a copy that was stopped; compare again if it has ended.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Copy the rows of all tables to another database.

    Both are compared in the end.
    """
    started_s = time.monotonic()
    with exiting():
        result = _copy(target, source_url, target_url, resume=resume)
    if as_json:
        typer.echo(_to_json(result, time.monotonic() - started_s))
    else:
        _print(result)
    if not result.is_verified:
        raise typer.Exit(1)


EPILOG = show_examples(
    "copy main.py sqlite:///shop.db postgresql://shop@db1/shop",
    "copy main.py sqlite:///shop.db postgresql://shop@db1/shop --resume",
)


def _copy(target: str, source_url: str, target_url: str | None, *, resume: bool) -> Result:
    """Copy all rows, and compare both databases.

    Raises:
        ConfigurationError: An argument can't be used.
        Failed: The copy has failed.
    """
    if "://" in target:
        raise ConfigurationError(
            f"Name the module of the tables first: modelwire copy main.py {target} {source_url}"
        )
    if target_url is None:
        raise ConfigurationError(f"Say where to: modelwire copy {target} {source_url} TO")
    source, goal = open_side(source_url, "FROM"), open_side(target_url, "TO")
    check_file(source, "FROM")
    if source.url == goal.url:
        raise ConfigurationError("FROM and TO are the same database")
    database = getattr(load_app(target).state, "modelwire_database", None)
    if not isinstance(database, Database):
        raise BadTarget(f"{target} has an application without a database of modelwire's")
    try:
        with ExitStack() as stack:
            progress = _Bars(stack) if sys.stderr.isatty() else Silent()
            return asyncio.run(
                copy_database(source, goal, database.metadata, progress, resume=resume)
            )
    except CopyFailed as exc:
        raise Failed(f"{exc}") from exc
    except KeyboardInterrupt:
        typer.echo("Stopped. Rows copied so far stay, and --resume continues from there", err=True)
        raise typer.Exit(_STOPPED) from None


def _to_json(result: Result, duration_s: float) -> str:
    tables = [
        {
            "table": each.table,
            "rows": each.target.rows,
            "checksum": each.target.text,
            "is_same": each.is_same,
        }
        for each in result.tables
    ]
    found = [difference._asdict() for each in result.tables for difference in each.differences]
    return json.dumps(
        {
            "tables": tables,
            "rows": sum(each.target.rows for each in result.tables),
            "copied": result.copied,
            "resumed": result.resumed,
            "verified": result.is_verified,
            "differences": found,
            "duration_s": round(duration_s, 3),
        },
        indent=2,
        ensure_ascii=False,
    )


def _print(result: Result) -> None:
    for each in result.tables:
        typer.echo(f"{each.table}  {_count(each.target.rows)}  {each.target.text}")
    for each in result.tables:
        if not each.is_same:
            counts = f"{_count(each.source.rows)} in FROM, {each.target.rows} in TO"
            typer.secho(f"{each.table} differs: {counts}", err=True, fg=typer.colors.RED)
        for difference in each.differences:
            typer.secho(str(difference), err=True, fg=typer.colors.RED)
    if result.is_verified:
        typer.echo(f"Copied {_count(result.copied)}; both databases have the same")


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"

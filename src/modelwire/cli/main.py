"""Commands of `modelwire`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from logging.config import dictConfig
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from .. import __version__
from ..compat.uvicorn import run_server, run_workers
from ..errors import ConfigurationError, ModelwireError
from ..execute.database import Database
from ..execute.url import show_url
from ..extras import require
from ..settings import read_settings, warn_of_unknown_settings
from ..web.service import find_service
from .address import find_port, is_loopback, loopback_names
from .arguments import ApplicationArgument, UrlOption
from .ask import exiting, show_examples
from .changes import changes
from .client.command import client
from .copy import EPILOG as COPY_EXAMPLES
from .copy import copy
from .data import data
from .extra import serve_admin
from .loading import loading
from .logs import configure_logs
from .migrate import migrate
from .new import create_project
from .notice import Notice
from .policies import list_policies
from .protocol import LimitedProtocol
from .reason import reason_of
from .sharing import sharing_metrics
from .shell import shell
from .target import load_app

_TARGET = "_MODELWIRE_SERVE_TARGET"
_SHOWN = "_MODELWIRE_SERVE_SHOWN"
_ADMIN = "_MODELWIRE_SERVE_ADMIN"
_LISTS = 8  # paths of resources that are shown at start
_ANSWER_S = 5  # seconds that requests which were cut short have to respond
_KEEP_ALIVE_S = 75  # seconds: longer than the 60 of proxies, which must not find them closed
_RELOAD_S = 0.5  # seconds between two checks for changed files
_HEALTHCHECK_S = 30  # seconds after which a worker that is busy or still starting is given up

main = typer.Typer(
    name="modelwire",
    help="Takes SQLModel tables to the wire.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
main.add_typer(migrate)
main.add_typer(data)
main.add_typer(shell)
main.add_typer(changes)
main.add_typer(client)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"modelwire {__version__}")
        raise typer.Exit


@main.callback()
def _commands(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Takes SQLModel tables to the wire."""


@main.command(
    epilog=show_examples("serve models.py", "serve package.main:app --port 9000 --workers 4")
)
def serve(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A file or module with a FastAPI application or SQLModel tables in it, "
            "as in league.py, package.models, package.main:app or package.main:create_app.",
        ),
    ],
    database_url: UrlOption = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="NUMBER", help="Port to listen on.", min=0, max=65535)
    ] = 8000,
    workers: Annotated[int, typer.Option(metavar="NUMBER", help="Server processes.", min=1)] = 1,
    reload: Annotated[
        bool,
        typer.Option(
            "--reload", help="Restart whenever a Python file below this directory changes."
        ),
    ] = False,
    root_path: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="Path under which a proxy serves the application, where the proxy strips it "
            "before it forwards requests, as in /api.",
        ),
    ] = "",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Host name that is accepted, as in api.example.com or *.example.com; may be "
            "given several times. Default: MODELWIRE_ALLOWED_HOSTS, else loopback names on a "
            "loopback address, and any name elsewhere.",
        ),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE.FIELD",
            help="Field that is named like a secret but is none, as in heroes.secret_name; may be "
            "given several times. Fields hidden for their names are listed at start.",
        ),
    ] = None,
    admin: Annotated[
        bool,
        typer.Option("--admin", help="Serve the admin page too, at /admin."),
    ] = False,
    log_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT", help="text or json. Default: MODELWIRE_LOG_FORMAT, else text."
        ),
    ] = None,
    create_tables: Annotated[
        bool | None,
        typer.Option(
            "--create-tables/--no-create-tables",
            help="Whether missing tables are created. Default: MODELWIRE_CREATE_TABLES, else yes.",
        ),
    ] = None,
) -> None:
    """Serve an application, or every table of a module."""
    _pass_on_settings(database_url=database_url, create_tables=create_tables, log_format=log_format)
    _pass_on_hosts(host, allowed_host or ())
    os.environ[_TARGET] = target
    os.environ[_SHOWN] = ",".join(show or ())
    os.environ[_ADMIN] = "yes" if admin else ""
    try:
        if reload and workers > 1:
            raise ConfigurationError("--reload runs one process; leave out --workers")
        settings = read_settings()
        log_config = configure_logs(settings)
        dictConfig(log_config)
        warn_of_unknown_settings()
        root_path = _check_root_path(root_path)
        app = create_app()
        _check_database(app, database_url)
        port = find_port(host, port)
    except ModelwireError as exc:
        typer.secho(f"modelwire: {exc}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from None
    _show_addresses(app, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    notice = Notice()
    run = _choose_run(app, notice, settings.shutdown_delay_s, workers=workers, reload=reload)
    with exiting(), sharing_metrics(wanted=workers > 1 and settings.metrics):
        run(
            host=host,
            port=port,
            root_path=root_path,
            log_config=log_config,
            access_log=False,
            http=partial(
                LimitedProtocol,
                settings.max_head_bytes,
                settings.shutdown_timeout_s,
                settings.send_timeout_s,
                notice.is_given,
            ),
            timeout_graceful_shutdown=settings.shutdown_timeout_s + _ANSWER_S,
            timeout_worker_healthcheck=_HEALTHCHECK_S,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )


@main.command(epilog=show_examples("mcp main.py", "mcp package.main:app --header 'X-Caller: 7'"))
def mcp(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A file or module with a FastAPI application or SQLModel tables in it, as for "
            "serve.",
        ),
    ],
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:VALUE",
            help="Header that identifies the caller, as in 'X-Caller: 7'; may be repeated. "
            "MODELWIRE_TOKEN is sent as Authorization: Bearer unless that is given.",
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--path",
            metavar="PATH",
            help="Path at which the application serves agents, if there are several.",
        ),
    ] = None,
) -> None:
    """Serve tools to an agent, by the Model Context Protocol.

    It reads standard input and writes standard output.
    """
    with exiting():
        require("mcp", "The command modelwire mcp")
        from .agent import find_agents, read_headers, serve_agent  # noqa: PLC0415 - it imports it

        settings = read_settings()
        dictConfig(configure_logs(settings))
        headers = read_headers(header or ())
        with redirect_stdout(sys.stderr):  # output of the application is no message
            app = load_app(target)
        agents = find_agents(app, path)
        _check_database(app, None)
    serve_agent(app, agents, headers)


@main.command(epilog=show_examples("new shop", "new shop --auth --postgres"))
def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The name of the folder, and of the Python package in it."
        ),
    ],
    auth: Annotated[
        bool,
        typer.Option("--auth", help="With sign-up, login, and rows that belong to users."),
    ] = False,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Deploy with PostgreSQL, and test with it in CI.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the files as JSON.")] = False,
) -> None:
    """Make a project with tables, tests, migrations, an image and CI."""
    with exiting():
        files = create_project(name, auth=auth, postgres=postgres)
    if as_json:
        typer.echo(json.dumps({"path": name, "files": sorted(files)}, indent=2))
        return
    typer.echo(f"Made {name}, with {len(files)} files. Go on with:")
    typer.echo(f"  cd {name}\n  make serve\n  make test")


@main.command(epilog=show_examples("policies main.py", "policies package.main:app --json"))
def policies(
    target: ApplicationArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """Print which rows and fields a caller may see and change."""
    try:
        lines = list_policies(load_app(target))
    except ModelwireError as exc:
        typer.secho(f"modelwire: {exc}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps([line._asdict() for line in lines], indent=2, ensure_ascii=False))
        return
    for line in lines:
        name = f"{line.resource}.{line.field}" if line.field else line.resource
        typer.echo(f"{name}  {line.operation}  {line.condition}")


@main.command(
    epilog=show_examples(
        "check main.py", "check package.main:app --ignore MW303 --json", "check main.py --fix"
    )
)
def check(
    target: ApplicationArgument,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE",
            help="Code of a rule to run, or the start of codes, as in MW101 or MW4; may be given "
            "several times. Default: all.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Code of a rule not to run; may be given several times."),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix what is safe to fix, and show the changes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """Find mistakes in an application and in its own endpoints."""
    with exiting():
        from .check.command import check_application  # noqa: PLC0415 - no other command needs it

        clean = check_application(target, select or (), ignore or (), as_json=as_json, fix=fix)
    if not clean:
        raise typer.Exit(1)


main.command(epilog=COPY_EXAMPLES)(copy)


def create_app() -> FastAPI:
    """Load the application named in the environment, in a worker process too."""
    with loading():
        app = load_app(os.environ[_TARGET], [*filter(None, os.environ[_SHOWN].split(","))])
        if os.environ[_ADMIN]:
            serve_admin(app)
    return app


def _pass_on_settings(**settings: object) -> None:
    """Put settings into the environment.

    Applications and workers that create their own Database find them there.
    """
    for name, value in settings.items():
        if value is not None:
            os.environ[f"MODELWIRE_{name.upper()}"] = str(value)
    os.environ.setdefault("MODELWIRE_LOG_REQUESTS", "true")


def _pass_on_hosts(host: str, allowed: Sequence[str]) -> None:
    """Put the host names that the service accepts into the environment."""
    if allowed:
        os.environ["MODELWIRE_ALLOWED_HOSTS"] = ",".join(allowed)
    elif is_loopback(host):
        # Only clients on this machine are meant, not pages whose host names resolve to it.
        os.environ.setdefault("MODELWIRE_ALLOWED_HOSTS", ",".join(loopback_names(host)))


def create_app_of_worker(notice: Notice, delay_s: float) -> FastAPI:
    """Load the application in a worker process, which does not outlive its parent.

    Args:
        notice: The notice of the server's shutdown, or of its end.
        delay_s: Seconds that the worker serves on after it.
    """
    notice.leave(delay_s)
    return create_app()


def _choose_run(
    app: FastAPI, notice: Notice, delay_s: float, *, workers: int, reload: bool
) -> Callable[..., None]:
    """Choose the function that runs an application, in this process or in others."""
    if workers > 1:
        make_app = partial(create_app_of_worker, notice, delay_s)
        return partial(run_workers, make_app, notice.give, delay_s, workers=workers, factory=True)
    if reload:
        where = "modelwire.cli.main:create_app"
        return partial(uvicorn.run, where, factory=True, reload=True, reload_delay=_RELOAD_S)
    return partial(run_server, app, notice.give, delay_s)


def _show_addresses(app: FastAPI, address: str) -> None:
    typer.echo(f"API   {address}")
    service = find_service(app)
    lists = service.index.lists if service else []
    for path in lists[:_LISTS]:
        typer.echo(f"Rows  {address}{path}")
    if len(lists) > _LISTS:
        typer.echo(f"Rows  and {len(lists) - _LISTS} more paths")
    if app.docs_url:
        typer.echo(f"Docs  {address}{app.docs_url}")
    for path in service.index.admin if service else ():
        typer.echo(f"Admin {address}{path}")


def _check_root_path(path: str) -> str:
    """Strip the trailing slash from a root path.

    Raises:
        ConfigurationError: It is no path.
    """
    path = path.rstrip("/")
    if path and not path.startswith("/"):
        raise ConfigurationError(f"--root-path {path} should start with a slash, as in /{path}")
    return path


def _check_database(app: FastAPI, wanted: str | None) -> None:
    """Connect to the application's database once, before anything is served.

    Raises:
        ConfigurationError: It can't be reached, or is not the one that was asked for.
    """
    database = getattr(app.state, "modelwire_database", None)
    if not isinstance(database, Database):
        return
    if wanted is not None and database.settings.database_url.get_secret_value() != wanted:
        raise ConfigurationError(
            "The application names its own database URL, which --database-url can't replace; "
            "leave it out of Database() to set it from outside"
        )
    try:
        asyncio.run(_prepare(database))
    except ModelwireError as exc:
        reason = _find_missing_directory(database) or reason_of(exc)
        raise ConfigurationError(f"Can't use the database {_shown(database)}: {reason}") from exc


async def _prepare(database: Database) -> None:
    try:
        if database.settings.create_tables:
            await database.init_db()
        else:
            await database.ping()
    finally:
        await database.close_db()


def _find_missing_directory(database: Database) -> str | None:
    """Name the directory that is missing, which SQLite's error doesn't."""
    name = database.url.database
    if database.dialect != "sqlite" or not name or name.startswith("file:"):
        return None
    directory = Path(name).parent
    return None if directory.is_dir() else f"there is no directory {directory}"


def _shown(database: Database) -> str:
    return show_url(database.url)

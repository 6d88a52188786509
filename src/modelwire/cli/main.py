"""The commands."""

from __future__ import annotations

import asyncio
import os
import socket
from functools import partial
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from ..errors import ConfigurationError, ModelwireError
from ..execute import Database
from ..settings import read_settings
from .logs import configure_logs
from .protocol import LimitedProtocol
from .target import load_app

_TARGET = "MODELWIRE_SERVE_TARGET"
_ANSWER_S = 5  # seconds that requests which were cut short have to say so
_KEEP_ALIVE_S = 75  # seconds: proxies keep theirs for 60, and are not to find them closed
_HEALTHCHECK_S = 30  # seconds after which a worker that is busy, or still starts, is given up

main = typer.Typer(
    name="modelwire",
    help="Takes SQLModel tables to the wire.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@main.callback()
def _commands() -> None:
    """Takes SQLModel tables to the wire."""


@main.command()
def serve(
    target: Annotated[
        str,
        typer.Argument(
            help="A file or module with a FastAPI application or SQLModel tables in it, "
            "as in league.py, package.models or package.main:app."
        ),
    ],
    database_url: Annotated[
        str | None,
        typer.Option(
            help="sqlite:///file.db or postgresql://user:password@host/name. "
            "Default: MODELWIRE_DATABASE_URL, else sqlite:///modelwire.db."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1)] = 1,
    log_format: Annotated[
        str | None,
        typer.Option(help="text or json. Default: MODELWIRE_LOG_FORMAT, else text."),
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
    # The environment is how settings reach applications, and workers, that make their own Database.
    if database_url is not None:
        os.environ["MODELWIRE_DATABASE_URL"] = database_url
    if create_tables is not None:
        os.environ["MODELWIRE_CREATE_TABLES"] = str(create_tables)
    if log_format is not None:
        os.environ["MODELWIRE_LOG_FORMAT"] = log_format
    os.environ.setdefault("MODELWIRE_LOG_REQUESTS", "true")
    os.environ[_TARGET] = target
    try:
        settings = read_settings()
        log_config = configure_logs(settings)
        app = load_app(target)
        _check_database(app, database_url)
        port = _find_port(host, port)
    except ModelwireError as exc:
        typer.secho(f"modelwire: {exc}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from None
    address = f"[{host}]" if ":" in host else host
    typer.echo(f"API   http://{address}:{port}")
    if app.docs_url:
        typer.echo(f"Docs  http://{address}:{port}{app.docs_url}")
    protocol = partial(LimitedProtocol, settings.max_head_bytes, settings.shutdown_timeout_s)
    uvicorn.run(
        "modelwire.cli.main:create_app" if workers > 1 else app,
        factory=workers > 1,
        host=host,
        port=port,
        workers=workers,
        log_config=log_config,
        access_log=False,
        http=protocol,  # type: ignore[arg-type]
        timeout_graceful_shutdown=settings.shutdown_timeout_s + _ANSWER_S,
        timeout_worker_healthcheck=_HEALTHCHECK_S,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )


def create_app() -> FastAPI:
    """Load the application in a worker process."""
    return load_app(os.environ[_TARGET])


def _check_database(app: FastAPI, wanted: str | None) -> None:
    """Reach the application's database once, before anything is served.

    Raises:
        ConfigurationError: It can't be reached, or is another one than was asked for.
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
        reason = _reason_of(exc)
        raise ConfigurationError(f"Can't use the database {_shown(database)}: {reason}") from exc


async def _prepare(database: Database) -> None:
    try:
        if database.settings.create_tables:
            await database.init_db()
        else:
            await database.ping()
    finally:
        await database.close_db()


def _reason_of(error: BaseException) -> str:
    """The driver's own words, on one line; they go to the terminal, not to a client."""
    cause = error.__cause__ or error
    original = getattr(cause, "orig", None) or cause
    return " ".join(str(original).split()) or type(original).__name__


def _shown(database: Database) -> str:
    return database.url.set(drivername=database.dialect).render_as_string(hide_password=True)


def _find_port(host: str, port: int) -> int:
    """Check that a port is free, or choose one for port 0.

    Raises:
        ConfigurationError: The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise ConfigurationError(
                f"Can't listen on {host}:{port}: {exc.strerror}; choose another with --port"
            ) from None
        chosen: int = probe.getsockname()[1]
        return chosen

"""`modelwire changes`: the processing of changes, by name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer

from ..errors import ConfigurationError, ModelwireError
from ..execute.database import Database
from ..execute.url import show_url
from ..execute.work.places import Place
from ..statement.changes import CHANGES
from .arguments import UrlOption
from .ask import Failed, exiting, show_examples
from .reason import reason_of

T = TypeVar("T")

changes = typer.Typer(
    name="changes",
    help="Show who processes changes, and how far; or move on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@changes.command("list", epilog=show_examples("changes list", "changes list --json"))
def list_places(database_url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List who processes changes, and the change that each is at."""
    with exiting():
        places, reason = _run(database_url, _list)
    if not places:
        typer.echo(reason, err=True)
    if as_json:
        typer.echo(json.dumps([place._asdict() for place in places], indent=2))
        return
    for place in places:
        typer.echo(_show(place))


@changes.command(epilog=show_examples("changes skip send-mail", "changes skip send-mail --to 1200"))
def skip(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name that is given to database.changes().")
    ],
    to: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="NUMBER",
            help="The last change to skip. Default: the one that is being tried. A number below "
            "the last one done has those after it processed again.",
        ),
    ] = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Skip a change that can't be processed, or move to another one."""

    async def move(database: Database) -> Place:
        return await _move(database, name, to)

    with exiting():
        place = _run(database_url, move)
    typer.echo(json.dumps(place._asdict(), indent=2) if as_json else _show(place))


async def _list(database: Database) -> tuple[Sequence[Place], str]:
    """List the places, with the reason if there are none."""
    places = database.tracking.places
    found = await places.list()
    if found or await places.has_log():
        return found, 'No worker has processed changes: database.changes("…") makes one'
    return found, (
        f"{show_url(database.url)} has no log of changes: the table {CHANGES.name} is missing. "
        "Name the application's database by --database-url or MODELWIRE_DATABASE_URL; its log is "
        "created when it starts with changes=Changes() in a Resource"
    )


async def _move(database: Database, name: str, to: int | None) -> Place:
    place = await _find(database, name)
    number = place.trying if to is None else to
    if number is None:
        raise Failed(f"{name} is at no change; say --to and the number of one")
    if number < place.number and place.works:
        raise Failed(f"{name} is at work, and can't be sent back; end its processes first")
    await database.tracking.places.move(name, number)
    return await _find(database, name)


async def _find(database: Database, name: str) -> Place:
    found, reason = await _list(database)
    places = {place.name: place for place in found}
    if not places:
        raise ConfigurationError(f"No worker called {name} has processed changes here. {reason}")
    if name not in places:
        known = ", ".join(places)
        raise ConfigurationError(f"No worker called {name} has processed changes here; {known} has")
    return places[name]


def _show(place: Place) -> str:
    state = "at work" if place.works else "not at work"
    parts = [f"done up to {place.number}", f"{place.left} left", state]
    if place.trying is not None:
        times = "once" if place.attempts == 1 else f"{place.attempts} times"
        parts.append(f"given {place.trying} {times}")
    return f"{place.name}  {', '.join(parts)}"


def _run(url: str | None, work: Callable[[Database], Awaitable[T]]) -> T:
    database = Database(url)

    async def run() -> T:
        try:
            return await work(database)
        finally:
            await database.close_db()

    try:
        return asyncio.run(run())
    except (ConfigurationError, Failed):
        raise
    except ModelwireError as exc:
        raise Failed(f"Can't use the database: {reason_of(exc)}") from exc

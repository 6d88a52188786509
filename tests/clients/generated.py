"""Our own clients of all applications, with the programs that use them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import FastAPI

from modelwire import Database
from modelwire.cli.client.described import Application, describe_application
from tests.conftest import ZOO, make_app

from . import oddities
from .serving import APPLICATIONS

PROGRAMS = Path(__file__).parent / "programs"
UNSERVED = ("zoo", "oddities")
"""Those whose clients are only looked at."""


def make_applications() -> dict[str, FastAPI]:
    """Make every application that clients are generated of; none needs its database."""
    made = {
        name: make(Database("sqlite://", **({} if metadata is None else {"metadata": metadata})))
        for name, (make, metadata) in APPLICATIONS.items()
    }
    return {
        **made,
        "zoo": make_app(Database("sqlite://"), "direct", ZOO, {}),
        "oddities": oddities.create_app(),
    }


def write_clients(
    directory: Path, folder: str, write: Callable[[Application], Mapping[str, str]], suffix: str
) -> None:
    """Write a client of each application into a directory, and programs beside it.

    Args:
        directory: The directory; each application has one of its own in it.
        folder: What the folder of a client is called.
        write: Writes a client.
        suffix: How the names of programs end.
    """
    for name, app in make_applications().items():
        client = directory / name / folder
        client.mkdir(parents=True)
        for file, text in write(describe_application(app)).items():
            (client / file).write_text(text)
        programs = [name, "check", *(["retries"] if name == "league" else [])]
        for path in [PROGRAMS / f"{program}{suffix}" for program in programs]:
            if path.is_file():
                (client.parent / path.name).write_text(path.read_text())


def is_the_same_each_time(write: Callable[[Application], Mapping[str, str]]) -> bool:
    """Whether a client of an application that is made anew is the same."""
    first, second = (
        {name: write(describe_application(app)) for name, app in make_applications().items()}
        for _ in range(2)
    )
    return first == second

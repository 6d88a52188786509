"""The source and the target database of a copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import ConfigurationError, ModelwireError
from ..execute.engine import create_engine
from ..execute.url import file_to_create, is_memory, parse_url, show_url
from ..settings import read_settings

_STATEMENT_S = 3600.0
"""Seconds that a statement may take: counting rows and sorting keys of large tables take long."""

_PATIENCE_S = 60.0


class CopyFailed(ModelwireError):
    """Failure that ends a copy; rows copied by then stay, and it can be resumed."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two databases of a copy.

    Args:
        name: Its URL as shown to users.
        url: Its URL.
        engine: Its engine.
    """

    name: str
    url: URL
    engine: AsyncEngine


def open_side(text: str, argument: str) -> Side:
    """Open a database; nothing connects yet.

    Args:
        text: Its URL.
        argument: Its name on the command line.

    Raises:
        ConfigurationError: It is no database that can be copied from or to.
    """
    try:
        url = parse_url(text)
    except ConfigurationError as exc:
        raise ConfigurationError(f"{argument}: {exc}") from exc
    if is_memory(url):
        raise ConfigurationError(f"{argument}: a database in memory is gone when the command ends")
    if url.get_backend_name() == "sqlite" and not (url.database or "").startswith("file:"):
        url = url.set(database=str(Path(url.database or "").absolute()))
    settings = read_settings(
        database_url=text, statement_timeout_s=_STATEMENT_S, pool_timeout_s=_PATIENCE_S, pool_size=2
    )
    return Side(show_url(url), url, create_engine(url, settings))


def check_file(side: Side, argument: str) -> None:
    """Check that the file of a SQLite database exists; reading would create it.

    Raises:
        ConfigurationError: It doesn't exist.
    """
    if side.url.get_backend_name() != "sqlite":
        return
    name = side.url.database or ""
    file = file_to_create(name, is_uri=name.startswith("file:"))
    if file is not None and not Path(file).is_file():
        raise ConfigurationError(f"{argument}: there is no file {file}")


@contextmanager
def saying_why(side: Side) -> Iterator[None]:
    """Raise errors of a database as a `CopyFailed` with its name and the reason.

    Raises:
        CopyFailed: The database refuses, or can't be reached.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as exc:
        raise CopyFailed(f"{side.name}: {reason_of(exc)}") from exc


def reason_of(error: BaseException) -> str:
    """Return the reason of an error, as the database or the converter of a value words it."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig else error
    cause = getattr(original, "__cause__", None) or original
    return " ".join(str(cause).split()) or type(cause).__name__

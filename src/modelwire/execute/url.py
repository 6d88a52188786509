"""Database URLs: what users write, and what the drivers take."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import ConfigurationError

_POSTGRESQL = ("postgresql", "postgres", "postgresql+asyncpg")
_SQLITE = ("sqlite", "sqlite+aiosqlite")


def parse_url(text: str) -> URL:
    """Parse a database URL.

    Args:
        text: `sqlite:///file.db`, `sqlite://` (in memory) or `postgresql://user@host/name`, with
            libpq's parameters; a driver may be named, and is chosen otherwise.

    Returns:
        The URL, with the async driver's name in it.

    Raises:
        ConfigurationError: It is no URL, or of another database. The message shows no password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "The database URL can't be read; it should look like sqlite:///file.db "
            "or postgresql://user:password@host:5432/name"
        ) from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+asyncpg")
    if url.drivername in _SQLITE:
        if url.host:
            raise ConfigurationError(
                f"The database URL should have three slashes before a file: sqlite:///{url.host}"
            )
        return url.set(drivername="sqlite+aiosqlite")
    raise ConfigurationError(
        f"The database URL starts with {url.drivername}://; it can be sqlite:// or postgresql://"
    )


def is_memory(url: URL) -> bool:
    """Whether a URL names a SQLite database that lives in memory."""
    database = url.database or ""
    return url.get_backend_name() == "sqlite" and (
        database in ("", ":memory:") or url.query.get("mode") == "memory"
    )


def to_libpq(url: URL) -> str:
    """The URL as libpq and asyncpg read it, hosts, TLS and all (PostgreSQL manual, 34.1.1)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

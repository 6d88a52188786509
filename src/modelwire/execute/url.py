"""Database URLs: what users write, and what the drivers take."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

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
        return _move_password(url.set(drivername="postgresql+asyncpg"))
    if url.drivername in _SQLITE:
        if url.host:
            raise ConfigurationError(
                f"The database URL should have three slashes before a file: sqlite:///{url.host}"
            )
        return url.set(drivername="sqlite+aiosqlite")
    raise ConfigurationError(
        f"The database URL starts with {url.drivername}://; it can be sqlite:// or postgresql://"
    )


def _move_password(url: URL) -> URL:
    """Put a password that stands among the parameters where it is known for what it is."""
    given = url.query.get("password")
    if given is None:
        return url
    password = url.password or (given if isinstance(given, str) else given[-1])
    return url.set(password=password).difference_update_query(["password"])


def show_url(url: URL) -> str:
    """Write a URL for people to read: without its driver, and without what is secret in it."""
    secret = {name: "***" for name in url.query if name in _SECRET}
    shown = url.update_query_dict(secret).set(drivername=url.get_backend_name())
    return shown.render_as_string(hide_password=True)


_SECRET = frozenset({"password", "sslpassword"})
"""Parameters of a URL that nobody should see (PostgreSQL manual, 34.1.2)."""


def is_memory(url: URL) -> bool:
    """Whether a URL names a SQLite database that lives in memory."""
    database = url.database or ""
    return url.get_backend_name() == "sqlite" and (
        database in ("", ":memory:") or url.query.get("mode") == "memory"
    )


def file_to_create(name: str, *, is_uri: bool) -> str | None:
    """Find the file that SQLite creates where it is missing.

    Args:
        name: What SQLite is given: a path, or a URI (SQLite, URI Filenames).
        is_uri: Whether that may be a URI.

    Returns:
        The file; None where there is none, or none is created.
    """
    if not name or name == ":memory:":
        return None
    if not (is_uri and name.startswith("file:")):
        return name
    parts = urlsplit(name)
    mode = dict(parse_qsl(parts.query)).get("mode", "rwc")
    return unquote(parts.path) if mode == "rwc" else None


def to_libpq(url: URL) -> str:
    """The URL as libpq and asyncpg read it, hosts, TLS and all (PostgreSQL manual, 34.1.1)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

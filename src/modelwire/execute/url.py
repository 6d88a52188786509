"""Database URLs: from the user's spelling to the driver's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import ConfigurationError
from .servers import read_servers

_POSTGRESQL = ("postgresql", "postgres", "postgresql+asyncpg")
_SQLITE = ("sqlite", "sqlite+aiosqlite")


def parse_url(text: str) -> URL:
    """Parse a database URL.

    Args:
        text: `sqlite:///file.db`, `sqlite://` (in memory) or `postgresql://user@host/name`, with
            libpq's parameters and several hosts, as in `postgresql://a,b:5433/name`; the name of a
            driver is optional.

    Returns:
        The URL, with the async driver's name.

    Raises:
        ConfigurationError: It is not a URL, names another database, or has an unsupported
            parameter. The message shows no password.
    """
    try:
        url = make_url(_move_hosts(text))
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "The database URL can't be read; it should look like sqlite:///file.db "
            "or postgresql://user:password@host:5432/name"
        ) from None
    if url.drivername in _POSTGRESQL:
        url = _move_password(url.set(drivername="postgresql+asyncpg"))
        read_servers(url)
        return url
    if url.drivername in _SQLITE:
        if url.host:
            raise ConfigurationError(
                f"The database URL should have three slashes before a file: sqlite:///{url.host}"
            )
        return url.set(drivername="sqlite+aiosqlite")
    raise ConfigurationError(
        f"The database URL starts with {url.drivername}://; it can be sqlite:// or postgresql://"
    )


_HOSTS = re.compile(
    r"(?P<head>[\w+]+://(?:[^@/?#]*@)?)(?P<hosts>[^@/?#]*,[^@/?#]*)(?P<tail>.*)", re.DOTALL
)


def _move_hosts(text: str) -> str:
    """Move several hosts from their usual place to the parameters, as libpq allows."""
    match = _HOSTS.fullmatch(text)
    if match is None:
        return text
    head, hosts, tail = match.groups()
    separator = "&" if "?" in tail else "?"
    return f"{head}{tail or '/'}{separator}host={quote(unquote(hosts), safe=',:[]')}"


def split_urls(text: str) -> Sequence[str]:
    """Split URLs of databases by spaces or commas; hosts within a URL may have commas as well."""
    return [url for url in re.split(r"(?:\s|,)+(?=[a-z+]+://)|\s+", text.strip(" ,")) if url]


def parse_replicas(url: URL, texts: str) -> Sequence[URL]:
    """Return the URLs of the replicas of a database that serve reads.

    Args:
        url: The database.
        texts: The URLs of replicas, separated by spaces or commas.

    Returns:
        The URLs, including the database's own hosts if its URL has `replicas=any`.

    Raises:
        ConfigurationError: The database can't have replicas, or a URL can't be used.
    """
    urls = [parse_url(text) for text in split_urls(texts)]
    if url.get_backend_name() != "postgresql" or any(
        copy.get_backend_name() != "postgresql" for copy in urls
    ):
        if urls:
            raise ConfigurationError(
                "replica_urls (MODELWIRE_REPLICA_URLS): copies can be read of PostgreSQL only"
            )
        return ()
    # The role of a server may change, so each server is asked for it.
    own = {"target_session_attrs": "any"}
    if (servers := read_servers(url)).has_replicas:
        urls += [
            url.set(host="", port=None)
            .difference_update_query(["host", "port", "load_balance_hosts"])
            .update_query_dict({"host": str(server)})
            for server in servers.hosts
        ]
    return [copy.update_query_dict(own).difference_update_query(["replicas"]) for copy in urls]


def _move_password(url: URL) -> URL:
    """Move a password from the parameters to its usual place, where it is recognized."""
    given = url.query.get("password")
    if given is None:
        return url
    password = url.password or (given if isinstance(given, str) else given[-1])
    return url.set(password=password).difference_update_query(["password"])


def show_url(url: URL) -> str:
    """Write a URL for people to read: without its driver, and without secrets."""
    secret = {name: "***" for name in url.query if name in _SECRET}
    shown = url.update_query_dict(secret).set(drivername=url.get_backend_name())
    is_postgresql = url.get_backend_name() == "postgresql"
    hosts = ",".join(map(str, read_servers(url).hosts)) if is_postgresql else ""
    if "," not in hosts or "/" in hosts:
        return shown.render_as_string(hide_password=True)
    without = shown.difference_update_query(["host", "port"]).set(host=_PLACE)
    return without.render_as_string(hide_password=True).replace(_PLACE, hosts, 1)


_PLACE = "modelwire-hosts"


_SECRET = frozenset({"password", "sslpassword"})
"""Secret parameters of a URL (PostgreSQL manual, 34.1.2)."""


def is_memory(url: URL) -> bool:
    """Whether a URL names an in-memory SQLite database."""
    database = url.database or ""
    return url.get_backend_name() == "sqlite" and (
        database in ("", ":memory:") or url.query.get("mode") == "memory"
    )


def file_to_create(name: str, *, is_uri: bool) -> str | None:
    """Return the file that SQLite would create if it is missing.

    Args:
        name: The name given to SQLite: a path, or a URI (SQLite, URI Filenames).
        is_uri: Whether it may be a URI.

    Returns:
        The file; None where there is no file, or none is created.
    """
    if not name or name == ":memory:":
        return None
    if not (is_uri and name.startswith("file:")):
        return name
    parts = urlsplit(name)
    mode = dict(parse_qsl(parts.query)).get("mode", "rwc")
    return unquote(parts.path) if mode == "rwc" else None


def to_libpq(url: URL) -> str:
    """Return the URL as libpq and asyncpg read it, including TLS (PostgreSQL manual, 34.1.1)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

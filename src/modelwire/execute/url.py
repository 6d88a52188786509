"""Database URLs: what users write, and what the drivers take."""

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
            libpq's parameters and several hosts, as in `postgresql://a,b:5433/name`; a driver may
            be named, and is chosen otherwise.

    Returns:
        The URL, with the async driver's name in it.

    Raises:
        ConfigurationError: It is no URL, of another database, or has a parameter that is not
            supported. The message shows no password.
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
    """Put several hosts that stand where one does among the parameters, as libpq has them too."""
    match = _HOSTS.fullmatch(text)
    if match is None:
        return text
    head, hosts, tail = match.groups()
    separator = "&" if "?" in tail else "?"
    return f"{head}{tail or '/'}{separator}host={quote(unquote(hosts), safe=',:[]')}"


def split_urls(text: str) -> Sequence[str]:
    """Split URLs of databases that spaces or commas separate; hosts within one may be too."""
    return [url for url in re.split(r"(?:\s|,)+(?=[a-z+]+://)|\s+", text.strip(" ,")) if url]


def parse_replicas(url: URL, texts: str) -> Sequence[URL]:
    """Find the copies of a database that reads go to.

    Args:
        url: The database.
        texts: The URLs of copies, separated by spaces or commas.

    Returns:
        A URL for each; those of the database's own hosts too, where its URL has `replicas=any`.

    Raises:
        ConfigurationError: The database has no copies, or a URL can't be used.
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
    # Whether a server is a copy may change, so each is asked.
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
    is_postgresql = url.get_backend_name() == "postgresql"
    hosts = ",".join(map(str, read_servers(url).hosts)) if is_postgresql else ""
    if "," not in hosts or "/" in hosts:
        return shown.render_as_string(hide_password=True)
    without = shown.difference_update_query(["host", "port"]).set(host=_PLACE)
    return without.render_as_string(hide_password=True).replace(_PLACE, hosts, 1)


_PLACE = "modelwire-hosts"


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
    """The URL as libpq and asyncpg read it, TLS and all (PostgreSQL manual, 34.1.1)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

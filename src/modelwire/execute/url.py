"""Database URLs: what users write, and what the drivers take."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import ConfigurationError

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


class Server(NamedTuple):
    """Where a PostgreSQL server is.

    Args:
        host: Its name, address, or the directory of its socket.
        port: Its port; None for the usual one.
    """

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class Servers(NamedTuple):
    """What a URL says of the servers and of how they are reached, beside what the driver reads.

    Args:
        hosts: The servers; empty where the driver finds them, such as by `PGHOST` or a service.
        target: What the server is to be (`target_session_attrs`); None where that is left to the
            driver.
        shuffles: Whether they are asked in an order by chance (`load_balance_hosts=random`).
        timeout_s: Seconds that one may take to be reached (`connect_timeout`); None for the usual.
        settings: Settings of the connection (`options`).
        has_replicas: Whether reads may go to any of them (`replicas=any`, which is modelwire's
            own).
        rest: The URL without all of these.
    """

    hosts: Sequence[Server]
    target: str | None
    shuffles: bool
    timeout_s: float | None
    settings: Mapping[str, str]
    has_replicas: bool
    rest: URL


TARGETS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
"""The values of `target_session_attrs` (PostgreSQL manual, 34.1.2)."""

_UNSUPPORTED = frozenset(
    {
        "channel_binding",
        "client_encoding",
        "fallback_application_name",
        "gssdelegation",
        "gssencmode",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "max_protocol_version",
        "min_protocol_version",
        "oauth_client_id",
        "oauth_issuer",
        "oauth_scope",
        "replication",
        "require_auth",
        "requirepeer",
        "scram_client_key",
        "scram_server_key",
        "sslcertmode",
        "sslcompression",
        "sslcrldir",
        "sslkeylogfile",
        "sslsni",
        "tcp_user_timeout",
    }
)
"""Parameters of libpq that the driver has nothing for."""


def read_servers(url: URL) -> Servers:
    """Read what a URL says of several servers, as libpq does (PostgreSQL manual, 34.1.1).

    Args:
        url: The URL of a PostgreSQL database.

    Returns:
        The servers.

    Raises:
        ConfigurationError: A parameter is not supported, or has no value that can be used.
    """
    given = {name: _last(value) for name, value in url.query.items()}
    if unsupported := sorted(_UNSUPPORTED & given.keys()):
        raise ConfigurationError(
            f"The database URL has {unsupported[0]}, which is not supported; take it away"
        )
    hosts = _read_hosts(url, given)
    timeout = given.get("connect_timeout", "0")
    if not timeout.isascii() or not timeout.isdigit():
        raise ConfigurationError("The database URL's connect_timeout should be a number of seconds")
    balance = _choose(given, "load_balance_hosts", ("disable", "random"))
    # Whoever names several servers and does not say which one, writes: libpq would take any.
    if len(hosts) > 1:
        given.setdefault("target_session_attrs", "primary")
    target = _choose(given, "target_session_attrs", TARGETS)
    settings = _read_options(given.get("options", ""))
    return Servers(
        hosts,
        target,
        balance == "random",
        float(timeout) or None,
        settings,
        _choose(given, "replicas", ("any", "none")) == "any",
        url.set(host="", port=None).difference_update_query(_OURS & given.keys()),
    )


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


_OURS = frozenset(
    {
        "host",
        "port",
        "target_session_attrs",
        "load_balance_hosts",
        "connect_timeout",
        "options",
        "replicas",
    }
)


def _last(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _choose(given: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
    value = given.get(name)
    if value is not None and value not in allowed:
        raise ConfigurationError(
            f"The database URL has {name}={value}; it can be {', '.join(allowed)}"
        )
    return value


_HOST = re.compile(
    r"(?P<socket>/[^:]*)|(?:\[(?P<six>[^]]+)]|(?P<name>[^:]*))(?::(?P<port>[0-9]{0,5}))?"
)


def _read_hosts(url: URL, given: Mapping[str, str]) -> Sequence[Server]:
    """The hosts before the path, or else those of `host=` with the ports of `port=`."""
    if url.host:
        return (Server(url.host, url.port or _read_port(given.get("port"))),)
    listed = given.get("host", "")
    if not listed:
        return ()
    found = [_HOST.fullmatch(host.strip()) for host in listed.split(",")]
    ports = given["port"].split(",") if given.get("port") else []
    if len(ports) not in (0, 1, len(found)) or not all(found):
        raise ConfigurationError(
            "The database URL's hosts can't be read; they should look like a,b:5433 before the "
            "path, or like ?host=a,b&port=5432,5433 with as many ports as hosts, or one port"
        )
    ports = ports * len(found) if len(ports) == 1 else ports or [""] * len(found)
    return tuple(
        Server(
            match["socket"] or match["six"] or match["name"] or "localhost",
            _read_port(match["port"] or port),
        )
        for match, port in zip(found, ports, strict=True)
        if match is not None
    )


def _read_port(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ConfigurationError("The database URL has a port that is none: 1 to 65535 are")
    return int(text)


_OPTION = re.compile(r"\s*(?:-c\s*|--)([\w.-]+)=((?:[^\s\\]|\\.)*)\s*")


def _read_options(text: str) -> Mapping[str, str]:
    """Read `options`: settings as the command line of a server has them."""
    settings, place = {}, 0
    while place < len(text.rstrip()):
        match = _OPTION.match(text, place)
        if match is None:
            raise ConfigurationError(
                "The database URL's options can't be read; they should look like "
                "options=-c%20search_path=shop"
            )
        settings[match[1].replace("-", "_")] = re.sub(r"\\(.)", r"\1", match[2])
        place = match.end()
    return settings


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

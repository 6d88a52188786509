"""Servers in the URL of a PostgreSQL database, as libpq reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.engine import URL

from ..errors import ConfigurationError


class Server(NamedTuple):
    """Address of a PostgreSQL server.

    Args:
        host: Its name, address, or the directory of its socket.
        port: Its port; None for the default port.
    """

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class Servers(NamedTuple):
    """Servers of a URL, and the parameters that the driver does not read itself.

    Args:
        hosts: The servers; empty where the driver finds them, for example by `PGHOST` or a service.
        target: The required role of the server (`target_session_attrs`); None leaves that to the
            driver.
        shuffles: Whether they are tried in random order (`load_balance_hosts=random`).
        timeout_s: Seconds that a server may take to be reached (`connect_timeout`); None for the
            default.
        settings: Settings of the connection (`options`).
        has_replicas: Whether any of them may serve reads (`replicas=any`, modelwire's own
            parameter).
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
"""Values of `target_session_attrs` (PostgreSQL manual, 34.1.2)."""

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
"""Parameters of libpq that the driver does not support."""


def read_servers(url: URL) -> Servers:
    """Read the servers of a URL, as libpq does (PostgreSQL manual, 34.1.1).

    Args:
        url: The URL of a PostgreSQL database.

    Returns:
        The servers.

    Raises:
        ConfigurationError: A parameter is not supported, or has an invalid value.
    """
    given = {name: _last(value) for name, value in url.query.items()}
    if unsupported := sorted(_UNSUPPORTED & given.keys()):
        raise ConfigurationError(
            f"The database URL has {unsupported[0]}, which is not supported; remove it"
        )
    hosts = _read_hosts(url, given)
    timeout = given.get("connect_timeout", "0")
    if not timeout.isascii() or not timeout.isdigit():
        raise ConfigurationError("The database URL's connect_timeout should be a number of seconds")
    balance = _choose(given, "load_balance_hosts", ("disable", "random"))
    # Several servers without a target mean the primary, since modelwire writes; libpq would use
    # any.
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
    """Return the hosts before the path, or else those of `host=` with the ports of `port=`."""
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
        raise ConfigurationError("The database URL has an invalid port; it can be 1 to 65535")
    return int(text)


_OPTION = re.compile(r"\s*(?:-c\s*|--)([\w.-]+)=((?:[^\s\\]|\\.)*)\s*")


def _read_options(text: str) -> Mapping[str, str]:
    """Read `options`: settings as on the command line of a server."""
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

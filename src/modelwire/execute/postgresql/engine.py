"""Engine of a PostgreSQL database."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ...compat.sqlalchemy import opening_connection
from ...errors import ModelwireError
from ...observe.exchange import waiting_for_connection
from ...settings import Settings
from ...statement.dates import decode_date, encode_date
from ...statement.intervals import read_interval, write_interval
from ...statement.lowercase import COLLATION, COLLATIONS
from ..connect.limit import StatementLimit
from ..connect.outdated import give_outdated_up
from ..connect.pool import FairPool
from ..faults.translate import translate, translate_commit
from ..servers import Server, Servers, read_servers
from ..url import to_libpq
from .connection import PostgreSQLConnection
from .servers import ServerSearch
from .unresponsive import EXCLUSIVE, Doubts


@dataclass(frozen=True, slots=True)
class _Driver:
    """Opener of connections of asyncpg to a matching server."""

    servers: Servers
    settings: Settings
    options: Mapping[str, Any]
    search: ServerSearch | None

    async def connect(self) -> Any:
        hosts, target = self.servers.hosts, self.servers.target
        if self.search is not None:
            return await self.search.connect(self._connect_to)
        return await self._connect_to(hosts[0] if hosts else _NAMED_ELSEWHERE, target)

    async def connect_to(self, server: Server) -> Any:
        """Open a connection to a given server, if it matches."""
        return await self._connect_to(server, self.servers.target)

    async def _connect_to(self, server: Server, target: str | None) -> Any:
        limit_s = _limit_of(self.servers, self.settings)
        try:
            connection = await asyncpg.connect(
                to_libpq(self.servers.rest),
                host=server.host or None,
                port=server.port,
                timeout=limit_s,
                target_session_attrs=target,
                connection_class=PostgreSQLConnection,
                **self.options,
            )
        except asyncpg.TargetServerAttributeNotMatched as exc:
            reason = f"{server.host or 'the server'} is not {target or 'as it should be'}"
            raise asyncpg.CannotConnectNowError(reason) from exc
        except OSError as exc:
            # As the driver's own error, it is recognized wherever a session meets it.
            reason = str(exc) or f"no answer within {limit_s:g} seconds"
            raise asyncpg.CannotConnectNowError(reason) from exc
        connection.server = server
        return connection


@dataclass(frozen=True, slots=True)
class _Connect:
    """Awaitable that opens a connection for the pool; nothing begins before it is awaited."""

    driver: _Driver
    doubts: Doubts | None

    def __await__(self) -> Generator[Any, None, Any]:
        return self._open().__await__()

    async def _open(self) -> Any:
        with opening_connection():
            connection = await waiting_for_connection(self.driver.connect())
        # This runs no statement: the driver knows PostgreSQL's own types.
        for name, encoder, decoder in _CODECS:
            await connection.set_type_codec(
                name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="tuple"
            )
        settings = self.driver.settings
        limits = settings.statement_timeout_s, settings.read_timeout_s
        connection.limit = StatementLimit(connection, *limits)
        connection.doubts = self.doubts
        return connection


_CODECS: Sequence[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = (
    ("interval", write_interval, read_interval),
    ("date", encode_date, decode_date),
)
"""Types whose values are converted in another way than by the driver."""


def _limit_of(servers: Servers, settings: Settings) -> float:
    """Return the seconds that a server may take to be reached."""
    return min(servers.timeout_s or math.inf, settings.pool_timeout_s)


def _search_of(servers: Servers, limit_s: float) -> ServerSearch | None:
    """Return the search for the matching one of several servers; None for a single server."""
    if servers.target is None or len(servers.hosts) < 2:
        return None
    return ServerSearch(servers.hosts, servers.target, limit_s, servers.shuffles)


_NAMED_ELSEWHERE = Server("")
"""Placeholder for the server that `PGHOST` or a service names."""


_MESSAGES = "client_min_messages"


def _options_of(servers: Servers, settings: Settings) -> Mapping[str, Any]:
    named = servers.rest.query.get("application_name", "modelwire")
    server_settings = {"TimeZone": "UTC", "application_name": named, **servers.settings}
    if settings.pgbouncer:
        # Prepared statements, and settings that PgBouncer does not know, do not pass through it.
        return {"server_settings": server_settings, "statement_cache_size": 0}
    if server_settings.get(_MESSAGES, "error") == "error":
        # A warning is the only sign that a COMMIT was cancelled while it waited for a standby.
        server_settings[_MESSAGES] = "notice"
    server_settings["statement_timeout"] = str(int(settings.statement_timeout_s * 1000))
    return {"server_settings": server_settings}


def _adapter_options_of(settings: Settings) -> Mapping[str, Any]:
    """Return SQLAlchemy's options for prepared statements: unnamed ones behind PgBouncer."""
    if not settings.pgbouncer:
        return {}
    return {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}


async def open_connection(url: URL, settings: Settings) -> PostgreSQLConnection:
    """Open a connection like those of the pool, but outside of it."""
    connection: PostgreSQLConnection = await _connector_of(url, settings)
    return connection


def _connector_of(url: URL, settings: Settings) -> _Connect:
    servers = read_servers(url)
    search = _search_of(servers, _limit_of(servers, settings))
    driver = _Driver(servers, settings, _options_of(servers, settings), search)
    is_exclusive = search is not None and servers.target in EXCLUSIVE
    doubts = Doubts(driver.connect, driver.connect_to) if is_exclusive else None
    return _Connect(driver, doubts)


def create_postgresql(url: URL, settings: Settings) -> AsyncEngine:
    connect = _connector_of(url, settings)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": lambda: connect, **_adapter_options_of(settings)},
        poolclass=FairPool,
        pool_size=settings.pool_size,
        pool_timeout=settings.pool_timeout_s,
        pool_reset_on_return=None,  # sessions and lanes end their own transactions
        echo=settings.echo,
        hide_parameters=not settings.echo,
    )

    def find_collation(connection: Any, _record: Any) -> None:
        try:
            collation = _find_collation(connection)
        except engine.dialect.loaded_dbapi.Error:
            # A server that speaks PostgreSQL's protocol need not have its catalog.
            collation = None
        connection.rollback()
        setattr(engine.dialect, COLLATION, collation)

    event.listen(engine.sync_engine, "first_connect", find_collation)
    event.listen(engine.sync_engine, "handle_error", _give_up)
    event.listen(engine.sync_engine, "handle_error", give_outdated_up)
    return engine


def _give_up(context: ExceptionContext) -> ModelwireError | None:
    """Invalidate a session's connection whose statement was not answered, or not sent."""
    error = context.original_exception
    if not isinstance(error, (TimeoutError, asyncpg.InternalClientError)):
        return None
    context.is_disconnect = True
    context.invalidate_pool_on_disconnect = False
    # SQLAlchemy names no statement for COMMIT.
    return translate_commit(error) if context.statement is None else translate(error)


def _find_collation(connection: Any) -> str | None:
    """Find the server's best collation for lower-casing texts."""
    cursor = connection.cursor()
    cursor.execute(_HAS_COLLATIONS)
    found = {name for (name,) in cursor.fetchall()}
    cursor.close()
    return next((name for name in COLLATIONS if name in found), None)


_HAS_COLLATIONS = """
SELECT collname FROM pg_catalog.pg_collation WHERE collencoding IN
  (-1, (SELECT encoding FROM pg_catalog.pg_database WHERE datname = current_database()))
"""

"""Choices by database: engines, the lanes of their drivers, watches of the log of changes.

Engines have settings that make them safe to share.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy.engine import URL, Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import Settings
from .connect.driver_lane import DriverLane
from .connect.lane import Lane
from .connect.watch import watch_statements
from .feed.feed import Feed
from .postgresql.engine import create_postgresql
from .postgresql.lane import AsyncpgLane
from .postgresql.watch import PostgreSQLWatch
from .sqlite.engine import create_sqlite
from .sqlite.lane import AiosqliteLane
from .sqlite.watch import SQLiteWatch
from .url import is_memory

DRIVER_LANES: dict[str, type[DriverLane]] = {"postgresql": AsyncpgLane, "sqlite": AiosqliteLane}
"""Lanes by the name of their dialect."""


def create_engine(url: URL, settings: Settings) -> AsyncEngine:
    """Create the engine of a database; nothing connects yet.

    Args:
        url: The database, as `parse_url` returns it.
        settings: The pool size, timeouts and echo.

    Returns:
        The engine.
    """
    create = create_sqlite if url.get_backend_name() == "sqlite" else create_postgresql
    engine = create(url, settings)
    watch_statements(engine.sync_engine)
    return engine


def open_feed(
    url: URL,
    settings: Settings,
    dialect: Dialect,
    reading: Callable[[], AbstractAsyncContextManager[Lane]],
    prepare: Callable[[], Awaitable[None]],
) -> Feed:
    """Make the feed of a database.

    Args:
        url: The database.
        settings: The settings of connections.
        dialect: SQLAlchemy's dialect of its engine.
        reading: Takes a lane of its pool, for a database that has one connection.
        prepare: Makes sure that the log exists.
    """
    if dialect.name == "postgresql":
        return Feed(lambda: PostgreSQLWatch(url, settings, dialect), prepare)
    only = reading if is_memory(url) else None
    return Feed(lambda: SQLiteWatch(url, dialect, only), prepare)

"""Watches of the log of changes by database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy.engine import URL, Dialect

from ..settings import Settings
from .connect.lane import Lane
from .feed.feed import Feed
from .postgresql.watch import PostgreSQLWatch
from .sqlite.watch import SQLiteWatch
from .url import is_memory


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

"""Engines of all databases, with settings that make them safe to share."""

from __future__ import annotations

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import Settings
from .connect.watch import watch_statements
from .postgresql.engine import create_postgresql
from .sqlite.engine import create_sqlite


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

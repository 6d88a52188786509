"""Watch of the log of changes on PostgreSQL, which notifies of changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy.engine import URL, Dialect

from ...settings import Settings
from ...statement.changes import NOTIFIED
from ...statement.dialects.known import DIALECTS
from ...statement.feed import build_look
from ...statement.statements import Statement
from ..faults.translate import DRIVER_ERRORS
from ..feed.horizon import Look
from .connection import PostgreSQLConnection
from .engine import open_connection

ANSWER_S = 5.0
"""Seconds that the server has to answer a look."""

_HEARD_S, _UNHEARD_S = 2.0, 0.25
"""Seconds between two looks with notifications, and without them behind PgBouncer."""


class PostgreSQLWatch:
    """Watch on a connection of its own, which also listens for notifications.

    A notification is only a reason to look: a lost one costs some time.

    Args:
        url: The database.
        settings: The settings of connections.
        dialect: SQLAlchemy's dialect of its engine.
    """

    rests = False

    def __init__(self, url: URL, settings: Settings, dialect: Dialect) -> None:
        self._url = url
        self._settings = settings
        self._look = Statement(build_look(DIALECTS[dialect.name]), dialect).compiled
        self._connection: PostgreSQLConnection | None = None
        self.pause_s = _UNHEARD_S if settings.pgbouncer else _HEARD_S

    async def open(self, ring: Callable[[], object]) -> None:
        """Open the connection, and listen."""
        connection = await open_connection(self._url, self._settings)
        self._connection = connection

        def hear(*_told: object) -> None:
            ring()

        connection.add_termination_listener(hear)
        if not self._settings.pgbouncer:
            await connection.add_listener(NOTIFIED, hear)

    async def look(self, seen: int) -> Look:
        """Look at the log."""
        values = self._look.bind({"seen": seen})
        connection: Any = self._connection
        ((highest, following, oldest),) = await connection.fetch(
            self._look.text, *values, timeout=ANSWER_S
        )
        return Look(highest, following, oldest)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*DRIVER_ERRORS):
                await connection.close(timeout=1.0)

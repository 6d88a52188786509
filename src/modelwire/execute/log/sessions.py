"""Has the connections of sessions note what they change, by SQLAlchemy's events; the driver lane
does so itself."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .log import ChangeLog, SQLiteLog
from .origin import find_origin
from .postgresql import STAMP

_STAMPED = "modelwire.stamped"
"""Where a connection has whether the transaction at hand has said on whose behalf it writes."""

_DEFINES = re.compile(r"\s*(CREATE|DROP|ALTER)\b", re.IGNORECASE)
_CHANGES = re.compile(r"\s*(WITH|INSERT|UPDATE|DELETE|MERGE|COPY|CALL)\b", re.IGNORECASE)


def watch_sessions(engine: Engine, log: ChangeLog) -> None:
    """Have what sessions of an engine change noted.

    Args:
        engine: The engine.
        log: The log.
    """
    if isinstance(log, SQLiteLog):
        event.listen(engine, "begin", partial(_prepare_sqlite, log))
        event.listen(engine, "before_cursor_execute", partial(_look_again, log))
        return
    event.listen(engine, "before_cursor_execute", partial(_prepare_postgresql, log))
    event.listen(engine, "begin", _forget)
    event.listen(engine, "rollback_savepoint", _forget)


def _prepare_sqlite(log: SQLiteLog, connection: Any) -> None:
    connection.connection.dbapi_connection.run_async(log.prepare_session)


def _look_again(log: SQLiteLog, connection: Any, _cursor: Any, text: str, *_: Any) -> None:
    adapted = connection.connection.dbapi_connection
    if _DEFINES.match(text):
        log.forget()
    elif not log.is_prepared(adapted.driver_connection):
        adapted.run_async(log.prepare)


def _prepare_postgresql(log: ChangeLog, connection: Any, _cursor: Any, text: str, *_: Any) -> None:
    if _DEFINES.match(text):
        log.forget()
        return
    if connection.info.get(_STAMPED) or not _CHANGES.match(text):
        return
    connection.info[_STAMPED] = True
    connection.connection.dbapi_connection.run_async(log.prepare)
    origin = find_origin()
    cursor = connection.connection.cursor()
    cursor.execute(STAMP, (origin.by or "", origin.request or ""))
    cursor.close()


def _forget(connection: Any, *_: Any) -> None:
    if not connection.invalidated:  # a new one has said nothing
        connection.info.pop(_STAMPED, None)

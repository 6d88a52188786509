"""Logging of the changes of sessions, by SQLAlchemy's events.

The driver lane prepares its connections itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from ...access.principal import ANYONE
from ...compat.sqlalchemy import wrap_commit
from .log import ChangeLog, PostgreSQLLog, SQLiteLog
from .postgresql import STAMP

_STAMPED = "modelwire.stamped"
"""Key of a connection's `info`: whether the current transaction has stated its origin."""

_WRITES = "modelwire.writes"
"""Key of a connection's `info`: whether the transaction has ever done so, even in a savepoint."""

_DEFINES = re.compile(r"\s*(CREATE|DROP|ALTER)\b", re.IGNORECASE)
_CHANGES = re.compile(r"\s*(WITH|INSERT|UPDATE|DELETE|MERGE|COPY|CALL)\b", re.IGNORECASE)


def watch_sessions(engine: Engine, log: ChangeLog) -> None:
    """Log the changes of an engine's sessions.

    Args:
        engine: The engine.
        log: The log.
    """
    if isinstance(log, SQLiteLog):
        event.listen(engine, "begin", partial(_prepare_sqlite, log))
        event.listen(engine, "before_cursor_execute", partial(_look_again, log))
    elif isinstance(log, PostgreSQLLog):
        event.listen(engine, "before_cursor_execute", partial(_prepare_postgresql, log))
        event.listen(engine, "begin", _begin)
        event.listen(engine, "rollback_savepoint", _forget)
        wrap_commit(engine, partial(_telling, log))


def _prepare_sqlite(log: SQLiteLog, connection: Any) -> None:
    connection.connection.dbapi_connection.run_async(log.prepare_session)


def _look_again(log: SQLiteLog, connection: Any, _cursor: Any, text: str, *_: Any) -> None:
    adapted = connection.connection.dbapi_connection
    # The transaction may have begun before the caller was known, with the query for the caller.
    log.note_origin(adapted.driver_connection)
    if _DEFINES.match(text):
        log.forget()
    elif not log.is_prepared(adapted.driver_connection):
        adapted.run_async(log.prepare)


def _prepare_postgresql(
    log: PostgreSQLLog, connection: Any, _cursor: Any, text: str, *_: Any
) -> None:
    if _DEFINES.match(text):
        log.forget()
        return
    if connection.info.get(_STAMPED) or not _CHANGES.match(text):
        return
    connection.info[_STAMPED] = connection.info[_WRITES] = True
    connection.connection.dbapi_connection.run_async(log.prepare)
    cursor = connection.connection.cursor()
    cursor.execute(STAMP, tuple(log.find_stamp(ANYONE).values()))
    cursor.close()


def _telling(log: ChangeLog, commit: Callable[[Any], None]) -> Callable[[Any], None]:
    def commit_and_tell(connection: Any) -> None:
        commit(connection)
        if connection.info.pop(_WRITES, False):
            log.tell_committed()

    return commit_and_tell


def _begin(connection: Any) -> None:
    _forget(connection)
    connection.info.pop(_WRITES, None)


def _forget(connection: Any, *_: Any) -> None:
    if not connection.invalidated:  # a new connection has no stamp
        connection.info.pop(_STAMPED, None)

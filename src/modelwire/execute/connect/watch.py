"""Measurement of sessions' statements, by SQLAlchemy's events; the driver lane has its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

from ...compat.sqlalchemy import wrap_commit
from ...observe.exchange import CURRENT

_RUNNING = "_modelwire_statement"


def watch_statements(engine: Engine) -> None:
    """Measure each statement and each commit of measured requests.

    Args:
        engine: The engine.
    """
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)
    wrap_commit(engine, _measuring)


def _measuring(commit: Callable[[Any], None]) -> Callable[[Any], None]:
    def measure_commit(connection: Any) -> None:
        exchange = CURRENT.get()
        if exchange is None:
            commit(connection)
            return
        statement = exchange.begin_statement("COMMIT")
        try:
            commit(connection)
        except BaseException as error:
            statement.end(error)
            raise
        statement.end()

    return measure_commit


def _begin(
    _connection: Any, _cursor: Any, text: str, _parameters: Any, context: Any, _many: bool
) -> None:
    exchange = CURRENT.get()
    if exchange is not None and context is not None:
        setattr(context, _RUNNING, exchange.begin_statement(text))


def _end(
    _connection: Any, _cursor: Any, _text: str, _parameters: Any, context: Any, _many: bool
) -> None:
    statement = getattr(context, _RUNNING, None)
    if statement is not None:
        statement.end()


def _fail(failure: ExceptionContext) -> None:
    statement = getattr(failure.execution_context, _RUNNING, None)
    if statement is not None:
        statement.end(find_cause(failure.original_exception))


def find_cause(error: BaseException) -> BaseException:
    """Return the driver's own error, below that of SQLAlchemy's adapter."""
    below = getattr(error, "orig", None) or error.__cause__
    return error if below is None else find_cause(below)

"""Connections that are read-only although the database is not."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import ExceptionContext

from ..faults.translate import refuses_writes


def give_outdated_up(context: ExceptionContext) -> None:
    """Invalidate a session's read-only connection, and all that are as old."""
    connection = context.connection
    if connection is None or connection.invalidated:
        return
    driver: Any = connection.connection.driver_connection
    if refuses_writes(context.original_exception) and driver.may_be_outdated:
        context.is_disconnect = True

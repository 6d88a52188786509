"""The beginning of a transaction that writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ...statement.dialects.known import DIALECTS


async def begin_writing(connection: AsyncConnection) -> None:
    """Take the one lock for writing before what a transaction reads in order to write.

    Args:
        connection: A connection; where there are many writers, rows are locked instead.
    """
    if DIALECTS[connection.dialect.name].has_one_writer:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if not driver.in_transaction:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")

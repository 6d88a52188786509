"""Beginning of a transaction that writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ...statement.dialects.known import DIALECTS


async def begin_writing(connection: AsyncConnection) -> None:
    """Take the write lock before a transaction reads in order to write, where there is one writer.

    Args:
        connection: A connection; databases with many writers lock rows instead.
    """
    if DIALECTS[connection.dialect.name].has_one_writer:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if not driver.in_transaction:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")

"""The beginning of a transaction that writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection


async def begin_writing(connection: AsyncConnection) -> None:
    """Take SQLite's write lock before what a transaction reads in order to write.

    Args:
        connection: A connection of either database; PostgreSQL locks rows instead.
    """
    if connection.dialect.name == "sqlite":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if not driver.in_transaction:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")

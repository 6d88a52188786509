"""Creates the tables that are missing, whichever process comes first."""

from __future__ import annotations

from sqlalchemy import MetaData, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from .engine import begin_writing

CREATE_LOCK = 0x6D6F64656C77  # "modelw"
"""The advisory lock of PostgreSQL under which processes create tables."""

LOCK_CREATION = select(func.pg_advisory_xact_lock(bindparam("number", CREATE_LOCK)))


async def create_tables(engine: AsyncEngine, metadata: MetaData) -> None:
    """Create the tables that are missing. Tables that exist are not changed.

    Args:
        engine: The engine.
        metadata: The tables.
    """
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(LOCK_CREATION)
        await begin_writing(connection)
        await connection.run_sync(metadata.create_all)

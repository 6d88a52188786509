"""What is done with a database when an application starts, and what is said of it then."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import MetaData
from sqlalchemy import Table as SQLTable
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import ModelwireError, RequestError
from ..statement.idempotency import KEYS
from .failure import describe_failure
from .faults.translate import translate
from .secrets import Secrets
from .tables import create_tables, find_missing_columns

logger = logging.getLogger("modelwire")

ASK_S = 2.0
"""Seconds that start-up waits for what it can do without."""


async def create_missing_tables(
    engine: AsyncEngine, metadata: MetaData, only: Sequence[SQLTable] | None = None
) -> None:
    """Create the tables that are missing.

    Args:
        engine: The engine.
        metadata: The tables.
        only: Those of them that are meant; all, if None.

    Raises:
        ConfigurationError: SQLite can't have one as it is declared.
        Unavailable: The database can't be reached.
        DatabaseError: It refused.
    """
    try:
        await create_tables(engine, metadata, only)
    except (SQLAlchemyError, OSError) as exc:
        raise translate(exc) from exc


async def create_table_of_keys(engine: AsyncEngine) -> None:
    """Create the table of `Idempotency-Key`s; a role that may not do without it."""
    try:
        await create_missing_tables(engine, KEYS.metadata, [KEYS])
    except RequestError as exc:
        logger.warning(
            "Requests with an Idempotency-Key are answered 503: the table %s can't be created: %s",
            KEYS.name,
            describe_failure(exc),
        )


async def find_secrets(secrets: Secrets) -> None:
    """Find what cursors are sealed with; what stands in the way is logged at once."""
    # What can't be asked now is asked by the first page by cursor.
    with suppress(ModelwireError, TimeoutError):
        async with asyncio.timeout(ASK_S):
            await secrets.find()


async def warn_of_missing_columns(engine: AsyncEngine, metadata: MetaData) -> None:
    """Warn of tables that are there and older than their models: they are never changed."""
    # What can't be asked now is said by the requests that need it.
    with suppress(SQLAlchemyError, ModelwireError, OSError):
        async with asyncio.timeout(ASK_S):
            missing = await find_missing_columns(engine, metadata)
        for table, columns in missing.items():
            logger.warning(
                "The table %s lacks columns that its model has: %s. Tables that exist are not "
                "changed; add the columns by a migration",
                table,
                ", ".join(columns),
            )


def spare_what_is_loaded() -> None:
    """Spare the garbage collector what is loaded, which stays (Python manual, gc.freeze).

    Going through all of it would hold every request up that comes meanwhile: as long as answering
    several hundred. Once is enough, so that not every application that a test starts is kept.
    """
    if not gc.get_freeze_count():
        gc.freeze()

"""Preparation of a database at the start of an application, and its warnings."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import MetaData
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..catalog.views import tables_in
from ..errors import ModelwireError, RequestError
from ..statement.idempotency import KEYS
from .failure import describe_failure
from .faults.translate import translating
from .secrets import Secrets
from .tables import create_tables, find_mismatched_columns, find_missing_tables

logger = logging.getLogger("modelwire")

ASK_S = 2.0
"""Seconds that start-up waits for optional steps."""


async def create_table_of_keys(engine: AsyncEngine) -> None:
    """Create the table of `Idempotency-Key`s; a role that may not create it does without."""
    try:
        with translating():
            await create_tables(engine, KEYS.metadata, [KEYS])
    except RequestError as exc:
        logger.warning(
            "Requests with an Idempotency-Key are answered 503: the table %s can't be created: %s",
            KEYS.name,
            describe_failure(exc),
        )


async def find_secrets(secrets: Secrets) -> None:
    """Find the secrets that seal cursors; a failure is logged at once."""
    # If the database is unavailable now, the first page by cursor asks again.
    with suppress(ModelwireError, TimeoutError):
        async with asyncio.timeout(ASK_S):
            await secrets.find()


async def warn_of_missing_tables(engine: AsyncEngine, metadata: MetaData) -> None:
    """Warn of tables that are left to migrations, and do not exist."""
    async with _if_available():
        missing = await find_missing_tables(engine, tables_in(metadata))
        if missing:
            logger.warning(_NO_TABLES, ", ".join(missing))


_NO_TABLES = (
    "The database lacks tables of the models: %s. Requests that need them fail. Create them by "
    "migrations (modelwire migrate make, and then apply), or by the setting create_tables"
)


async def warn_of_mismatched_columns(engine: AsyncEngine, metadata: MetaData) -> None:
    """Warn of existing tables that differ from their models, since they are never changed."""
    async with _if_available():
        mismatched = await find_mismatched_columns(engine, metadata)
        for table, columns in mismatched.items():
            if columns.missing:
                logger.warning(_MISSING, table, ", ".join(columns.missing))
            if columns.unfilled:
                logger.warning(_UNFILLED, table, ", ".join(columns.unfilled))


_MISSING = (
    "The table %s lacks columns that its model has: %s. Tables that exist are not changed; add the "
    "columns by a migration"
)
_UNFILLED = (
    "The table %s requires values in columns that its model lacks: %s. Every new row is refused "
    "unless a trigger fills them; add the columns to the model, or drop them or give them a "
    "default by a migration"
)


@asynccontextmanager
async def _if_available() -> AsyncIterator[None]:
    """Leave the rest of a block out if the database is unavailable now: requests that need what is
    missing report it."""
    with suppress(SQLAlchemyError, ModelwireError, OSError):
        async with asyncio.timeout(ASK_S):
            yield


def spare_what_is_loaded() -> None:
    """Exempt loaded objects from garbage collection, since they stay (Python manual, gc.freeze).

    A collection of all of them would delay concurrent requests by as much as answering several
    hundred requests. It is done only once, so that not every application that a test starts is
    kept.
    """
    if not gc.get_freeze_count():
        gc.freeze()

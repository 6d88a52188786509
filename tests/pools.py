"""State of the pool of a database."""

import asyncio
import time

from modelwire import Database


def checked_out(database: Database) -> int:
    """Connections that were not given back."""
    return int(database.engine.pool.checkedout())  # type: ignore[attr-defined]


async def eventually_free(database: Database, within_s: float = 120) -> float:
    """Wait until every connection is back; returns how many seconds that took."""
    begun = time.monotonic()
    async with asyncio.timeout(within_s):
        while checked_out(database):
            await asyncio.sleep(0.01)
    return time.monotonic() - begun

"""Measures the memory that a stream takes, in a process that does nothing else.

Prints the peaks, in bytes that Python allocates, of a stream of 2 batches and of one of 20.
"""

import asyncio
import sys
import tracemalloc
from typing import Any

from fastapi import FastAPI
from sqlalchemy import delete, insert

from examples.league import Player, Team
from modelwire import Database, mount
from modelwire.pipeline.reads import STREAM_BATCH
from tests.conftest import LEAGUE


async def fill(database: Database, rows: int) -> None:
    """Store players in one team."""
    async with database.engine.begin() as connection:
        await connection.execute(insert(Team), [{"id": 1, "name": "Red"}])
        players = [{"name": f"Player {i}" + "x" * 80, "team_id": 1} for i in range(rows)]
        await connection.execute(insert(Player), players)


async def peak_of_stream(app: FastAPI) -> int:
    """The peak of the memory that Python allocates for a stream whose parts are thrown away."""

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(_message: Any) -> None: ...

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/players/stream/",
        "raw_path": b"/players/stream/",
        "query_string": b"",
        "headers": [],
        "root_path": "",
        "scheme": "http",
        "server": ("test", 80),
        "http_version": "1.1",
    }
    tracemalloc.start()
    try:
        await app(scope, receive, send)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def main() -> None:
    database = Database(sys.argv[1])
    app = FastAPI()
    mount(app, database, *LEAGUE)
    for batches in (2, 20):
        async with database.engine.begin() as connection:
            await connection.execute(delete(Player))
            await connection.execute(delete(Team))
        await fill(database, STREAM_BATCH * batches)
        sys.stdout.write(f"{await peak_of_stream(app)}\n")
    await database.close_db()


if __name__ == "__main__":
    asyncio.run(main())

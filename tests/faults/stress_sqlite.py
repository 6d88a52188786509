"""Ends statements on SQLite in every way, with the garbage collector at work, in a process of its
own: whatever is left of them, the event loop never waits for another statement.

Arguments: seconds, a seed, and the name of a fault to plant. Prints what came of it as JSON. As
soon as the event loop stands still it writes the stacks of all threads, and ends.
"""

import asyncio
import faulthandler
import gc
import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from examples.league import Player, Team
from modelwire import Database, SessionDep, overtime
from modelwire.errors import RequestError
from modelwire.execute.sqlite import connection as limited
from modelwire.execute.sqlite.cursors import OwnedCursor, OwningConnection
from modelwire.execute.sqlite.lane import AiosqliteLane
from modelwire.execute.sqlite.short_statements import Run

from .slow import PATH, make_slow_app

STILL_S = 5.0
"""Seconds of standing still that no other work on the machine explains. Nobody would end the
statement that the event loop waits for, since the limits of time are looked at there."""

LIMIT_S, LOOK_S = 0.05, 0.02
POOL = 4
"""Half as many slow reads run at a time. Where it is one, hardly any is cancelled while it runs."""

TEAMS, PLAYERS = 10, 10_000
BATCH = 500
"""Players that are stored within the limit of one statement."""

CROSS = "/players/?count=none&team.players.team.name__icontains=zzz"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


def plant_traceback() -> None:
    """The cursor of a statement that has failed lives in the traceback of its error."""

    def run(connection: OwningConnection, text: str, values: Sequence[Any]) -> tuple[Run, float]:
        cursor = sqlite3.Cursor(connection)
        cursor.execute(text, values)
        return Run(cursor.fetchall(), 0.0), 0.0

    limited._run = run


def plant_generator() -> None:
    """A cursor is let go of where the generator is collected that reads it."""
    OwnedCursor.__del__ = do_nothing  # type: ignore[method-assign]
    limited.SQLiteConnection.close_cursors = do_nothing  # type: ignore[method-assign]


def plant_busy() -> None:
    """A connection is handed on while its thread is at work, and read on the event loop."""

    async def undo(self: AiosqliteLane) -> None:
        connection: limited.SQLiteConnection = self.connection
        connection.orders.put_nowait((None, connection.driver.rollback))

    AiosqliteLane.undo = undo  # type: ignore[method-assign]
    limited.SQLiteConnection._end = do_nothing  # type: ignore[method-assign]
    limited.SQLiteConnection._is_at_rest = True  # type: ignore[assignment,method-assign]


def do_nothing(self: object) -> None:
    """Stands in for a method whose work is left undone."""


PLANTS: dict[str, Callable[[], None]] = {
    "traceback": plant_traceback,
    "generator": plant_generator,
    "busy": plant_busy,
}


class Kept:
    """Objects that an application may keep for a while: errors, and unfinished generators."""

    def __init__(self, chance: random.Random) -> None:
        self._things: deque[object] = deque(maxlen=20)
        self._chance = chance

    def keep(self, thing: object) -> None:
        self._things.append([thing, self._things])  # a circle, which only the collector finds

    def drop(self) -> None:
        for _ in range(self._chance.randrange(4)):
            if self._things:
                del self._things[self._chance.randrange(len(self._things))]


async def make_app(database: Database, kept: Kept, lane: str) -> FastAPI:
    """An application with the league, a slow resource, and endpoints of its own."""
    app = await make_slow_app(database, lane)

    async def keep_error(_request: Request, error: Exception) -> JSONResponse:
        kept.keep(error)
        return JSONResponse({}, 500)

    app.add_exception_handler(RequestError, keep_error)
    app.add_exception_handler(SQLAlchemyError, keep_error)

    @app.get("/report")
    async def report(session: SessionDep) -> None:
        connection = await session.connection()
        await connection.execute(text(ENDLESS.replace("SELECT i FROM", "SELECT count(*) FROM")))

    @app.get("/walk")
    async def walk(session: SessionDep) -> None:
        rows = aiter(await session.stream(text(ENDLESS)))
        kept.keep(rows)
        for _ in range(200):
            await anext(rows)
            await asyncio.sleep(0.001)

    @app.get("/raw")
    async def raw() -> None:
        async with database.engine.connect() as connection:
            made: Any = (await connection.get_raw_connection()).driver_connection
            rows = (await made.execute(ENDLESS)).__aiter__()
            kept.keep(rows)
            await anext(rows)

    return app


async def call(app: FastAPI, target: str, gone_after_s: float) -> int:
    """Send a request from a client that goes away after some time; returns the status or 0."""
    path, _, query = target.partition("?")
    end, status = time.monotonic() + gone_after_s, 0

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [],
        "root_path": "",
        "scheme": "http",
        "server": ("test", 80),
        "http_version": "1.1",
    }
    # An error that nobody has expected is raised once more, when it is answered.
    with suppress(sqlite3.Error):
        await app(scope, receive, send)
    return status


SLOW = (PATH, CROSS, "/slow_rows/stream/", "/report", "/walk")
QUICK = ("/players/1", "/players/?limit=5&count=none", "/teams/1", "/raw")


class Stress:
    """Sends requests, of which most are ended: by their limit, by a client that goes away, or by
    whoever has sent them."""

    def __init__(self, apps: list[FastAPI], kept: Kept, chance: random.Random) -> None:
        self.apps, self.kept, self.chance = apps, kept, chance
        self.tally: Counter[str] = Counter()

    async def run(self, lasting_s: float) -> None:
        end = time.monotonic() + lasting_s
        while time.monotonic() < end:
            self.kept.drop()
            if self.chance.random() < 0.2:
                gc.collect(self.chance.randrange(3))
            is_slow = self.chance.random() < 0.6
            await self._send(self.chance.choice(SLOW if is_slow else QUICK))

    async def _send(self, target: str) -> None:
        app, patience_s = self.chance.choice(self.apps), self.chance.choice((0.02, 0.1, 5.0))
        sending = asyncio.ensure_future(call(app, target, self.chance.choice((0.1, 9.0))))
        await asyncio.wait([sending], timeout=patience_s * self.chance.random())
        outcome = "cancelled"
        if self.chance.random() < 0.5 and not sending.done():
            sending.cancel()
            # Whatever was cancelled may be running still, on any connection.
            quick = (call(self.apps[0], "/players/1", 9.0) for _ in range(POOL))
            self.tally.update(map(str, await asyncio.gather(*quick)))
        with suppress(asyncio.CancelledError):
            outcome = str(await sending)
        self.tally[outcome] += 1


class Heartbeat:
    """Ends the process where its event loop stands still.

    A thread of Python's looks at it, and one of `faulthandler` where none of Python's can run.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last = time.monotonic()
        threading.Thread(target=self._look, daemon=True).start()

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            now = time.monotonic()
            self.longest_s, self._last = max(self.longest_s, now - self._last), now

    def _look(self) -> None:
        while True:
            faulthandler.dump_traceback_later(2 * STILL_S, exit=True)
            time.sleep(0.2)
            if time.monotonic() - self._last > STILL_S:
                faulthandler.dump_traceback()
                os._exit(1)


async def settle(database: Database) -> None:
    """Wait until every connection is back, and see that each serves, with nothing open."""
    pool: Any = database.engine.pool
    async with asyncio.timeout(60):
        while pool.checkedout():
            await asyncio.sleep(0.01)
    gc.collect()
    lanes = [database.reading() for _ in range(POOL)]
    for lane in lanes:
        opened: Any = (await lane.__aenter__()).connection  # type: ignore[attr-defined]
        # A thread lets go of what it has answered once it has answered something else.
        for _ in range(3):
            assert await opened.execute_fetchall("SELECT count(*) FROM teams") == [(TEAMS,)]
        assert opened._conn.open_cursors == 0
        assert not opened._under_way
    for lane in lanes:
        await lane.__aexit__(None, None, None)


async def main(lasting_s: float, seed: int) -> None:
    chance, heart, overtime.LOOK_S = random.Random(seed), Heartbeat(), LOOK_S
    gc.set_threshold(200, 3, 3)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        database = Database(
            f"sqlite:///{directory}/stress.db", pool_size=POOL, statement_timeout_s=LIMIT_S
        )
        await database.init_db()
        async with database.engine.begin() as connection:
            teams = [{"id": i + 1, "name": f"Team {i}"} for i in range(TEAMS)]
            await connection.execute(insert(Team), teams)
            players = [{"name": f"Player {i}", "team_id": i % TEAMS + 1} for i in range(PLAYERS)]
            for start in range(0, PLAYERS, BATCH):
                await connection.execute(insert(Player), players[start : start + BATCH])
        kept = Kept(chance)
        apps = [await make_app(database, kept, lane) for lane in ("direct", "session")]
        gc.freeze()  # what is loaded stays: going through it would take most of the time
        beating = asyncio.ensure_future(heart.beat())
        stress = Stress(apps, kept, chance)
        await asyncio.gather(*(stress.run(lasting_s) for _ in range(2 * POOL)))
        await settle(database)
        beating.cancel()
        await database.close_db()
    sys.stdout.write(json.dumps({"longest_s": heart.longest_s, "answers": stress.tally}))


if __name__ == "__main__":
    if sys.argv[3:]:
        PLANTS[sys.argv[3]]()
    asyncio.run(main(float(sys.argv[1]), int(sys.argv[2])))

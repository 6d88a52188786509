"""Sends some requests to applications that Sentry watches, and writes its events as JSON.

Sentry changes FastAPI for the whole process, so it has one of its own.
"""

import asyncio
import json
import sys
from typing import Any

import sentry_sdk
from fastapi import FastAPI
from sqlalchemy import text

from modelwire import Database, SessionDep, get_session, mount
from tests.conftest import LEAGUE, open_client, use_sessions
from tests.lanes import LANES

EVENTS: list[dict[str, Any]] = []


def keep(event: Any, _hint: Any) -> Any:
    errors = event.get("exception", {}).get("values", [])
    EVENTS.append(
        {
            "type": event.get("type", "error"),
            "transaction": event.get("transaction"),
            "error": errors[-1]["type"] if errors else event.get("logentry", {}).get("formatted"),
        }
    )
    return event


def watch() -> None:
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=lambda _envelope: None,
        before_send=keep,
        before_send_transaction=keep,
        traces_sample_rate=1.0,
    )


async def send_requests(database: Database, lane: str) -> list[dict[str, Any]]:
    app = FastAPI()
    mount(app, database, *LEAGUE)
    if lane == "session":
        use_sessions(app, database)
    watch()

    @app.get("/broken/{name}")
    async def broken(name: str) -> None:
        raise ZeroDivisionError

    @app.get("/broken-thread")
    def broken_thread() -> None:
        raise ZeroDivisionError

    @app.get("/broken-sql")
    async def broken_sql(session: SessionDep) -> None:
        await session.execute(text("SELECT nope"))

    async def break_session() -> None:
        raise ZeroDivisionError

    EVENTS.clear()
    async with open_client(app) as client:
        for path in ("/users/", "/users", "/users/7", "/users/stream/", "/teams/7/players/"):
            await client.get(path)
        for path in ("/users/?nope=1", "/broken/7", "/broken-thread", "/broken-sql"):
            await client.get(path)
        app.dependency_overrides[get_session] = break_session
        await client.get("/teams/")
    return EVENTS.copy()


async def main(place: str, *urls: str) -> None:
    if place == "before":
        watch()
    found = []
    for url in urls:
        database = Database(url)
        found += [await send_requests(database, lane) for lane in LANES]
        await database.close_db()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

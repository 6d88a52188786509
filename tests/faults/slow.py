"""Slow parts: a resource whose every read takes many seconds, and clients that hardly read."""

import asyncio
import socket

from fastapi import FastAPI
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount
from tests.conftest import LEAGUE, use_sessions


class Own(SQLModel):
    """Base with metadata apart from the tables of other tests."""

    metadata = MetaData()


class Slow(Own, table=True):
    __tablename__ = "slow_rows"

    id: int = Field(primary_key=True)


PATH = "/slow_rows/?count=none"

_VIEWS = {
    "postgresql": "SELECT 1 AS id FROM pg_sleep({lasting_s})",
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
        "SELECT count(*) AS id FROM n"
    ),
}
_NAP_S = 0.01
_NAPS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 + nap({nap_s}) FROM n "
    "WHERE i < {naps}) SELECT count(*) AS id FROM n"
)


async def make_slow_app(
    database: Database, lane: str, *, napping: bool = False, lasting_s: float = 20
) -> FastAPI:
    """Make an application with the league and the slow resource.

    Args:
        database: The database.
        lane: How generated endpoints reach it.
        napping: Whether a read on SQLite waits, by a function `nap`, and does not work.
        lasting_s: Seconds that a read takes that does not work.
    """
    naps = _NAPS.format(nap_s=_NAP_S, naps=int(lasting_s / _NAP_S))
    views = {**_VIEWS, "sqlite": naps} if napping else _VIEWS
    view = views[database.dialect].format(lasting_s=lasting_s)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP VIEW IF EXISTS slow_rows")
        await connection.exec_driver_sql(f"CREATE VIEW slow_rows AS {view}")
    return make_league_app(database, lane, Resource(Slow))


def make_league_app(database: Database, lane: str, *more: Resource) -> FastAPI:
    """Make an application with the league on a lane, and with more resources."""
    app = FastAPI()
    mount(app, database, *LEAGUE, *more)
    if lane == "session":
        use_sessions(app, database)
    return app


async def read_slowly(port: int, path: str) -> asyncio.StreamWriter:
    """Ask for something, read its beginning, and then nothing; the kernel holds little of it."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=made, limit=1024)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await reader.readexactly(100)
    return writer

"""What is slow: a resource whose every read takes many seconds, and clients that hardly read."""

import asyncio
import socket

from fastapi import FastAPI
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount
from tests.conftest import LEAGUE, use_sessions


class Own(SQLModel):
    """What is created below is no table of the other tests."""

    metadata = MetaData()


class Slow(Own, table=True):
    __tablename__ = "slow_rows"

    id: int = Field(primary_key=True)


PATH = "/slow_rows/?count=none"

_VIEWS = {
    "postgresql": "SELECT 1 AS id FROM pg_sleep(20)",
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
        "SELECT count(*) AS id FROM n"
    ),
}


async def make_slow_app(database: Database, lane: str) -> FastAPI:
    """Make an application with the league and the slow resource."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP VIEW IF EXISTS slow_rows")
        await connection.exec_driver_sql(f"CREATE VIEW slow_rows AS {_VIEWS[database.dialect]}")
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

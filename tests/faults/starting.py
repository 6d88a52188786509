"""Processes that start one application, all at the same time, as often as they are told to."""

from __future__ import annotations

import asyncio
import enum
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier

import httpx2
from fastapi import FastAPI
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource, mount


class Gauge(enum.Enum):
    NARROW = "narrow"
    STANDARD = "standard"


class Base(SQLModel):
    metadata = MetaData()


class Line(Base, table=True):
    __tablename__ = "first_start_lines"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    gauge: Gauge = Gauge.STANDARD


class Train(Base, table=True):
    __tablename__ = "first_start_trains"

    id: int | None = Field(default=None, primary_key=True)
    line_id: int | None = Field(default=None, foreign_key="first_start_lines.id", index=True)
    number: str = Field(unique=True)


WAIT_S = 120
"""Seconds that a process waits for the others, at most."""


async def start(url: str, number: str) -> str:
    """Start the application, create a row, and end; gives what its cursors are sealed with."""
    database = Database(url, metadata=Base.metadata, pool_timeout_s=WAIT_S, read_timeout_s=WAIT_S)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, Resource(Line, changes=Changes()), Resource(Train, changes=Changes()))
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        keyed = {"idempotency-key": number}
        answer = await client.post("/first_start_trains/", json={"number": number}, headers=keyed)
        if answer.status_code != 201:
            return f"failed: {answer.status_code} {answer.text}"
        (secret,) = await database.secrets.find()
        return secret.hex()


class Nodes:
    """Processes that have loaded the application.

    Args:
        number: How many there are.
    """

    def __init__(self, number: int) -> None:
        # They are forked by a process that has imported all, and has no threads. There is one for
        # all tests, commands of `tests/cli` too, so no tables of other tests may be imported here.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._number = number
        self._pool = context.Pool(number, _remember, (context.Barrier(number),))

    def start_all(self, url: str) -> Sequence[str]:
        """Have all of them start the application at once.

        Returns:
            What the cursors of each are sealed with, or what has failed.
        """
        work = [(url, str(number)) for number in range(self._number)]
        return self._pool.starmap_async(_start_together, work, chunksize=1).get(2 * WAIT_S)

    def close(self) -> None:
        """End them."""
        self._pool.terminate()
        self._pool.join()


@contextmanager
def open_nodes(number: int) -> Iterator[Nodes]:
    """Open processes until the block ends."""
    nodes = Nodes(number)
    try:
        yield nodes
    finally:
        nodes.close()


_together: list[Barrier] = []


def _remember(barrier: Barrier) -> None:
    _together.append(barrier)


def _start_together(url: str, number: str) -> str:
    _together[0].wait(WAIT_S)
    return asyncio.run(start(url, number))

"""On PostgreSQL, with a million rows, what a list is asked is found by the indexes there are."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import Index, MetaData
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from tests.conftest import create_postgres_database, make_app, open_client

from .conftest import BY_CODE_POINTS

ROWS = 1_000_000
ANCHORS = range(500_000, 500_040)
"""Keys of rows that are there before the others, in the middle: cursors are taken from them."""

MOST_BLOCKS = 400
"""Blocks of 8 KiB that a page may touch; the table has more than 10,000."""


class Base(SQLModel):
    metadata = MetaData()


class Account(Base, table=True):
    __tablename__ = "accounts"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    events: list["Event"] = Relationship(back_populates="account")


class Event(Base, table=True):
    __tablename__ = "events"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    score: int = Field(index=True)
    happened_at: datetime
    ended_at: datetime | None = None
    account_id: int = Field(foreign_key="accounts.id")
    account: Account = Relationship(back_populates="events")

    __table_args__ = (
        Index("events_happened_at", "happened_at", "id"),
        Index("events_ended_at", "ended_at", "id"),
        Index("events_account_score", "account_id", "score", "id"),
        {"prefixes": ["UNLOGGED"]},
    )


_FILL = """
INSERT INTO events (id, code, score, happened_at, ended_at, account_id)
SELECT i, 'c' || i, (i::bigint * 7919) % 100003, timestamptz '2020-01-01 UTC' + i * interval '1 s',
       CASE WHEN i % 10 > 0 THEN timestamptz '2020-01-01 UTC' + i * interval '1 s' END,
       i % 1000 + 1
FROM generate_series($1::int, $2::int) i
"""

_INDEXES = """
SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index WHERE indrelid = 'events'::regclass AND NOT indisunique
"""


@dataclass(frozen=True)
class Events:
    """A million events, and cursors into their middle, by what the list was asked."""

    client: httpx2.AsyncClient
    connection: Any
    cursors: dict[str, tuple[str, str]]

    async def explain(self, url: str) -> dict[str, Any]:
        """The plan of the statement that reads a page's rows, as it was run."""
        with log_statements() as ran:
            answer = await self.client.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"]
        (text, values), *more = [one for one in ran if "LIMIT" in one[0]]
        assert not more
        found = await self.connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {text}", *values
        )
        plan: dict[str, Any] = found[0]["Plan"]
        return plan


class _Recorder(logging.Handler):
    """Keeps what the driver lane logs: a statement's text, then its values."""

    def __init__(self) -> None:
        super().__init__()
        self.logged: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.logged.append(record.args[0] if isinstance(record.args, tuple) and record.args
                           else record.msg)  # fmt: skip


@contextmanager
def log_statements() -> Iterator[list[tuple[str, list[Any]]]]:
    """Record the statements that are sent, each with its values, once the block has ended."""
    recorder, logger = _Recorder(), logging.getLogger("sqlalchemy.engine.Engine")
    level = logger.level
    ran: list[tuple[str, list[Any]]] = []
    logger.addHandler(recorder)
    logger.setLevel(logging.INFO)
    try:
        yield ran
    finally:
        logger.setLevel(level)
        logger.removeHandler(recorder)
        ran += zip(recorder.logged[::2], recorder.logged[1::2], strict=True)


CURSORS = [
    "sort=id",
    "sort=-id",
    "sort=happened_at",
    "sort=-happened_at",
    "sort=-happened_at,-id",
    "sort=score",
    "sort=-score",
    "sort=code",
    "sort=-ended_at",
    "sort=ended_at",
    "id__gt=0&sort=happened_at",
]


@pytest_asyncio.fixture(scope="module")
async def events(postgres_server: str, worker_id: str) -> AsyncIterator[Events]:
    """The events, after cursors were taken while there was only their middle."""
    url = await create_postgres_database(
        postgres_server, f"modelwire_indexes_{worker_id}", BY_CODE_POINTS
    )
    database = Database(url, metadata=Base.metadata, statement_timeout_s=300)
    await database.init_db()
    resources = (Resource(Account, includes=["events"]), Resource(Event, includes=["account"]))
    app = make_app(database, "direct", resources, {})
    async with open_client(app) as client, database.engine.connect() as pooled:
        connection: Any = (await pooled.get_raw_connection()).driver_connection
        await connection.execute(
            "INSERT INTO accounts (id, name) SELECT i, 'a' || i FROM generate_series(1, 1000) i"
        )
        await connection.execute(_FILL, ANCHORS.start, ANCHORS.stop - 1)
        cursors = {query: await take_cursors(client, query) for query in CURSORS}
        # All rows are stored in the order of their keys, those of the cursors once more.
        await connection.execute("TRUNCATE events")
        # Foreign keys are not checked while they are stored, which would take longer than that.
        await connection.execute("SET session_replication_role = replica")
        # An index is made faster than it is kept with each row.
        indexes = await connection.fetch(_INDEXES)
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        await connection.execute(_FILL, 1, ROWS)
        for index in indexes:
            await connection.execute(index["definition"])
        await connection.execute("VACUUM ANALYZE")
        # A scan of the whole table starts at its start, and not where the last one has found much.
        await connection.execute("SET synchronize_seqscans = off")
        yield Events(client, connection, cursors)
    await database.close_db()


async def take_cursors(client: httpx2.AsyncClient, query: str) -> tuple[str, str]:
    """Cursors that lead forward and back from the middle of the anchors, of rows without NULL."""
    first = await client.get(f"/events/?{query}&cursor=&limit=15")
    if first.status_code != 200:
        return "", ""
    second = await client.get(f"/events/?{query}&cursor={first.json()['next']}&limit=5")
    return second.json()["next"], second.json()["previous"]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes that read the page's rows, without what is asked once beside it."""
    yield plan
    for inner in plan.get("Plans", ()):
        if inner["Parent Relationship"] != "InitPlan":
            yield from nodes(inner)


def check_plan(plan: dict[str, Any], *, sorts: bool = False, blocks: int = MOST_BLOCKS) -> None:
    """Check that a plan reads by indexes, and touches no more than what it needs."""
    # Whether there is any row on the other side may be looked up in any way that finds it at once.
    kinds = {node["Node Type"] for node in nodes(plan)}
    shown = json.dumps(plan, indent=1)
    assert kinds & {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}, shown
    assert "Seq Scan" not in kinds, shown
    # Where the index ends before the key does, equal rows are put in order as they come.
    assert sorts or "Sort" not in kinds, shown
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= blocks, shown


@pytest.mark.parametrize(
    "query",
    [
        "id=500000",
        "id__in=1,500000,1000000",
        "id__between=499990,500010",
        "code=c500000",
        "code__in=c1,c500000",
        "score=77",
        "score__in=77,78",
        "score__between=77,78",
        "score__gte=100002",
        "happened_at__lt=2020-01-01T00:01:00Z",
        "happened_at__between=2020-01-05T00:00:00Z,2020-01-05T00:01:00Z",
        "ended_at=2020-01-05T00:00:01Z",
        "or=(id:5,code:c500000)",
        "or=(score:77,and(id__gte:499990,id__lte:500010))",
        "account.name=a77&score__lt=1000",
    ],
)
async def test_filters(events: Events, query: str) -> None:
    """A filter on an indexed column finds its rows by the index."""
    check_plan(await events.explain(f"/events/?{query}&count=none&limit=10"), sorts=True)


async def test_null(events: Events) -> None:
    """NULL is found by the index, in its order."""
    check_plan(await events.explain("/events/?ended_at__isnull=true&sort=ended_at&count=none"))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "sort=-id",
        "sort=happened_at",
        "sort=happened_at,id",
        "sort=-happened_at",
        "sort=-happened_at,-id",
        "sort=score",
        "sort=-score",
        "sort=code",
        "sort=-code",
        "sort=ended_at",
        "sort=-ended_at,-id",
        "score__gte=50000&sort=score",
    ],
)
async def test_sorts(events: Events, query: str) -> None:
    """Rows that are sorted by an indexed column are read in the order of the index."""
    check_plan(await events.explain(f"/events/?{query}&count=none&limit=10"))


@pytest.mark.parametrize("forward", [True, False], ids=["next", "previous"])
@pytest.mark.parametrize("query", CURSORS)
async def test_cursors(events: Events, query: str, forward: bool) -> None:
    """A page in the middle is read from there: nothing before it is looked at."""
    cursor = events.cursors[query][0 if forward else 1]
    plan = await events.explain(f"/events/?{query}&cursor={cursor}&limit=10")
    # NULL stands behind all other values and is no part of a range of the index: where it may
    # follow, the index gives the order and not the start.
    crosses_null = query == ("sort=ended_at" if forward else "sort=-ended_at")
    check_plan(plan, blocks=ROWS if crosses_null else MOST_BLOCKS)


async def test_children(events: Events) -> None:
    """A sub-collection finds and sorts its rows by an index over both."""
    check_plan(await events.explain("/accounts/77/events/?sort=score&count=none&limit=10"))

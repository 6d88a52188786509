"""Totals: exact, estimated or left out, and counted together by requests at the same time."""

import asyncio
import re
from typing import Any

import httpx2
import pytest

from examples.league import User
from modelwire import Database
from modelwire.execute.connect.gathering import Gathering
from modelwire.shape.reads import CountShape
from tests.http.rows import refused_parameters, store_many, store_users


async def store_hundreds(database: Database, count: int = 500) -> None:
    """Store 500 users, or more, and let the database look at them."""
    rows = [
        {"username": f"u{i}", "email": f"{i}@x.org", "is_active": i % 2 == 0} for i in range(count)
    ]
    moment = User(username="a", email="b").created_at
    await store_many(database, User, [{**row, "created_at": moment} for row in rows])
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE users")
        await connection.commit()


@pytest.mark.parametrize(
    ("query", "total"),
    [("count=none", None), ("count=none&skip=500", None), ("count=exact", 500), ("", 500)],
)
async def test_total(
    client: httpx2.AsyncClient, database: Database, query: str, total: int | None
) -> None:
    """A total is exact unless the request does without."""
    await store_hundreds(database)
    page = (await client.get(f"/users/?{query}")).json()
    assert page["total"] == total
    assert "total_is_estimate" not in page


@pytest.mark.parametrize(("query", "total"), [("", 500), ("is_active=true", 250)])
async def test_estimate(
    client: httpx2.AsyncClient, database: Database, query: str, total: int
) -> None:
    """PostgreSQL tells what it expects, marked as such; SQLite counts, and nothing is marked."""
    await store_hundreds(database)
    page = (await client.get(f"/users/?count=estimate&{query}")).json()
    if database.dialect == "sqlite":
        assert page["total"] == total
        assert "total_is_estimate" not in page
    else:
        assert page["total"] == pytest.approx(total, rel=0.2)
        assert page["total_is_estimate"] is True


async def test_estimate_is_no_less_than_what_is_seen(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """An estimate that a page disproves is put right by it."""
    await store_hundreds(database)
    page = (await client.get("/users/?count=estimate&skip=450&limit=100")).json()
    assert page["total"] == 500
    page = (await client.get("/users/?count=estimate&username__eq=u1")).json()
    assert page["total"] == 1


@pytest.mark.parametrize("skip", [501, 100_000, 2**63 - 1])
async def test_estimate_past_the_end(
    client: httpx2.AsyncClient, database: Database, skip: int
) -> None:
    """Past the end of a list there are no rows, and what is estimated is no more than was skipped;
    the page before is the last one."""
    await store_hundreds(database)
    answer = await client.get(f"/users/?count=estimate&skip={skip}")
    page = answer.json()
    assert (answer.status_code, page["items"], page["skip"]) == (200, [], skip)
    assert page["total"] == pytest.approx(500, rel=0.2)
    start = int(re.findall(r"skip=(\d+)>; rel=\"prev\"", answer.headers["link"])[0])
    assert start < page["total"]


@pytest.mark.parametrize("count", ["", "all", "Exact", "true"])
async def test_bad_count(client: httpx2.AsyncClient, count: str) -> None:
    """Anything but the three ways to count is 422."""
    assert refused_parameters(await client.get(f"/users/?count={count}")) == ["count"]


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("limit=2", 1),
        ("limit=3", 0),
        ("limit=4", 0),
        ("skip=1&limit=2", 0),
        ("skip=3", 1),
        ("limit=2&count=none", 0),
        ("skip=3&count=none", 0),
        ("full_name=x", 0),
    ],
)
async def test_counted_only_if_need_be(
    client: httpx2.AsyncClient,
    database: Database,
    statements: list[str],
    query: str,
    counts: int,
) -> None:
    """Rows are counted only where the page does not tell how many there are."""
    await store_users(database, ann=None, bob=None, cat=None)
    statements.clear()
    await client.get(f"/users/?{query}")
    assert len(statements) == 1 + counts


@pytest.mark.both_lanes
async def test_requests_share_counts(
    client: httpx2.AsyncClient, database: Database, lane: str, statements: list[str]
) -> None:
    """Requests at the same time share counts; those in sessions, which see their own, don't."""
    await store_hundreds(database, 5000)
    statements.clear()
    # A page that is found at once, and a count that takes its time on SQLite too.
    target = "/users/?username__ilike=%25u%25&email__ilike=%25%40%25&limit="
    answers = await asyncio.gather(*(client.get(f"{target}{i}") for i in range(1, 9)))
    assert [answer.json()["total"] for answer in answers] == [5000] * 8
    counts = sum("count(" in statement for statement in statements)
    assert counts == 8 if lane == "session" else counts < 8


class Gate:
    """Lets requests share counts as soon as a number of them wants to.

    Args:
        monkeypatch: Stands it in the way of counts.
        many: That number.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
        self._all_wait = asyncio.Barrier(many + 1)
        self._is_free = asyncio.Event()
        find = Gathering.find

        async def find_later(gathering: Any, kind: Any, *arguments: Any) -> Any:
            if isinstance(kind[0], CountShape):
                await self._all_wait.wait()
                await self._is_free.wait()
            return await find(gathering, kind, *arguments)

        monkeypatch.setattr(Gathering, "find", find_later)

    async def wait(self) -> None:
        """Wait until all are there."""
        async with asyncio.timeout(60):
            await self._all_wait.wait()

    def open(self) -> None:
        """Let all count."""
        self._is_free.set()


@pytest.mark.parametrize("lane", ["direct"])  # a session keeps its connection, and counts itself
async def test_who_waits_for_a_count_holds_no_connection(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More requests than the pool has connections share one count, since none of them holds one."""
    await store_users(database, ann=None, bob=None, cat=None)
    many = database.pool_state.size + 5
    gate = Gate(monkeypatch, many)
    # Pages that are asked for in other words are read for each, and have one count.
    targets = [f"/users/?limit=1{'&' * i}" for i in range(many)]
    requests = [asyncio.ensure_future(client.get(target)) for target in targets]
    await gate.wait()
    assert database.pool_state.in_use == 0
    gate.open()
    totals = [answer.json()["total"] for answer in await asyncio.gather(*requests)]
    assert totals == [3] * many


@pytest.mark.parametrize("lane", ["direct"])
async def test_counts_of_other_values_are_others(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that differ in their values alone, and come at the same time, share no count."""
    await store_users(database, **{f"u{i}": None for i in range(12)})
    bounds = [3, 5, 8, 5, 10, 3, 8]
    gate = Gate(monkeypatch, len(bounds))
    query = "limit=1&username__startswith=u&id__lte="
    targets = [f"/users/?{'&' * i}{query}{bound}" for i, bound in enumerate(bounds)]
    requests = [asyncio.ensure_future(client.get(target)) for target in targets]
    await gate.wait()
    gate.open()
    totals = [answer.json()["total"] for answer in await asyncio.gather(*requests)]
    assert totals == bounds

"""The ways of writing a row, each of which a constraint may refuse."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import func, select

from modelwire import Database
from modelwire.catalog.read import read_catalog

from .cases import VALID, Refused, Row
from .tables import RESOURCES

CATALOG = read_catalog(RESOURCES)

COUNTS = "/how-many"
"""Path of the row counts in the application of these tests."""

KEYS: Mapping[str, Sequence[str]] = {
    "regions": ("country", "name"),
    "nodes": ("code",),
    "steps": ("code",),
    "albums": ("code",),
    "a_songs": ("code",),
    "orders": ("group",),
    "order_where": ("tag",),
}
"""The keys that clients name."""

AT = 3
"""Index of the refused row among others."""

Way = Callable[[httpx2.AsyncClient, Refused], Awaitable[tuple[httpx2.Response, str]]]
"""Writes the row of a case; gives the answer, and where the row stands in the body."""


async def store(client: httpx2.AsyncClient, path: str, row: Row) -> str:
    """Store a row; gives its URL."""
    answer = await client.post(f"/{path}/", json=row)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def _row(case: Refused) -> Row:
    return {**VALID[case.path](9), **case.wrong}


def _rows(case: Refused) -> list[Row]:
    rows = [VALID[case.path](n) for n in range(10, 15)]
    rows[AT] = _row(case)
    return rows


async def create(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
    return await client.post(f"/{case.path}/", json=_row(case)), ""


async def create_many(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
    body = {case.path: _rows(case)}
    return await client.post(f"/{case.path}/bulk/", json=body), f"/{case.path}/{AT}"


def change(method: str) -> Way:
    async def write(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
        url = await store(client, case.path, VALID[case.path](8))
        before = (await client.get(url)).json()
        answer = await client.request(method, url, json=case.wrong)
        assert (await client.get(url)).json() == before
        return answer, ""

    return write


async def change_many(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
    rows = await _store_to_change(client, case)
    answer = await client.patch(f"/{case.path}/bulk/", json={case.path: rows})
    return answer, f"/{case.path}/{AT}"


async def _store_to_change(client: httpx2.AsyncClient, case: Refused) -> list[Row]:
    """Store rows, of which one is then to be changed to what is wrong."""
    rows = []
    for number in range(10, 15):
        url = await store(client, case.path, VALID[case.path](number))
        stored = (await client.get(url)).json()
        rows.append({name: stored[name] for name in key_of(case.path)})
    rows[AT] |= case.wrong
    return rows


async def create_each(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
    body = {case.path: _rows(case)}
    answer = await client.post(f"/{case.path}/bulk/?atomic=false", json=body)
    return _take_refused(answer, 201), f"/{case.path}/{AT}"


async def change_each(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
    rows = await _store_to_change(client, case)
    answer = await client.patch(f"/{case.path}/bulk/?atomic=false", json={case.path: rows})
    return _take_refused(answer, 200), f"/{case.path}/{AT}"


def _take_refused(answer: httpx2.Response, status: int) -> httpx2.Response:
    """The answer that the refused row would have alone, if the others are written."""
    if answer.status_code != 207:
        return answer  # what only COMMIT refuses, all rows stand or fall by
    items = answer.json()["items"]
    refused = items.pop(AT)
    assert [item["status"] for item in items] == [status] * 4
    headers = {"content-type": "application/problem+json"}
    return httpx2.Response(refused["status"], json=refused["problem"], headers=headers)


def upsert(*, there: bool) -> Way:
    async def write(client: httpx2.AsyncClient, case: Refused) -> tuple[httpx2.Response, str]:
        key, rows = unique_key_of(case), _rows(case)
        if there:
            await store(client, case.path, VALID[case.path](9))
        before = await count_all(client)
        query = {"on_conflict": ",".join(key)}
        answer = await client.post(f"/{case.path}/bulk/", params=query, json={case.path: rows})
        assert await count_all(client) == before
        return answer, f"/{case.path}/{AT}"

    return write


def unique_key_of(case: Refused) -> Sequence[str]:
    """The names of a unique key with which nothing is wrong; empty where there is none."""
    table = next(t for t in CATALOG.tables.values() if t.path == f"/{case.path}")
    keys = ([field.name for field in key] for key in table.upsert_keys)
    given = VALID[case.path](9)
    return next((k for k in keys if given.keys() >= set(k) and case.wrong.keys().isdisjoint(k)), [])


def key_of(path: str) -> Sequence[str]:
    """The fields of a resource's key."""
    return KEYS.get(path, ("id",))


def can_refuse(case: Refused, way: str) -> bool:
    """Whether a way can be refused alike: null is no change to PUT, keys don't change in bulk."""
    if way == "PUT":
        return None not in case.wrong.values()
    if "upsert" in way:
        return bool(unique_key_of(case))
    return "bulk PATCH" not in way or case.wrong.keys().isdisjoint(key_of(case.path))


WAYS: Mapping[str, Way] = {
    "POST": create,
    "bulk POST": create_many,
    "PUT": change("PUT"),
    "PATCH": change("PATCH"),
    "bulk PATCH": change_many,
    "bulk POST, each": create_each,
    "bulk PATCH, each": change_each,
    "upsert": upsert(there=False),
    "merging upsert": upsert(there=True),
}


async def count_all(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Return the number of rows of each resource."""
    counts: dict[str, Any] = (await client.get(COUNTS)).json()
    return counts


def add_counts(app: FastAPI, database: Database) -> None:
    """Let an application tell how many rows each resource has, by one statement for all."""
    counts = {
        table.path.strip("/"): select(func.count()).select_from(table.sql).scalar_subquery()
        for table in CATALOG.tables.values()
    }

    @app.get(COUNTS, include_in_schema=False)
    async def count() -> dict[str, int]:
        async with database.engine.connect() as connection:
            found = (await connection.execute(select(*counts.values()))).one()
        return dict(zip(counts, found, strict=True))

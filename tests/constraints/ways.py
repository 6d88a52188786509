"""The ways of writing a row, each of which a constraint may refuse."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx2

from .cases import VALID, Refused, Row

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
"""Where the refused row stands among others."""

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
    rows = []
    for number in range(10, 15):
        url = await store(client, case.path, VALID[case.path](number))
        stored = (await client.get(url)).json()
        rows.append({name: stored[name] for name in key_of(case.path)})
    rows[AT] |= case.wrong
    answer = await client.patch(f"/{case.path}/bulk/", json={case.path: rows})
    return answer, f"/{case.path}/{AT}"


def key_of(path: str) -> Sequence[str]:
    """The fields of a resource's key."""
    return KEYS.get(path, ("id",))


def can_refuse(case: Refused, way: str) -> bool:
    """Whether a way can be refused alike: null is no change to PUT, keys don't change in bulk."""
    if way == "PUT":
        return None not in case.wrong.values()
    return way != "bulk PATCH" or case.wrong.keys().isdisjoint(key_of(case.path))


WAYS: Mapping[str, Way] = {
    "POST": create,
    "bulk POST": create_many,
    "PUT": change("PUT"),
    "PATCH": change("PATCH"),
    "bulk PATCH": change_many,
}


async def count_all(client: httpx2.AsyncClient) -> dict[str, Any]:
    """How many rows each resource has."""
    answers = {path: await client.get(f"/{path}/", params={"limit": 1}) for path in VALID}
    return {path: answer.json()["total"] for path, answer in answers.items()}

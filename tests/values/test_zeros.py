"""The two zeros of floats are one number, which is stored and shown without a sign."""

import re
from typing import Any

import httpx2
import pytest

MINUS = -0.0
FIELDS = {"/stations/": ("height", {}), "/readings/": ("celsius", {"count": 1})}
WAYS = ("create", "bulk", "each for itself", "patch", "put", "bulk patch", "mass patch")


async def write(client: httpx2.AsyncClient, path: str, way: str, zero: float) -> httpx2.Response:
    """Write a row whose float is zero, which is the first row then."""
    name, others = FIELDS[path]
    row: dict[str, Any] = {name: zero, **others}
    if way == "create":
        return await client.post(path, json=row)
    if way in ("bulk", "each for itself"):
        query = "" if way == "bulk" else "?atomic=false"
        return await client.post(f"{path}bulk/{query}", json=[row])
    await client.post(path, json={**row, name: 1.5})
    if way == "bulk patch":
        return await client.patch(f"{path}bulk/", json=[{"id": 1, name: zero}])
    if way == "mass patch":
        headers = {"prefer": "max-affected=9"}
        return await client.patch(f"{path}?id=1", json={name: zero}, headers=headers)
    body = row if way == "put" else {name: zero}
    return await client.request(way.upper(), f"{path}1", json=body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", FIELDS)
async def test_minus_zero(client: httpx2.AsyncClient, path: str, way: str) -> None:
    """The answer, what is read then, and a list show the zero without its sign."""
    answer = await write(client, path, way, MINUS)
    assert answer.is_success, answer.text
    read, listed = await client.get(f"{path}1"), await client.get(path)
    name = FIELDS[path][0]
    assert read.json()[name] == 0
    for shown in (answer, read, listed):
        assert re.search(r"-0\b", shown.text) is None, shown.text


@pytest.mark.parametrize("path", FIELDS)
async def test_either_zero_is_found(client: httpx2.AsyncClient, path: str) -> None:
    """A filter finds both zeros by either, and a tag is that of the row, whichever was sent."""
    name, others = FIELDS[path]
    tags = []
    for zero in (0.0, MINUS):
        made = await client.post(path, json={name: zero, **others})
        tags.append(made.headers["etag"])
        read = await client.get(made.headers["location"])
        assert read.headers["etag"] == made.headers["etag"]
    for text in ("0.0", "-0.0", "0", "-0"):
        page = await client.get(path, params={name: text})
        assert page.json()["total"] == 2, text

"""`fields` shows parts of documents, inside of the objects and arrays that lead to them."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from .conftest import World

DOCUMENTS: list[Any] = [
    {"a": {"b": 1e16, "c": None, "x.y": "é"}, "list": [10, {"k": 1, "l": 2}, 12], "z": 1.0},
    {"a": 5, "list": []},
    [1, [2, 3]],
    "text",
    None,
]


def metas(*documents: Any) -> list[dict[str, Any]]:
    """Rows that show no more than a document each."""
    return [{"meta": document} for document in documents]


SHOWN: list[tuple[str, list[dict[str, Any]]]] = [
    ("meta.a", metas({"a": DOCUMENTS[0]["a"]}, {"a": 5}, [], None, None)),
    ("meta.a.b", metas({"a": {"b": 1e16}}, {}, [], None, None)),
    ("meta.z,meta.a.c", metas({"z": 1.0, "a": {"c": None}}, {}, [], None, None)),
    ('meta.a."x.y"', metas({"a": {"x.y": "é"}}, {}, [], None, None)),
    (
        "meta.list.1.k,meta.list.0",
        metas({"list": [10, {"k": 1}]}, {"list": []}, [], None, None),
    ),
    ("meta.1.0", metas({}, {}, [[2]], None, None)),
    (
        "id,meta.z",
        [{"id": i, **m} for i, m in enumerate(metas({"z": 1.0}, {}, [], None, None), 1)],
    ),
    ("meta.a,meta", [{"meta": document} for document in DOCUMENTS]),
    (
        "meta.a,meta.a.b",
        metas({"a": DOCUMENTS[0]["a"]}, {"a": 5}, [], None, None),
    ),
]


async def make(world: World, lane: str) -> AsyncClient:
    things = [
        {"id": i, "meta": d, "binary": None, "tags": [], "by_name": {}, "box_id": 1}
        for i, d in enumerate(DOCUMENTS, 1)
    ]
    await world.fill({"boxes": [{"id": 1, "meta": {"q": 1, "r": 2}}], "things": things})
    return world.clients[lane]


@pytest.mark.parametrize(("fields", "items"), SHOWN, ids=[fields for fields, _ in SHOWN])
async def test_shown(world: World, lane: str, fields: str, items: list[dict[str, Any]]) -> None:
    """Lists, streams, sub-collections and single rows show the parts that are named."""
    client = await make(world, lane)
    asked = {"fields": fields}
    answer = await client.get("/things/", params=asked)
    assert answer.json()["items"] == items, answer.text
    assert (await client.get("/things/stream/", params=asked)).json() == items
    assert (await client.get("/boxes/1/things/", params=asked)).json()["items"] == items
    answer = await client.post("/things/query", json=asked)
    assert answer.json()["items"] == items
    whole = [await client.get(f"/things/{i}") for i in range(1, 6)]
    single = [await client.get(f"/things/{i}", params=asked) for i in range(1, 6)]
    assert [answer.json() for answer in single] == items
    assert [a.headers["etag"] for a in single] == [a.headers["etag"] for a in whole]


async def test_shown_beside_includes_and_order(world: World, lane: str) -> None:
    """Includes stand beside parts, and what sorts need not be shown."""
    client = await make(world, lane)
    asked = {"fields": "meta.q", "include": "things", "sort": "-meta.r"}
    answer = await client.get("/boxes/", params=asked)
    (item,) = answer.json()["items"]
    assert item["meta"] == {"q": 1}
    assert list(item) == ["meta", "things"]


async def test_csv(world: World, lane: str) -> None:
    """In CSV a column is its JSON, cut down to what is named."""
    client = await make(world, lane)
    asked = {"fields": "id,meta.z", "format": "csv", "meta.z__isnull": "false"}
    answer = await client.get("/things/stream/", params=asked)
    assert answer.text == 'id,meta\r\n1,"{""z"":1.0}"\r\n'


async def test_twice(world: World, lane: str) -> None:
    """A part that is named twice is refused, as a field is."""
    client = await make(world, lane)
    answer = await client.get("/things/", params={"fields": 'meta.a,meta."a"'})
    assert answer.status_code == 422
    assert "twice" in answer.text


async def test_mass_changes(world: World, lane: str) -> None:
    """Changes and deletions of many rows go by parts of their documents."""
    client = await make(world, lane)
    prefer = {"prefer": "max-affected=5"}
    asked = {"meta.a__ne": "5", "meta.list__isnull": "false"}
    changed = await client.patch("/things/", params=asked, json={"name": "x"}, headers=prefer)
    assert changed.json() == {"affected": 1}, changed.text
    gone = await client.delete("/things/", params={"meta.a": "5"}, headers=prefer)
    assert gone.json() == {"affected": 1}
    left = (await client.get("/things/", params={"fields": "id,name"})).json()["items"]
    names = [("x" if i == 1 else None, i) for i in (1, 3, 4, 5)]
    assert left == [{"id": i, "name": name} for name, i in names]

"""Changes as pages: what they show, in which order, and that they can be waited for."""

import asyncio
from typing import Any

import httpx2
import pytest

PATH = "/followed_tasks/"
CHANGES = "/followed_tasks/changes/"


def told(answer: httpx2.Response) -> list[tuple[str, Any, Any]]:
    """Return the changes on a page: operation, key, and the row or None."""
    assert answer.status_code == 200, answer.text
    return [(c["operation"], c["key"], c.get("item")) for c in answer.json()["items"]]


async def create(writer: httpx2.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await writer.post(PATH, json=values)
    assert answer.status_code == 201, answer.text
    row: dict[str, Any] = answer.json()
    return row


async def test_what_becomes_of_a_row(writer: httpx2.AsyncClient) -> None:
    row = await create(writer, title="One", cost="1.50", due_at="2026-11-01T00:00:00+02:00")
    changed = (await writer.patch(f"{PATH}{row['id']}", json={"done": True})).json()
    assert (await writer.delete(f"{PATH}{row['id']}")).status_code == 204
    answer = await writer.get(CHANGES)
    key = row["id"]
    assert told(answer) == [("create", key, row), ("update", key, changed), ("delete", key, None)]
    first = answer.json()["items"][0]
    assert set(first) == {"number", "at", "operation", "key", "item"}
    assert first["at"].endswith("Z")
    last = answer.json()["items"][-1]
    assert answer.json()["next"] == last["number"] == int(answer.headers["x-change-number"])
    assert answer.headers["cache-control"] == "no-cache"


async def test_pages_go_on_from_one_another(writer: httpx2.AsyncClient) -> None:
    keys = [(await create(writer, title=str(n)))["id"] for n in range(5)]
    found, after, pages = [], 0, 0
    while pages < 3:
        page = (await writer.get(CHANGES, params={"after": after, "limit": 2})).json()
        found += [c["key"] for c in page["items"]]
        after, pages = page["next"], pages + 1
    assert found == keys
    assert (await writer.get(CHANGES, params={"after": after})).json() == {
        "items": [],
        "next": after,
    }
    answer = await writer.get(CHANGES, headers={"Last-Event-ID": str(after - 1)})
    assert [c["key"] for c in answer.json()["items"]] == keys[-1:]


async def test_a_page_is_waited_for(writer: httpx2.AsyncClient) -> None:
    after = (await writer.get(CHANGES)).json()["next"]
    waiting = asyncio.create_task(writer.get(CHANGES, params={"after": after, "wait": 60}))
    await asyncio.sleep(0)
    row = await create(writer, title="Late")
    assert told(await waiting) == [("create", row["id"], row)]
    empty = await writer.get(CHANGES, params={"after": after + 1, "wait": 1})
    assert empty.json() == {"items": [], "next": after + 1}


async def test_a_row_comes_to_match_and_no_longer_does(writer: httpx2.AsyncClient) -> None:
    row = await create(writer, title="Draft")
    path, asked = f"{PATH}{row['id']}", {"done": "true", "title": "RAF"}
    await writer.patch(path, json={"done": True})
    await writer.patch(path, json={"team": 2})
    await writer.patch(path, json={"title": "Final"})
    await writer.patch(path, json={"team": 3})
    await writer.patch(path, json={"title": "A draft"})
    await writer.delete(path)
    found = told(await writer.get(CHANGES, params=asked))
    assert [(operation, item and item["team"]) for operation, _, item in found] == [
        ("create", 1),
        ("update", 2),
        ("delete", None),
        ("create", 3),
        ("delete", None),
    ]


async def test_what_is_hidden_changes_for_nobody(writer: httpx2.AsyncClient) -> None:
    row = await create(writer, title="One", note="secret")
    await writer.patch(f"{PATH}{row['id']}", json={"note": "other"})
    answer = await writer.get(CHANGES)
    assert told(answer) == [("create", row["id"], row)]
    assert "note" not in answer.text
    assert "secret" not in answer.text


async def test_some_fields(writer: httpx2.AsyncClient) -> None:
    row = await create(writer, title="One")
    await writer.patch(f"{PATH}{row['id']}", json={"done": True})
    await writer.patch(f"{PATH}{row['id']}", json={"title": "Two"})
    assert told(await writer.get(CHANGES, params={"fields": "title"})) == [
        ("create", row["id"], {"title": "One"}),
        ("update", row["id"], {"title": "Two"}),
    ]


async def test_a_key_of_two_parts(writer: httpx2.AsyncClient) -> None:
    row = {"left": 7, "right": "a,b", "text": "x"}
    assert (await writer.post("/followed_pairs/", json=row)).status_code == 201
    key = "7,a%2Cb"
    assert (await writer.delete(f"/followed_pairs/{key}")).status_code == 204
    assert told(await writer.get("/followed_pairs/changes/")) == [
        ("create", key, row),
        ("delete", key, None),
    ]


async def test_a_key_that_changes_is_another_row(writer: httpx2.AsyncClient) -> None:
    """A row is told by its key, so the one is gone and the other new."""
    await writer.post("/followed_pairs/", json={"left": 7, "right": "a", "text": "x"})
    answer = await writer.patch("/followed_pairs/7,a", json={"right": "b"})
    found = told(await writer.get("/followed_pairs/changes/"))
    assert [entry[:2] for entry in found] == (
        [("create", "7,a"), ("delete", "7,a"), ("create", "7,b")]
        if answer.status_code == 200
        else [("create", "7,a")]
    )


async def test_members_see_the_changes_of_their_rows(
    writer: httpx2.AsyncClient, member: httpx2.AsyncClient
) -> None:
    own = await create(writer, title="Own", cost="5.00")
    other = await create(writer, title="Other", team=2, cost="7.00")
    await writer.patch(f"{PATH}{own['id']}", json={"cost": "6.00"})  # which is not shown
    await writer.patch(f"{PATH}{own['id']}", json={"team": 2})
    await writer.patch(f"{PATH}{other['id']}", json={"team": 1})
    await writer.delete(f"{PATH}{other['id']}")
    answer = await member.get(CHANGES)
    found = told(answer)
    assert [entry[:2] for entry in found] == [
        ("create", own["id"]),
        ("delete", own["id"]),
        ("create", other["id"]),
        ("delete", other["id"]),
    ]
    assert "cost" not in answer.text
    seeing = told(await member.get(CHANGES, headers={"X-Sees-Cost": "true"}))
    assert [entry[0] for entry in seeing] == ["create", "update", "delete", "create", "delete"]
    assert (await member.get(CHANGES, params={"cost": "1"})).status_code == 422


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"after": "x"}, "after"),
        ({"after": "-1"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"wait": "61"}, "wait"),
        ({"sort": "title"}, "sort"),
        ({"include": "x"}, "include"),
        ({"note": "x"}, "note"),
        ({"cursor": ""}, "cursor"),
        ({"nothing": "1"}, "nothing"),
    ],
)
async def test_what_can_not_be_asked(
    writer: httpx2.AsyncClient, asked: dict[str, str], parameter: str
) -> None:
    answer = await writer.get(CHANGES, params=asked)
    assert answer.status_code == 422
    assert [e["parameter"] for e in answer.json()["errors"]] == [parameter]


async def test_lists_say_where_to_go_on(writer: httpx2.AsyncClient) -> None:
    row = await create(writer, title="One")
    page = await writer.get(PATH)
    number = int(page.headers["x-change-number"])
    await writer.patch(f"{PATH}{row['id']}", json={"done": True})
    found = told(await writer.get(CHANGES, params={"after": number, "wait": 60}))
    assert found[-1][0] == "update"
    for asked in ({"cursor": ""}, {"count": "none"}):
        assert "x-change-number" in (await writer.get(PATH, params=asked)).headers
    answer = await writer.post("/followed_tasks/query", json={})
    assert "x-change-number" in answer.headers

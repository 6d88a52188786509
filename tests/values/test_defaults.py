"""Defaults of columns make what a session of SQLModel's would store."""

from typing import Any

import httpx2
import pytest
from sqlmodel import select

from tests.worlds import World

from .tables import Event

OWN = {"n": 7, "must": 8, "up": None, "changes": None}


async def test_new_row(client: httpx2.AsyncClient) -> None:
    """A field that is left open has what its column's own default makes, of every kind."""
    stored = (await client.post("/events/", json={"name": "a"})).json()
    assert {name: stored[name] for name in OWN} == OWN
    assert (stored["slug"], len(stored["marker"])) == ("A", 32)
    assert stored["made"] is not None
    assert (await client.get("/events/1")).json() == stored


async def test_as_a_session_stores_it(world: World, client: httpx2.AsyncClient) -> None:
    """The row is the one that a session of SQLModel's stores."""
    async with world.database.session() as session:
        session.add(Event(name="a"))  # type: ignore[call-arg]
        await session.commit()
        kept = (await session.exec(select(Event))).one()
    made = (await client.post("/events/", json={"name": "b"})).json()
    assert {name: made[name] for name in OWN} == {name: getattr(kept, name) for name in OWN}
    assert (kept.slug, made["slug"]) == ("A", "B")
    assert kept.made is not None


@pytest.mark.parametrize("path", ["/events/bulk/", "/events/bulk/?atomic=false"])
async def test_new_rows_in_bulk(client: httpx2.AsyncClient, path: str) -> None:
    """Each of many rows has defaults of its own, and what is given stays."""
    bodies = [{"name": "a"}, {"name": "b", "slug": "x", "n": None}, {"name": "c"}]
    answer = (await client.post(path, json=bodies)).json()
    rows = [o["item"] for o in answer["items"]] if "atomic" in path else answer
    assert [row["slug"] for row in rows] == ["A", "x", "C"]
    assert [row["n"] for row in rows] == [7, None, 7]
    assert len({row["marker"] for row in rows}) == 3
    assert all(row["made"] for row in rows)


async def test_nested(client: httpx2.AsyncClient) -> None:
    """A default may look at what the row above has given."""
    body = {"name": "a", "notes": [{}, {"label": "mine"}, {}]}
    created = await client.post("/events/?include=notes", json=body)
    assert [note["label"] for note in created.json()["notes"]] == ["of 1", "mine", "of 1"]


CHANGES: dict[str, tuple[str, str, Any]] = {
    "patch": ("PATCH", "/events/1", {"name": "b"}),
    "put": ("PUT", "/events/1", {"name": "b"}),
    "bulk": ("PATCH", "/events/bulk/", [{"id": 1, "name": "b"}]),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_changes(client: httpx2.AsyncClient, change: str) -> None:
    """A change sets what its columns' own `onupdate` makes, of what the change sets."""
    await client.post("/events/", json={"name": "a"})
    method, path, body = CHANGES[change]
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    row = (await client.get("/events/1")).json()
    assert (row["up"], row["changes"], row["slug"]) == ("B", 1, "A")


async def test_many_changes(client: httpx2.AsyncClient) -> None:
    """Each of many changed rows has what is made for it."""
    await client.post("/events/bulk/", json=[{"name": "a"}, {"name": "b"}])
    body = [{"id": 1, "name": "c"}, {"id": 2, "name": "d"}]
    answer = await client.patch("/events/bulk/", json=body)
    assert [row["up"] for row in answer.json()] == ["C", "D"]


async def test_mass_change(client: httpx2.AsyncClient) -> None:
    """A change of all rows that match makes the same for each."""
    await client.post("/events/bulk/", json=[{"name": "a"}, {"name": "b"}])
    headers = {"Prefer": "max-affected=5"}
    answer = await client.patch("/events/?id__gte=1", json={"n": 3}, headers=headers)
    assert answer.json() == {"affected": 2}
    rows = (await client.get("/events/")).json()["items"]
    assert [(row["up"], row["changes"]) for row in rows] == [(None, 1), (None, 1)]


async def test_nothing_changes(client: httpx2.AsyncClient) -> None:
    """A change that sets nothing makes nothing either."""
    await client.post("/events/", json={"name": "a"})
    assert (await client.patch("/events/1", json={})).json()["changes"] is None


async def test_upsert(client: httpx2.AsyncClient) -> None:
    """A row that is there is changed, and one that is not is new, each with what is made for it."""
    await client.post("/events/", json={"name": "a"})
    url = "/events/bulk/?on_conflict=name"
    answer = await client.post(url, json=[{"name": "a", "n": 1}, {"name": "b"}])
    assert answer.status_code == 200, answer.text
    assert [(row["slug"], row["changes"]) for row in answer.json()] == [("A", 1), ("B", None)]

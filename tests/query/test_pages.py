"""Keyset pages: a walk sees every row that stays exactly once, in order, both ways."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples

from . import strategies
from .conftest import World, describe
from .model import Row, Rows, find_rows, key_of, place, show, total_order
from .queries import Query

QUERIES = 6
"""Walks over one set of rows."""


async def read_page(client: httpx2.AsyncClient, query: Query, cursor: str, limit: int) -> Row:
    """Read one keyset page, which must be there."""
    answer = await client.get(query.url(f"/{query.table}/", cursor=cursor, limit=limit))
    assert answer.status_code == 200, f"{answer.request.url} {answer.text}"
    page: Row = answer.json()
    assert set(page) == {"items", "limit", "next", "previous"}
    assert page["limit"] == limit
    return page


def keyset_queries(rows: Rows) -> st.SearchStrategy[Query]:
    """Queries whose order has mixed directions, NULLs, ties and relations' columns in it."""
    plain = strategies.queries(rows, depth=2)
    return plain.map(lambda query: replace(query, includes=query.includes[:1]))


@examples(12)
@given(data=st.data())
async def test_forward_and_backward(world: World, data: st.DataObject) -> None:
    """Pages follow each other without a gap to the end, and back again to the start."""
    rows = data.draw(strategies.databases(most=9))
    await world.fill(rows)
    for _ in range(QUERIES):
        query = data.draw(keyset_queries(rows))
        limit = data.draw(st.integers(1, 4))
        expected = [show(rows, query, row) for row in find_rows(rows, query)]
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, query=query, limit=limit):
                await _walk(client, query, limit, expected)


async def _walk(
    client: httpx2.AsyncClient, query: Query, limit: int, expected: Sequence[Row]
) -> None:
    parts = [expected[i : i + limit] for i in range(0, len(expected), limit)] or [[]]
    cursor: str | None = ""
    for i, part in enumerate(parts):
        assert cursor is not None
        page = await read_page(client, query, cursor, limit)
        assert page["items"] == part
        assert (page["previous"] is None) == (i == 0)
        assert (page["next"] is None) == (i == len(parts) - 1)
        cursor = page["next"]
    back = page["previous"]
    for part in reversed(parts[:-1]):
        page = await read_page(client, query, back, limit)
        assert page["items"] == part
        assert page["next"] is not None
        back = page["previous"]
    assert back is None


@dataclass
class Walk:
    """A walk over a list that changes between its pages, and what it must find.

    Args:
        query: What the list is asked.
        rows: The rows as they are now.
        seen: Keys of the rows of each page so far, in list order.
    """

    query: Query
    rows: dict[str, list[Row]]
    seen: list[tuple[Any, ...]] = field(default_factory=list)

    def places(self, row: Row) -> list[tuple[bool, Any, bool]]:
        """Return the position of a row in the order; taken before it is deleted."""
        return [
            (*place(self.rows, self.query.table, row, term), term.descending)
            for term in total_order(self.query)
        ]

    def after(self, last: Sequence[tuple[bool, Any, bool]]) -> list[Row]:
        """The rows behind a place, in order."""
        return [r for r in find_rows(self.rows, self.query) if _is_before(last, self.places(r))]

    def before(self, first: Sequence[tuple[bool, Any, bool]]) -> list[Row]:
        """The rows ahead of a place, in order."""
        return [r for r in find_rows(self.rows, self.query) if _is_before(self.places(r), first)]

    def shown(self, found: Sequence[Row]) -> list[Row]:
        return [show(self.rows, self.query, row) for row in found]


def _is_before(one: Sequence[tuple[bool, Any, bool]], other: Sequence[Any]) -> bool:
    for (null, value, descending), (other_null, other_value, _) in zip(one, other, strict=True):
        if (null, value) != (other_null, other_value):
            return ((null, value) < (other_null, other_value)) is not descending
    return False


@examples(20)
@given(data=st.data())
async def test_rows_come_and_go(world: World, data: st.DataObject) -> None:
    """Each page is what now stands next to the one before it, whatever came and went."""
    rows = data.draw(strategies.databases(most=9))
    lane = data.draw(st.sampled_from(sorted(world.clients_for(__file__))))
    client = world.clients[lane]
    for _ in range(3):
        await world.fill(rows)
        query = data.draw(keyset_queries(rows))
        walk = Walk(query, {name: list(found) for name, found in rows.items()})
        with describe(lane=lane, query=query):
            await _walk_and_change(world, client, walk, data)


async def _walk_and_change(
    world: World, client: httpx2.AsyncClient, walk: Walk, data: st.DataObject
) -> None:
    expected, cursor, forward = find_rows(walk.rows, walk.query), "", True
    for _ in range(12):
        limit = data.draw(st.integers(1, 4))
        page = await read_page(client, walk.query, cursor, limit)
        part = expected[:limit] if forward else expected[-limit:]
        assert page["items"] == walk.shown(part)
        if not part:
            return
        ahead, behind = walk.after(walk.places(part[-1])), walk.before(walk.places(part[0]))
        assert (page["next"] is None) == (not ahead)
        assert (page["previous"] is None) == (not behind)
        if not ahead and not behind:
            return
        forward = bool(ahead) and (not behind or data.draw(st.booleans()))
        cursor = page["next"] if forward else page["previous"]
        edge = walk.places(part[-1] if forward else part[0])
        await _change(world, walk, data)
        expected = walk.after(edge) if forward else walk.before(edge)


async def _change(world: World, walk: Walk, data: st.DataObject) -> None:
    """Let some rows of the walked table go, and others come."""
    table = walk.query.table
    mine = walk.rows[table]
    if data.draw(st.booleans()) and mine:
        gone = data.draw(st.sampled_from(mine))
        if not _is_referred_to(walk.rows, table, gone):
            mine.remove(gone)
            await world.remove(table, gone)
    if data.draw(st.booleans()):
        row = data.draw(strategies.rows_of(table, walk.rows, {}))
        if row is not None:
            mine.append(row)
            await world.add(table, row)


_CHILDREN = {
    "labels": (("labels", "parent_id"), ("artists", "label_id")),
    "artists": (("albums", "artist_id"),),
    "albums": (("tracks", "album_id"), ("album_genres", "album_id")),
    "genres": (("album_genres", "genre_code"),),
    "tracks": (),
}


def _is_referred_to(rows: Rows, table: str, row: Row) -> bool:
    (key, *_) = key_of(table, row)
    return any(other[column] == key for name, column in _CHILDREN[table] for other in rows[name])


@examples(20)
@given(data=st.data(), seed=st.integers(0, 2**16))
async def test_every_row_that_stays_is_seen_once(
    world: World, data: st.DataObject, seed: int
) -> None:
    """A walk sees each row that is there throughout exactly once, and no row twice."""
    rows = data.draw(strategies.databases(most=12))
    chance = random.Random(seed)
    for lane, client in world.clients_for(__file__).items():
        await world.fill(rows)
        walk = Walk(data.draw(keyset_queries(rows)), {n: list(r) for n, r in rows.items()})
        query = replace(walk.query, fields=(), includes=())
        stay = {key_of(query.table, row) for row in find_rows(walk.rows, query)}
        seen: list[tuple[Any, ...]] = []
        cursor: str | None = ""
        with describe(lane=lane, query=query):
            while cursor is not None:
                page = await read_page(client, query, cursor, chance.randint(1, 3))
                by_json = {str(show(walk.rows, query, r)): r for r in walk.rows[query.table]}
                seen += [key_of(query.table, by_json[str(item)]) for item in page["items"]]
                cursor = page["next"]
                await _change(world, walk, data)
                stay &= {key_of(query.table, row) for row in walk.rows[query.table]}
            assert len(set(seen)) == len(seen)
            assert stay <= set(seen)


async def first_cursor(client: httpx2.AsyncClient, url: str) -> str:
    """The cursor of the second page of a list."""
    answer = await client.get(f"{url}&cursor=&limit=1")
    assert answer.status_code == 200, answer.text
    cursor: str = answer.json()["next"]
    return cursor


async def test_what_may_change_between_pages(world: World) -> None:
    """`limit`, `fields` and `include` may change between pages."""
    await world.fill(make_labels(5))
    for client in world.clients_for(__file__).values():
        cursor = await first_cursor(client, "/labels/?sort=-name")
        url = f"/labels/?sort=-name&cursor={cursor}&limit=2&fields=id&include=children"
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"] == [{"id": 4, "children": []}, {"id": 3, "children": []}]


async def test_pages_of_a_sub_collection(world: World) -> None:
    """A sub-collection has keyset pages too."""
    rows = make_labels(5)
    for row in rows["labels"][1:]:
        row["parent_id"] = 1
    await world.fill(rows)
    for client in world.clients_for(__file__).values():
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await client.get(f"/labels/1/children/?sort=-id&limit=3&cursor={cursor}")
            assert answer.status_code == 200, answer.text
            found += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next"]
        assert found == [5, 4, 3, 2]


async def test_links(world: World) -> None:
    """`Link` carries the same pages, each with the whole query, and no `last`."""
    await world.fill(make_labels(5))
    for client in world.clients_for(__file__).values():
        cursor = await first_cursor(client, "/labels/?sort=-name&id__gt=0")
        answer = await client.get(f"/labels/?sort=-name&id__gt=0&cursor={cursor}&limit=1")
        assert set(answer.links) == {"first", "prev", "next"}
        for rel, ids in {"first": [5], "prev": [5], "next": [3]}.items():
            target = urlsplit(answer.links[rel]["url"])
            followed = await client.get(f"{target.path}?{target.query}")
            assert followed.status_code == 200, followed.text
            assert [item["id"] for item in followed.json()["items"]] == ids, rel


def make_labels(count: int) -> dict[str, list[Row]]:
    """Labels with keys from 1 upwards and names in the same order; nothing else."""
    labels = [{"id": i, "name": f"n{i}", "parent_id": None} for i in range(1, count + 1)]
    empty: dict[str, list[Row]] = {
        name: [] for name in ("artists", "albums", "genres", "tracks", "album_genres")
    }
    return {"labels": labels, **empty}

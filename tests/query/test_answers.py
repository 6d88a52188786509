"""Lists, streams and sub-collections answer what plain Python computes over the same rows."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples

from . import strategies
from .conftest import World, describe
from .model import TABLES, Row, Rows, find_items, find_rows, related, show, sort_rows
from .queries import Query, encode

QUERIES = 12
"""Queries over one set of rows."""

Strategy = st.SearchStrategy[Any]


async def compare_pages(
    world: World, data: st.DataObject, queries: Callable[[Rows], Strategy]
) -> None:
    """Draw rows, and queries over them; compare each page with the reference."""
    rows = data.draw(strategies.databases())
    await world.fill(rows)
    for _ in range(QUERIES):
        query = data.draw(queries(rows))
        page = {"limit": data.draw(st.integers(1, 8)), "skip": data.draw(st.integers(0, 3))}
        expected = find_items(rows, query)
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, query=query):
                url = query.url(f"/{query.table}/", **page)
                check_page(await client.get(url), expected, **page)


def check_page(answer: httpx2.Response, items: list[Row], skip: int, limit: int) -> None:
    """Check a page against all the items that the list has."""
    assert answer.status_code == 200, f"{answer.request.url} {answer.text}"
    wanted = {
        "items": items[skip : skip + limit],
        "total": len(items),
        "skip": skip,
        "limit": limit,
    }
    assert answer.json() == wanted, str(answer.request.url)


@examples(25)
@given(data=st.data())
async def test_filters(world: World, data: st.DataObject) -> None:
    """Filters find the rows that the reference finds, whatever their operators and values."""
    await compare_pages(world, data, strategies.filtered)


@examples(15)
@given(data=st.data())
async def test_relation_filters(world: World, data: st.DataObject) -> None:
    """Filters over relations hold where some related row holds, however far away."""
    await compare_pages(world, data, lambda rows: strategies.filtered(rows, depth=3))


@examples(15)
@given(data=st.data())
async def test_logic(world: World, data: st.DataObject) -> None:
    """Logic over own fields is two-valued, and `not` is the exact complement."""
    await compare_pages(world, data, strategies.logical)


@examples(10)
@given(data=st.data())
async def test_logic_over_relations(world: World, data: st.DataObject) -> None:
    """Logic over the fields of related rows is that of conditions which each hold or don't."""
    await compare_pages(world, data, lambda rows: strategies.logical(rows, depth=3))


@examples(12)
@given(data=st.data())
async def test_sort(world: World, data: st.DataObject) -> None:
    """Rows stand in the order of `sort`, NULL as the largest value, and in that of the key."""
    await compare_pages(world, data, strategies.sorted_)


@examples(12)
@given(data=st.data())
async def test_sort_through_relations(world: World, data: st.DataObject) -> None:
    """Rows sort by fields of what they belong to, and as NULL where they belong to nothing."""
    await compare_pages(world, data, lambda rows: strategies.sorted_(rows, depth=3))


@examples(10)
@given(data=st.data())
async def test_search(world: World, data: st.DataObject) -> None:
    """`q` finds the rows in whose text fields every word occurs."""
    await compare_pages(world, data, strategies.searched)


@examples(10)
@given(data=st.data())
async def test_includes(world: World, data: st.DataObject) -> None:
    """Includes show all related rows, ordered by their key, at any depth."""
    await compare_pages(world, data, strategies.including)


@examples(8)
@given(data=st.data())
async def test_fields(world: World, data: st.DataObject) -> None:
    """`fields` leaves the own fields that it names, and includes stand beside them."""
    await compare_pages(world, data, strategies.projected)


@examples(15)
@given(data=st.data())
async def test_everything_together(world: World, data: st.DataObject) -> None:
    """Filters, logic, `q`, order, fields and includes in one query don't disturb each other."""
    await compare_pages(world, data, strategies.queries)


@examples(8)
@given(data=st.data())
async def test_query_in_a_body(world: World, data: st.DataObject) -> None:
    """A query that is posted as JSON is answered as the same one in the URL is."""
    rows = data.draw(strategies.databases())
    await world.fill(rows)
    for _ in range(QUERIES):
        query = data.draw(strategies.queries(rows))
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, query=query):
                answer = await client.post(
                    f"/{query.table}/query", json=query.body(limit=5, skip=1)
                )
                check_page(answer, find_items(rows, query), skip=1, limit=5)


@examples(8)
@given(data=st.data())
async def test_streams(world: World, data: st.DataObject) -> None:
    """A stream is the whole list: as an array, as lines, and as CSV where it has no includes."""
    rows = data.draw(strategies.databases())
    await world.fill(rows)
    for _ in range(QUERIES):
        query = data.draw(strategies.queries(rows))
        expected, url = find_items(rows, query), query.url(f"/{query.table}/stream/")
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, query=query):
                array = await client.get(url)
                assert (array.status_code, array.json()) == (200, expected)
                lines = await client.get(url, headers={"accept": "application/x-ndjson"})
                assert [json.loads(line) for line in lines.content.splitlines()] == expected


@examples(8)
@given(data=st.data())
async def test_csv(world: World, data: st.DataObject) -> None:
    """A stream in CSV has a header row, then the texts of the values; NULL is an empty cell."""
    rows = data.draw(strategies.databases())
    await world.fill(rows)
    for _ in range(QUERIES):
        table = data.draw(st.sampled_from(["labels", "albums", "genres", "tracks"]))
        query = Query(table, sort=data.draw(strategies.sorts(table)))
        names = list(TABLES[table].kinds)
        expected = [
            ["" if item[name] is None else str(item[name]) for name in names]
            for item in find_items(rows, query)
        ]
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, query=query):
                url = query.url(f"/{table}/stream/")
                answer = await client.get(url, headers={"accept": "text/csv"})
                assert answer.headers["content-type"].startswith("text/csv")
                # Text mode without translation of newlines, so that those in cells stay.
                text = io.StringIO(answer.content.decode(), newline="")
                assert list(csv.reader(text, strict=True)) == [names, *expected]


@examples(10)
@given(data=st.data())
async def test_sub_collections(world: World, data: st.DataObject) -> None:
    """A sub-collection is a list of the related rows, with the whole query language."""
    rows = data.draw(strategies.databases())
    await world.fill(rows)
    for _ in range(QUERIES):
        query = data.draw(strategies.queries(rows))
        parents = [
            (parent, name, row)
            for parent, table in TABLES.items()
            for name, relation in table.relations.items()
            if relation.many and relation.target == query.table
            for row in rows[parent]
        ]
        if not parents:
            continue
        parent, name, row = data.draw(st.sampled_from(parents))
        # The children stand in for the whole table; all others are still there to be reached.
        children = related(rows, parent, row, name)
        found = [r for r in find_rows(rows, query) if r in children]
        expected = [show(rows, query, r) for r in sort_rows(rows, query, found)]
        key = ",".join(quote(str(row[field]).encode(), safe="") for field in TABLES[parent].key)
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, query=query, parent=(parent, key)):
                url = f"/{parent}/{_spell(key)}/{name}/?{encode(query.parameters(limit=5))}"
                check_page(await client.get(url), expected, skip=0, limit=5)


def _spell(key: str) -> str:
    """A key as a path's segment, not to be taken for a step in the path."""
    return key.replace(".", "%2E")

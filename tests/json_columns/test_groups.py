"""Sums over parts of documents."""

from typing import Any

import pytest

from tests.json_columns.conftest import World

DOCUMENTS: list[Any] = [
    {"a": 5, "n": 1},
    {"a": 5.0, "n": 2.5},
    {"a": "5", "n": "x"},
    {"a": True},
    {"a": None, "n": 10},
    {},
    {"a": 10, "n": 1},
    {"a": "é"},
    {"a": [1]},
    {"a": False},
    None,
]


def spec(width: int) -> dict[str, Any]:
    return {"size": {"width": width, "height": width / 2}, "price": f"{width}.10", "colour": "red"}


async def ask(world: World, lane: str, **asked: str) -> Any:
    things = [
        {"id": i, "meta": d, "binary": d, "spec": spec(i), "tags": [], "by_name": {}, "box_id": 1}
        for i, d in enumerate(DOCUMENTS, 1)
    ]
    await world.fill({"boxes": [{"id": 1, "meta": {"q": 1}}], "things": things})
    answer = await world.clients[lane].get("/things/aggregate", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.mark.parametrize("column", ["meta", "binary", "shadow"])
async def test_groups(world: World, lane: str, column: str) -> None:
    """Values of any type group by what they are, in the order of their types."""
    items = await ask(world, lane, group=f"{column}.a", measures="count")
    key = f"{column}.a"
    counts = [(5, 2), (10, 1), ("5", 1), ("é", 1), (False, 1), (True, 1), ([1], 1), (None, 3)]
    assert [(item[key], item["count"]) for item in items] == counts
    # Of 5 and 5.0, which are one number, the database shows either.
    assert type(items[1][key]) is int


async def test_measures(world: World, lane: str) -> None:
    """Parts with a type are added up as such."""
    names = "spec.size.width:sum,spec.size.height:sum,spec.price:sum,spec.size.width:max"
    (item,) = await ask(world, lane, measures=names, having="(spec.size.width:sum__gte:1)")
    assert item == {
        "spec.size.width:sum": 66,
        "spec.size.height:sum": 33.0,
        "spec.price:sum": "67.1",
        "spec.size.width:max": 11,
    }


async def test_measures_of_any_type(world: World, lane: str) -> None:
    """Of values of any type the numbers are added up; all are counted."""
    (item,) = await ask(
        world, lane, measures="meta.n:sum,meta.n:max,meta.n:count,meta.a:count_distinct"
    )
    assert item == {
        "meta.n:sum": 14.5,
        "meta.n:max": 10,
        "meta.n:count": 5,
        "meta.a:count_distinct": 7,
    }


async def test_groups_through_relations(world: World, lane: str) -> None:
    items = await ask(world, lane, group="box.meta.q,spec.colour", measures="count")
    assert items == [{"box.meta.q": 1, "spec.colour": "red", "count": 11}]

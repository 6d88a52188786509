"""Totals and links of pages by number."""

from urllib.parse import urlsplit

import pytest

from .conftest import World
from .test_pages import make_labels

ALL = 7


async def store(world: World) -> None:
    await world.fill(make_labels(ALL))


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("count=exact&limit=2", ALL),
        ("limit=2&skip=100", ALL),
        ("id__gt=3&limit=2&skip=100", 4),
        ("id__gt=3&limit=2", 4),
        ("id__gt=100", 0),
        ("count=none&limit=2", None),
        ("count=none&limit=100", None),
    ],
)
async def test_total(world: World, query: str, total: int | None) -> None:
    """The total is exact past the last page too, and null where it isn't asked for."""
    await store(world)
    for client in world.clients_for(__file__).values():
        page = (await client.get(f"/labels/?{query}")).json()
        assert page["total"] == total
        assert "total_is_estimate" not in page


async def test_estimate(world: World) -> None:
    """An estimate is marked as one where the database keeps one, and is exact elsewhere."""
    await store(world)
    for client in world.clients_for(__file__).values():
        page = (await client.get("/labels/?count=estimate&limit=2")).json()
        assert len(page["items"]) == 2
        if world.database.dialect == "postgresql":
            assert page["total_is_estimate"] is True
            assert isinstance(page["total"], int)
            assert page["total"] >= 0
        else:
            assert page["total"] == ALL
            assert "total_is_estimate" not in page


@pytest.mark.parametrize(
    ("page", "links"),
    [
        ("limit=3", {"first": [1, 2, 3], "next": [4, 5, 6], "last": [7]}),
        ("limit=3&skip=3", {"first": [1, 2, 3], "prev": [1, 2, 3], "next": [7], "last": [7]}),
        ("limit=3&skip=6", {"first": [1, 2, 3], "prev": [4, 5, 6], "last": [7]}),
        ("limit=3&count=none", {"first": [1, 2, 3], "next": [4, 5, 6]}),
        ("limit=100", {"first": list(range(1, ALL + 1)), "last": list(range(1, ALL + 1))}),
    ],
)
async def test_links(world: World, page: str, links: dict[str, list[int]]) -> None:
    """`Link` carries the pages around, with the whole query, and `last` with the total only."""
    await store(world)
    for client in world.clients_for(__file__).values():
        answer = await client.get(f"/labels/?sort=id&name__contains=n&{page}")
        assert set(answer.links) == set(links)
        for rel, ids in links.items():
            target = urlsplit(answer.links[rel]["url"])
            followed = await client.get(f"{target.path}?{target.query}")
            assert [item["id"] for item in followed.json()["items"]] == ids, rel

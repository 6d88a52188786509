"""The `Link` header of lists."""

import re
from urllib.parse import unquote

import httpx2
import pytest
from fastapi import FastAPI

from examples.league import Player, Team
from modelwire import Database, Resource, mount
from tests.http.rows import store, store_users


def links_of(answer: httpx2.Response) -> dict[str, str]:
    """The targets of an answer's links, by relation."""
    pairs = re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["link"])
    return {relation: target for target, relation in pairs}


def skips_of(answer: httpx2.Response) -> dict[str, int]:
    """Return the `skip` of each page that a response links to."""
    return {rel: int(url.rpartition("skip=")[2]) for rel, url in links_of(answer).items()}


@pytest.mark.parametrize(
    ("query", "skips"),
    [
        ("limit=2", {"first": 0, "next": 2, "last": 4}),
        ("limit=2&skip=2", {"first": 0, "prev": 0, "next": 4, "last": 4}),
        ("limit=2&skip=4", {"first": 0, "prev": 2, "last": 4}),
        ("limit=2&skip=1", {"first": 0, "prev": 0, "next": 3, "last": 3}),
        ("limit=2&skip=100", {"first": 0, "prev": 4, "last": 4}),
        ("limit=5", {"first": 0, "last": 0}),
        ("limit=2&count=none", {"first": 0, "next": 2}),
        ("limit=2&skip=4&count=none", {"first": 0, "prev": 2}),
        ("username=nobody", {"first": 0, "last": 0}),
    ],
)
async def test_links(
    client: httpx2.AsyncClient, database: Database, query: str, skips: dict[str, int]
) -> None:
    """A page links to the pages around it, and to the last one where the total is known."""
    await store_users(database, ann=None, bob=None, cat=None, dan=None, eve=None)
    assert skips_of(await client.get(f"/users/?{query}")) == skips


async def test_no_last_page_by_estimate(client: httpx2.AsyncClient, database: Database) -> None:
    """An estimate does not tell where the last page is."""
    await store_users(database, ann=None, bob=None, cat=None)
    links = links_of(await client.get("/users/?limit=1&count=estimate"))
    assert ("last" in links) == (database.dialect == "sqlite")


async def test_links_keep_the_query(client: httpx2.AsyncClient, database: Database) -> None:
    """A link has every other parameter as it was sent, and leads to what it says."""
    await store_users(database, ann="ÅSE", bob="ÅSE", cat="x")
    sent = "full_name__in=%C3%85SE&full_name__in=a%2Cb+c&sort=-id&limit=1"
    answer = await client.get(f"/users?skip=0&{sent}")
    target = links_of(answer)["next"]
    assert target == f"/users/?{sent}&skip=1"
    assert [item["id"] for item in (await client.get(target)).json()["items"]] == [1]


@pytest.mark.parametrize("parameter", ["sk%69p=1", "%63ursor="])
async def test_links_name_the_place_once(
    client: httpx2.AsyncClient, database: Database, parameter: str
) -> None:
    """A parameter that is percent-encoded means the same, and links put the next place in its
    place."""
    await store_users(database, ann=None, bob=None, cat=None)
    answer = await client.get(f"/users/?{parameter}&limit=1")
    plain = await client.get(f"/users/?{unquote(parameter)}&limit=1")
    assert (answer.status_code, answer.text) == (200, plain.text)
    assert links_of(answer) == links_of(plain)
    assert (await client.get(links_of(answer)["next"])).status_code == 200


async def test_links_of_keyset_pages(client: httpx2.AsyncClient, database: Database) -> None:
    """A keyset page links to the first one and to those around it, by their cursors."""
    await store_users(database, ann=None, bob=None, cat=None)
    first = await client.get("/users/?limit=1&cursor=")
    assert sorted(links_of(first)) == ["first", "next"]
    second = await client.get(links_of(first)["next"])
    assert [item["id"] for item in second.json()["items"]] == [2]
    links = links_of(second)
    assert sorted(links) == ["first", "next", "prev"]
    assert (await client.get(links["prev"])).json()["items"] == first.json()["items"]
    assert (await client.get(links["first"])).text == first.text


async def test_links_below_a_root_path(database: Database) -> None:
    """Links begin with the root path and the prefix, as the client sees them."""
    await store(database, Team(id=1, name="R/d"), Team(id=2, name="Blue"))
    await store(database, *[Player(id=i, name="x", team_id=1) for i in (1, 2)])
    app = FastAPI()
    mount(app, database, Resource(Team), Resource(Player), prefix="/v1")
    transport = httpx2.ASGITransport(app=app, root_path="/api")
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        target = links_of(await client.get("/v1/teams/?limit=1"))["next"]
        assert target == "/api/v1/teams/?limit=1&skip=1"
        target = links_of(await client.get("/v1/teams/1/players?limit=1"))["next"]
        assert target == "/api/v1/teams/1/players/?limit=1&skip=1"


async def test_long_query_has_no_links(client: httpx2.AsyncClient) -> None:
    """Links that would make the headers too long for proxies are left out."""
    assert "link" in (await client.get("/users/?username=" + "x" * 1000)).headers
    assert "link" not in (await client.get("/users/?username=" + "x" * 3000)).headers


async def test_hostile_query_in_a_link(client: httpx2.AsyncClient, database: Database) -> None:
    """Characters that would end a link early are percent-encoded in it."""
    await store_users(database, ann=None, bob=None)
    answer = await client.get('/users/?limit=1&username__ne=%3E%3B%0A"<>')
    target = links_of(answer)["next"]
    assert not set('<>" \n') & set(target)
    assert (await client.get(target)).status_code == 200

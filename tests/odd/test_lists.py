"""Lists of tables that are declared in unusual ways."""

import re
from typing import Any

import httpx2
import pytest

KEYS = ("id", "weight", "room")

# Queries, and the keys of their items in order: of mixes the last digit.
FOUND: dict[str, list[Any]] = {
    "odd_words/?limit__eq=5": [1],
    "odd_words/?or=(limit:5)": [1],
    "odd_words/?or=(or:o)": [1],
    "odd_words/?or__eq=o": [1],
    "odd_words/?or=(not:n)": [1],
    "odd_words/?or=(not__in:(n,m))": [1],
    "odd_words/?or=(and:a,not(or:o))": [1, 2, 3],
    "odd_words/?q__icontains=ELL": [1],
    "odd_words/?q=ELL": [1],
    "odd_words/?sort__eq=z&sort=-sort": [1],
    "odd_words/?sort=-limit": [3, 2, 1],
    "odd_words/?cursor__eq=c": [1],
    "odd_words/?fields__eq=f&fields=id,fields,or": [1],
    "odd_words/?skip__gte=1&skip=0": [1],
    "odd_words/?id__in=3": [1],
    "odd_words/?id__in__in=3,4": [1],
    "odd_words/?the-name=nn": [1],
    "odd_words/?a.b__startswith=d": [1],
    "odd_words/?sort=-a.b,the-name": [2, 3, 1],
    "odd_words/?limit__ne=5": [2, 3],
    "odd_words/?or=(not(limit__gt:5))": [1, 3],
    "odd_words/?or=(not(not(limit__gt:5)))": [2],
    "odd_mixes/?priority=1": [1],
    "odd_mixes/?priority__in=10,-1": [2, 3],
    "odd_mixes/?sort=priority": [2, 1, 3, 4],
    "odd_mixes/?sort=-priority": [4, 3, 1, 2],
    "odd_mixes/?size=s,x": [1],
    "odd_mixes/?size__in=s,x&size__in=l": [1, 2],
    'odd_mixes/?or=(size:"s,x")': [1],
    "odd_mixes/?sort=-size": [3, 4, 1, 2],
    "odd_mixes/?blob=YWJj": [1],
    "odd_mixes/?blob__in=YWJj,YWJk": [1, 2],
    "odd_mixes/?blob__ne=YWJj": [2, 3, 4],
    "odd_mixes/?sort=-blob": [3, 4, 2, 1],
    "odd_mixes/?exact=1.50000": [1],
    "odd_mixes/?exact__between=-12345678.1234,1.5": [1, 2],
    "odd_mixes/?exact__in=1.5,-12345678.1234": [1, 2],
    "odd_mixes/?exact__lt=1e999": [1, 2],
    "odd_mixes/?local=2026-01-01T14:00:00%2B02:00": [1],
    "odd_mixes/?moment=2026-01-01T12:00:00": [1],
    "odd_mixes/?moment__gte=2026-01-01": [1],
    "odd_mixes/?day__lt=2026-01-01": [2],
    "odd_mixes/?span__lt=PT0S": [1],
    "odd_mixes/?sort=-span": [3, 4, 2, 1],
    "odd_mixes/?mode__contains=a": [1],
    "odd_mixes/?data__isnull=true": [2, 3, 4],
    "odd_mixes/?data__isnull=false": [1],
    "odd_mixes/?or=(not(data__isnull:true))": [1],
    "odd_mixes/?id=00000000000000000000000000000001": [1],
    "odd_people/?boss.boss.name=Ann": [3],
    "odd_people/?staff.staff.name=Cid": [1],
    "odd_people/?friends.name=Ben": [1],
    "odd_people/?fans.name=Ann": [2, 3],
    "odd_people/?friends.friends.name=Ann": [1],
    "odd_people/?sort=boss.boss.name,-name": [3, 2, 1],
    "odd_people/?sort=-boss.name": [1, 3, 2],
    "odd_people/?or=(not(boss.name:Ann))": [1, 3],
    "odd_people/?boss.name__ne=Ann": [3],
    "odd_people/?q=k": [],
    "odd_people/1/friends/": [2, 3],
    "odd_people/1/fans/?sort=-name": [3],
    "odd_people/1/staff/?name=Ben": [2],
    "odd_shelves/?room=": [""],
    "odd_shelves/?parcels.weight__gt=2": [""],
    "odd_shelves/a%2Cb,2020-01-01/parcels/": ["1.50"],
    "odd_parcels/?shelf.label=x": ["1.50"],
    "odd_parcels/?sort=shelf.label,-weight": ["1.50", "10.00", "2.00"],
    "odd_parcels/?shelf.label__isnull=true": ["10.00"],
    'odd_parcels/?or=(shelf.room:"a,b")': ["1.50"],
}
REFUSED: dict[str, str] = {
    "odd_words/?name=nn": "name",
    "odd_words/?or=(limit__in:5)": "or",
    "odd_words/?or=(limit__eq:(5))": "or",
    "odd_words/stream/?limit=1": "limit",
    "odd_mixes/?priority=LOW": "priority",
    "odd_mixes/?priority__gt=1": "priority__gt",
    "odd_mixes/?size__in=s,x": "size__in",
    "odd_mixes/?blob__gt=a": "blob__gt",
    "odd_mixes/?data=1": "data",
    "odd_mixes/?sort=data": "sort",
    "odd_mixes/?id__gt=00000000-0000-0000-0000-000000000001": "id__gt",
    "odd_mixes/?day=2026-01-01T12:00:00": "day",
    "odd_people/?boss.boss.boss.boss.name=x": "boss.boss.boss.boss.name",
    "odd_people/?sort=friends.name": "sort",
    "odd_people/?api_key=k": "api_key",
    "odd_people/?or=(boss.api_key:k)": "or",
    "odd_people/?fields=api_key": "fields",
    "odd_shelves/a,b,2020-01-01": "room,since",
}


def key_of(item: dict[str, Any]) -> Any:
    """The key of an item; of a UUID its last digit."""
    value = next(item[name] for name in KEYS if name in item)
    return int(value[-1]) if isinstance(value, str) and len(value) == 36 else value


@pytest.mark.parametrize("query", FOUND)
async def test_found(client: httpx2.AsyncClient, query: str) -> None:
    """A query finds the same rows in the same order on every database."""
    answer = await client.get(f"/{query}")
    assert answer.status_code == 200, answer.text
    assert [key_of(item) for item in answer.json()["items"]] == FOUND[query]


@pytest.mark.parametrize("query", REFUSED)
async def test_refused(client: httpx2.AsyncClient, query: str) -> None:
    """A query that means nothing is refused, and the parameter named."""
    answer = await client.get(f"/{query}")
    assert answer.status_code == 422, answer.text
    assert [error["parameter"] for error in answer.json()["errors"]] == [REFUSED[query]]


WALKS = {
    "odd_words/": ("limit", "-sort", "or,-not", "a.b", "-the-name,q"),
    "odd_mixes/": ("-priority", "size", "-blob", "exact", "local", "-moment", "day", "-span"),
    "odd_people/": ("boss.name", "-boss.boss.name,name"),
    "odd_shelves/": ("label", "-since", "-room"),
    "odd_parcels/": ("-weight", "shelf.label", "-shelf.since", "room,-since"),
    "odd_people/1/friends/": ("name", "-boss.name"),
    "odd_shelves/a%2Cb,2020-01-01/parcels/": ("-weight",),
}


async def walk(client: httpx2.AsyncClient, path: str, start: str, **query: Any) -> list[Any]:
    """The pages from a cursor on, by their links to the next or, with `step`, to the previous."""
    step = query.pop("step", "next")
    pages: list[Any] = []
    cursor: str | None = start
    while cursor is not None:
        answer = await client.get(f"/{path}", params={**query, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        cursor = pages[-1][step]
    return pages


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize(("path", "sort"), [(p, s) for p, sorts in WALKS.items() for s in sorts])
async def test_walk(client: httpx2.AsyncClient, path: str, sort: str, limit: int) -> None:
    """Pages by cursor are the whole list, forward and backward, by whatever it is sorted."""
    whole = (await client.get(f"/{path}", params={"sort": sort})).json()["items"]
    forward = await walk(client, path, "", sort=sort, limit=limit)
    assert [item for page in forward for item in page["items"]] == whole
    start = forward[-1]["previous"]
    if start is None:
        assert len(forward) == 1
        return
    back = await walk(client, path, start, sort=sort, limit=limit, step="previous")
    pages = [*back[::-1], forward[-1]]
    assert [item for page in pages for item in page["items"]] == whole


@pytest.mark.parametrize(
    ("url", "pages"),
    [
        ("/odd_people/1/friends/?limit=1", 2),
        ("/odd_words/?limit=1&or=(q:hello,id__gt:0)&the-name__isnull=true", 2),
        ("/odd_parcels/?limit=1&cursor=", 3),
    ],
)
async def test_links(client: httpx2.AsyncClient, url: str, pages: int) -> None:
    """Following the links shows every page."""
    seen, link = 0, re.match("(.*)", url)
    while link is not None:
        answer = await client.get(link[1])
        assert answer.status_code == 200, answer.text
        seen += 1
        link = re.search('<([^>]*)>; rel="next"', answer.headers.get("link", ""))
    assert seen == pages


@pytest.mark.parametrize("path", ["odd_words", "odd_mixes", "odd_people", "odd_shelves"])
async def test_stream(client: httpx2.AsyncClient, path: str) -> None:
    """A stream has what the list has."""
    listed, streamed = await client.get(f"/{path}/"), await client.get(f"/{path}/stream/")
    assert streamed.json() == listed.json()["items"]


async def test_includes_of_oneself(client: httpx2.AsyncClient) -> None:
    """Rows of a table include others of the same, to one and to many."""
    query = {"include": "friends.fans,boss.staff", "fields": "name"}
    items = (await client.get("/odd_people/", params=query)).json()["items"]
    assert [[f["name"] for f in item["friends"]] for item in items] == [["Ben", "Cid"], [], ["Ann"]]
    assert items[0]["boss"] is None
    assert [one["name"] for one in items[1]["boss"]["staff"]] == ["Ben"]
    assert [one["name"] for one in items[2]["friends"][0]["fans"]] == ["Cid"]

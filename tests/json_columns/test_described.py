"""Documents that annotations describe: their names are known, and what they hold."""

from typing import Any

import pytest
import pytest_asyncio
from httpx2 import AsyncClient, Response

from .conftest import World

SPECS: list[dict[str, Any] | None] = [
    {
        "size": {"width": 5, "height": 2.0},
        "sizes": [{"width": 1, "height": 0.5}, {"width": 7, "height": 1.0}],
        "colour": "red",
        "state": "old",
        "maker": {"name": "Ann", "founded": 1999},
        "notes": [{"text": "fine", "pinned": True}],
        "prices": {"EUR": 9.5, "in US$": 10.0},
        "pair": [3, "x"],
        "tags": ["a", "5"],
        "rest": {"deep": [1, "1"]},
        "price": "10.50",
        "rates": ["0.5", "1"],
        "at": "2026-01-31T12:00:00Z",
        "uuid": "12345678-1234-1234-1234-1234567890AB",
        "either": 5,
        "numbers": [1, 1.5],
        "aliased": {"a": [1, 2]},
        "tree": {"size": {"width": 9}, "tree": {"pair": [4, "y"]}},
        "day": "2026-01-31",
        "longName": "Long",
        "under__scored": True,
    },
    {
        "size": {"width": 12, "height": 2.5},
        "sizes": [],
        "colour": "blue",
        "state": "new",
        "maker": None,
        "notes": [],
        "prices": {},
        "pair": [0, ""],
        "tags": ["b"],
        "rest": None,
        "price": "9",
        "either": "5",
        "day": "2025-12-01",
        "longName": "",
        "under__scored": False,
    },
    None,
]


@pytest_asyncio.fixture
async def client(world: World, lane: str) -> AsyncClient:
    """A client of three things, each with another document."""
    await world.fill({})
    client = world.clients[lane]
    for number, spec in enumerate(SPECS, 1):
        thing = {"id": number, "spec": spec, "tags": [str(number), "all"]}
        by_name = {"big.one": {"width": number}, "x": {"width": None, "height": number}}
        answer = await client.post("/things/", json={**thing, "by_name": by_name})
        assert answer.status_code == 201, answer.text
    return client


async def find(client: AsyncClient, **asked: str) -> list[int]:
    answer = await client.get("/things/", params=asked)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


FOUND: list[tuple[str, str, list[int]]] = [
    ("spec.size.width", "5", [1]),
    ("spec.size.width__gt", "5", [2]),
    ("spec.size.width__ne", "5", [2, 3]),
    ("spec.size.width__in", "5,12", [1, 2]),
    ("spec.size.width__not_in", "5,6", [2, 3]),
    ("spec.size.height", "2", [1]),
    ("spec.size.height__between", "2,2.4", [1]),
    ("spec.sizes.1.width__gte", "7", [1]),
    ("spec.sizes.5.width__isnull", "true", [1, 2, 3]),
    ("spec.sizes__isnull", "false", [1, 2]),
    ("spec.colour", "blue", [2]),
    ("spec.state__startswith", "o", [1]),
    ("spec.maker.name", "Ann", [1]),
    ("spec.maker.name__icontains", "AN", [1]),
    ("spec.maker.founded__lt", "2000", [1]),
    ("spec.maker__isnull", "true", [2, 3]),
    ("spec.notes.0.pinned", "true", [1]),
    ("spec.notes.0.pinned__ne", "true", [2, 3]),
    ("spec.prices.EUR", "9.5", [1]),
    ('spec.prices."in US$"', "10", [1]),
    ("spec.pair.0", "3", [1]),
    ("spec.pair.1", "x", [1]),
    ("spec.tags__has", "5", [1]),
    ("spec.tags.0", "b", [2]),
    ("spec.tags.1", "5", [1]),
    ("spec.rest.deep.0", "1", [1]),
    ("spec.rest.deep.1", '"1"', [1]),
    ("spec.rest.deep__has", '"1"', [1]),
    ("spec.price", "10.5", [1]),
    ("spec.price__gt", "9", [1]),
    ("spec.price__in", "9.00,8", [2]),
    ("spec.price__ne", "9", [1, 3]),
    ("spec.rates.0__lt", "1", [1]),
    ("spec.rates__has", "0.5", [1]),
    ("spec.at", "2026-01-31T13:00:00+01:00", []),
    ("spec.at", "2026-01-31T12:00:00Z", [1]),
    ("spec.uuid", "123456781234123412341234567890ab", [1]),
    ("spec.uuid__ne", "123456781234123412341234567890ab", [2, 3]),
    ("spec.either", "5", [1]),
    ("spec.either", '"5"', [2]),
    ("spec.either__ne", "5", [2, 3]),
    ("spec.numbers.1", "1.5", [1]),
    ("spec.numbers__has", "1.0", [1]),
    ("spec.pair__has", "x", [1]),
    ("spec.pair__has", "3", [1]),
    ("spec.aliased.a.1", "2", [1]),
    ("spec.tree.size.width", "9", [1]),
    ("spec.tree.tree.pair.1", "y", [1]),
    ("spec.day__gte", "2026-01-01", [1]),
    ("spec.longName", "Long", [1]),
    ("spec.under__scored", "true", [1]),
    ("spec.under__scored__ne", "true", [2, 3]),
    ("tags", "2", [2]),
    ("tags__has", "all", [1, 2, 3]),
    ("tags.0", "3", [3]),
    ('by_name."big.one".width', "2", [2]),
    ("by_name.x.width__isnull", "true", [1, 2, 3]),
    ("or", '(spec.size.width:12,by_name."big.one".width__gt:2)', [2, 3]),
]


@pytest.mark.parametrize(("name", "value", "ids"), FOUND, ids=[name for name, _, _ in FOUND])
async def test_found(client: AsyncClient, name: str, value: str, ids: list[int]) -> None:
    """Parts are compared as what their annotation says."""
    assert await find(client, **{name: value}) == ids


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("spec.size.width", [1, 2, 3]),
        ("-spec.size.width", [3, 2, 1]),
        ("spec.colour", [1, 2, 3]),
        ("-spec.under__scored,-id", [3, 1, 2]),
        ('-by_name."big.one".width', [3, 2, 1]),
        ("spec.day", [2, 1, 3]),
        ("spec.price", [2, 1, 3]),
    ],
)
async def test_sorted(client: AsyncClient, sort: str, ids: list[int]) -> None:
    """Parts are ordered as what their annotation says, also where pages go by cursors."""
    assert await find(client, sort=sort) == ids
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get("/things/", params={"sort": sort, "limit": 1, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert found == ids


REFUSED: list[tuple[str, str, str, str]] = [
    ("spec.colr", "red", "unknown_parameter", "`spec.colour`"),
    ("spec.colr__eq", "red", "unknown_parameter", "`spec.colour__eq`"),
    ("spec.size.widht__gt", "5", "unknown_parameter", "`spec.size.width__gt`"),
    ("spec.size.width.more", "5", "unknown_parameter", ""),
    ("spec.sizes.first.width", "5", "unknown_parameter", ""),
    ("spec.pair.2", "5", "unknown_parameter", ""),
    ("spec.notes.0.txt", "x", "unknown_parameter", "`spec.notes.0.text`"),
    ("spec.long_name", "x", "unknown_parameter", "`spec.longName`"),
    ("name.first", "x", "unknown_parameter", ""),
    ("spec.size.width", "wide", "invalid_value", "integer"),
    ("spec.size.width__contains", "5", "unknown_operator", "isnull"),
    ("spec.size", "5", "unknown_operator", "isnull"),
    ("spec.tags", "a", "unknown_operator", "has"),
    ("spec.notes.0.pinned", "yes", "invalid_value", "true or false"),
    ("spec.colour", "green", "invalid_value", "red, blue"),
    ("by_name__has", "x", "unknown_operator", "isnull"),
    ("meta.a__gt", "true", "invalid_value", "number or a text"),
    ("meta.a__between", "1,x", "invalid_value", "same type"),
    ("meta.a", "99999999999999999999", "invalid_value", "64 bits"),
    ("meta.a", "1e999", "invalid_value", "64 bits"),
    ("meta.a__near", "1", "unknown_operator", "eq"),
    ("meta.a__isnull", "1", "invalid_value", "true or false"),
    ("meta.", "1", "unknown_parameter", ""),
    ("meta..a", "1", "unknown_parameter", ""),
    ('meta."a', "1", "unknown_parameter", ""),
    ('meta."a"b', "1", "unknown_parameter", ""),
    (f"meta{'.a' * 11}", "1", "too_deep", "10"),
    (f"meta.{'a' * 600}", "1", "too_deep", "512"),
    ("hidden.a", "1", "unknown_parameter", ""),
    ("box.hidden.a", "1", "unknown_parameter", ""),
    ("things.meta.a", "1", "unknown_parameter", ""),
]


@pytest.mark.parametrize(
    ("name", "value", "code", "said"), REFUSED, ids=[name[:40] for name, *_ in REFUSED]
)
async def test_refused(client: AsyncClient, name: str, value: str, code: str, said: str) -> None:
    """An unknown part, or an impossible value of one, is 422, and named."""
    check_refused(await client.get("/things/", params={name: value}), name, code, said)


@pytest.mark.parametrize("parameter", ["sort", "fields", "or"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("spec.colr", "spec.colour"),
        ("spec.size.heigth", "spec.size.height"),
        ("hidden.a", ""),
        ("spec.tags.x", ""),
    ],
)
async def test_refused_elsewhere(client: AsyncClient, parameter: str, path: str, said: str) -> None:
    """So it is in orders, in what is shown and in `or`."""
    value = f"({path}:1)" if parameter == "or" else path
    answer = await client.get("/things/", params={parameter: value})
    check_refused(answer, parameter, "unknown_field", f"`{said}`" if said else "")


def check_refused(answer: Response, name: str, code: str, said: str) -> None:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["parameter"], error["code"]) == (name, code), error
    assert said in error["message"], error


@pytest.mark.parametrize("sort", ["spec.size", "spec.tags", "spec", "meta"])
async def test_without_order(client: AsyncClient, sort: str) -> None:
    """A part with values of mixed types has no order."""
    answer = await client.get("/things/", params={"sort": sort})
    check_refused(answer, "sort", "unknown_field", "")


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"pair": [1]}, "/spec/pair/1"),
        ({"pair": []}, "/spec/pair/0"),
        ({"tree": {"pair": [1]}}, "/spec/tree/pair/1"),
        ({"maker": {}}, "/spec/maker/name"),
    ],
)
async def test_missing(client: AsyncClient, spec: dict[str, Any], pointer: str) -> None:
    """A missing value has a pointer, in objects and in tuples."""
    answer = await client.post("/things/", json={"id": 99, "spec": spec})
    first = answer.json()["errors"][0]
    assert (answer.status_code, first["code"], first["pointer"]) == (422, "missing", pointer)

"""Filters: every operator, on every kind of column."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from examples.league import User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import (
    HIGH,
    KINDS,
    LOW,
    NULL,
    UNORDERED,
    read_ids,
    refused_parameters,
    store,
    store_many,
    store_things,
    store_users,
)
from tests.zoo import Thing

KIND_IDS = [kind[0] for kind in KINDS]
ORDERED = [kind for kind in KINDS if kind[0] not in UNORDERED]
BIG = str(2**63 - 1)


@pytest_asyncio.fixture
async def things(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of the table that has a column of every kind."""
    made: httpx2.AsyncClient = await make_client(Resource(Thing))
    return made


async def check(client: httpx2.AsyncClient, column: str, found: Mapping[str, list[UUID]]) -> None:
    """Check which things each filter of a column finds."""
    for condition, keys in found.items():
        assert await read_ids(client, f"/things/?{column}{condition}") == keys, condition


@pytest.mark.parametrize(("column", "low", "high", "low_text", "high_text"), KINDS, ids=KIND_IDS)
async def test_equality(
    things: httpx2.AsyncClient,
    database: Database,
    column: str,
    low: Any,
    high: Any,
    low_text: str,
    high_text: str,
) -> None:
    """Columns of every kind compare for equality; NULL is never equal, and always unequal."""
    await store_things(database, column, low, high)
    await check(
        things,
        column,
        {
            f"={low_text}": [LOW],
            f"__eq={high_text}": [HIGH],
            f"__ne={low_text}": [HIGH, NULL],
            f"__in={low_text},{high_text}": [LOW, HIGH],
            f"__in={high_text}": [HIGH],
            f"__not_in={low_text}": [HIGH, NULL],
            f"__not_in={low_text},{high_text}": [NULL],
            "__isnull=true": [NULL],
            "__isnull=false": [LOW, HIGH],
        },
    )


@pytest.mark.parametrize(
    ("column", "low", "high", "low_text", "high_text"), ORDERED, ids=[k[0] for k in ORDERED]
)
async def test_order(
    things: httpx2.AsyncClient,
    database: Database,
    column: str,
    low: Any,
    high: Any,
    low_text: str,
    high_text: str,
) -> None:
    """Columns that have an order compare by it; a comparison with NULL is false."""
    await store_things(database, column, low, high)
    await check(
        things,
        column,
        {
            f"__gt={low_text}": [HIGH],
            f"__gte={low_text}": [LOW, HIGH],
            f"__lt={high_text}": [LOW],
            f"__lte={low_text}": [LOW],
            f"__between={low_text},{high_text}": [LOW, HIGH],
            f"__between={high_text}&{column}__between={high_text}": [HIGH],
            f"__between={high_text},{low_text}": [],
        },
    )


async def test_uuid_key(things: httpx2.AsyncClient, database: Database) -> None:
    """A key compares for equality as any other field."""
    await store_things(database, "number", 1, 2)
    await check(
        things,
        "id",
        {f"={LOW}": [LOW], f"__ne={LOW}": [HIGH, NULL], f"__in={LOW},{NULL}": [LOW, NULL]},
    )


async def test_json_is_null_or_not(things: httpx2.AsyncClient, database: Database) -> None:
    """A JSON column is told from NULL, and has no other operator."""
    await store(database, Thing(id=HIGH, tags=[], data={}), Thing(id=LOW, tags=[], data={"a": 1}))
    await store_many(database, Thing, [{"id": NULL, "tags": []}])
    await check(things, "data", {"__isnull=true": [NULL], "__isnull=false": [LOW, HIGH]})
    assert refused_parameters(await things.get("/things/?data__eq=1")) == ["data__eq"]
    assert refused_parameters(await things.get("/things/?data=1")) == ["data"]


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ("small=32768", []),
        (f"small__in=1,{BIG}", [LOW]),
        ("small__not_in=1,32768", [HIGH, NULL]),
        ("small__ne=99999", [LOW, HIGH, NULL]),
        (f"small__lt={BIG}", [LOW, HIGH]),
        (f"number__between=-{BIG},{BIG}", [LOW, HIGH]),
        ("price=1.005", []),
        ("price__gt=0.999999999999", [LOW, HIGH]),
        ("price__lt=1e999", [LOW, HIGH]),
        ("short=a%20longer%20text", []),
        ("ratio__lt=1.5", [LOW]),
    ],
)
async def test_value_wider_than_its_column(
    things: httpx2.AsyncClient, database: Database, condition: str, keys: list[UUID]
) -> None:
    """A value that the column could not hold is compared with it all the same."""
    for key, value in ((LOW, 1), (HIGH, 2)):
        row = Thing(id=key, small=value, number=value, ratio=value, short="a", price=Decimal(value))
        row.tags = []
        await store(database, row)
    await store(database, Thing(id=NULL, tags=[]))
    assert await read_ids(things, f"/things/?{condition}") == keys


TEXTS = {
    1: "Ann Smith",
    2: "JOANNA",
    3: "100%",
    4: "100 percent",
    5: "a_b*[c]",
    6: "axb?",
    7: "back\\slash",
    8: "ÄNNCHEN",
    9: "Straße",
    10: "ΟΔΟΣΑ",
    11: "a,b",
    12: "",
    13: None,
}


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("=Ann%20Smith", [1]),
        ("=Ann+Smith", [1]),
        ("=ann%20smith", []),
        ("=", [12]),
        ("=null", []),
        ("__in=", [12]),
        ("__in=JOANNA,100%25", [2, 3]),
        ("__in=a,b&full_name__in=JOANNA", [2, 11]),
        ("__in=JOANNA,%20100%25", [2]),
        ("__contains=nn", [1]),
        ("__contains=NN", [2, 8]),
        ("__icontains=NN", [1, 2, 8]),
        ("__icontains=nn", [1, 2, 8]),
        ("__contains=%25", [3]),
        ("__icontains=0%25", [3]),
        ("__contains=_", [5]),
        ("__icontains=A_B", [5]),
        ("__contains=*[", [5]),
        ("__contains=?", [6]),
        ("__contains=]", [5]),
        ("__contains=%5C", [7]),
        ("__icontains=K%5CS", [7]),
        ("__endswith=%5C", []),
        ("__icontains=änn", [8]),
        ("__icontains=ÄNN", [8]),
        ("__contains=änn", []),
        ("__icontains=STRASSE", []),
        ("__icontains=straß", [9]),
        ("__icontains=ΔΟΣ", [10]),
        ("__icontains=δοσα", [10]),
        ("__startswith=Ann", [1]),
        ("__startswith=ann", []),
        ("__startswith=100%25", [3]),
        ("__istartswith=ANN", [1]),
        ("__istartswith=änn", [8]),
        ("__endswith=NNA", [2]),
        ("__endswith=nna", []),
        ("__iendswith=nna", [2]),
        ("__iendswith=chen", [8]),
        ("__like=100%25", [3, 4]),
        ("__like=100%5C%25", [3]),
        ("__like=a_b_", [6]),
        ("__like=a%5C_b%25", [5]),
        ("__like=%25%5C%5Cs%25", [7]),
        ("__like=*", []),
        ("__like=ann%25", []),
        ("__ilike=ann%25", [1]),
        ("__ilike=änn%25", [8]),
        ("__ilike=A%5C_B%25", [5]),
        ("__isnull=true", [13]),
        ("__ne=", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13]),
        ("__contains=", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ],
)
async def test_text(
    client: httpx2.AsyncClient, database: Database, condition: str, ids: list[int]
) -> None:
    """Text is found by its parts; wildcards only in patterns, case by Unicode where ignored."""
    await store_users(database, **{f"u{key}": text for key, text in TEXTS.items()})
    assert await read_ids(client, f"/users/?limit=100&full_name{condition}") == ids


async def test_default_operator(client: httpx2.AsyncClient, database: Database) -> None:
    """A field alone stands for the operator that its resource declares for it."""
    await store_users(database, joanna=None, ben=None, Ann=None)
    assert await read_ids(client, "/users/?username=ann") == [1, 3]
    assert await read_ids(client, "/users/?email=ann") == []


async def test_default_operator_that_takes_a_list(
    make_client: MakeClient, database: Database
) -> None:
    """A field whose declared operator takes a list takes one, and may be repeated."""
    made = await make_client(Resource(User, filters={"id": "in"}))
    await store_users(database, ann=None, ben=None, cid=None)
    assert await read_ids(made, "/users/?id=1,3") == [1, 3]
    assert await read_ids(made, "/users/?id=1&id=2") == [1, 2]


async def test_named_operator_beside_a_default(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """A field that declares an operator has the others too, by their names."""
    await store_users(database, ann=None, joanna=None)
    assert await read_ids(client, "/users/?username__eq=ann") == [1]


async def test_all_filters_hold(client: httpx2.AsyncClient, database: Database) -> None:
    """A row is found only if all the filters hold, several of one field included."""
    await store_users(database, ann="x", anna="x", bob="x", annie=None)
    query = "username=an&id__gt=1&id__lt=9&full_name=x&is_active=true"
    assert await read_ids(client, f"/users/?{query}") == [2]


async def test_longest_list(client: httpx2.AsyncClient, database: Database) -> None:
    """A list of 200 values is taken, and one of more is 422."""
    await store_users(database, ann=None)
    most = ",".join(map(str, range(1, 201)))
    assert await read_ids(client, f"/users/?id__in={most}") == [1]
    assert refused_parameters(await client.get(f"/users/?id__in={most},201")) == ["id__in"]


@pytest.mark.parametrize(
    "query",
    ["id__gt=1&id__gt=2", "id=1&id=1", "username__contains=a&username__contains=b"],
)
async def test_repeated_filter(client: httpx2.AsyncClient, query: str) -> None:
    """A filter that takes one value is 422 when it stands twice."""
    assert refused_parameters(await client.get(f"/users/?{query}")) == [query.partition("=")[0]]

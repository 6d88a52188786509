"""Hostile values in paths and queries: refused with a problem, or answered as usual."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows
from tests.http.rows import store, store_users
from tests.http.test_hostile import THING_FIELDS, USER_FIELDS, assert_refused, assert_serves
from tests.zoo import Country, Thing

# As they stand in a URL.
VALUES = (
    "", "%00", "a%00b", "%ED%A0%80", "%FF", "%", "%zz", "%C3", "%F4%90%80%80", "%EF%BF%BF",
    "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "1180591620717411303424", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity", "-0",
    "-0.0", "9" * 5000, "0." + "1" * 5000, "1e9999", "%D9%A1", "1_0", "0x10", "null", "None",
    "true", "%5B%5D", "%7B%7D", "'", "%22", "%5C", "%25", "_", "--", ";", "1;DROP%20TABLE%20users",
    "')%20OR%201=1--", "%0A%0D", "..%2F..", ",", ",,", "1,", "(", "(((", "P999999999D",
    "-P999999999D", "P10000Y", "0000-01-01", "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-14:00", "99999-01-01", "2026-02-30", "24:00:00", "12:00:00%2B05:00",
    "2026-12-31T23:59:60Z", "1767225600", "%E2%80%AE", "x" * 10_000,
)  # fmt: skip
IDS = [value[:20] or "empty" for value in VALUES]
OPERATORS = ("eq", "ne", "in", "not_in", "isnull", "gt", "lte", "between", "icontains", "like")
PARAMETERS = ("sort", "skip", "limit", "q", "fields", "include", "or", "count", "nope")

hostile = pytest.mark.parametrize("value", VALUES, ids=IDS)


@pytest_asyncio.fixture
async def served(make_client: MakeClient, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a user, a thing and a country, which must still serve after the test."""
    models: tuple[type[SQLModel], ...] = (User, Team, Player, Thing, Country)
    client: httpx2.AsyncClient = await make_client(*map(Resource, models))
    await store_users(database, ann=None)
    await store(database, Thing(tags=[]), Country(code="de", name="x"))
    yield client
    for path in ("/users/", "/things/", "/countries/"):
        assert await count_rows(client, path) == 1
    await assert_serves(client)


def assert_answered(answer: httpx2.Response, what: str) -> None:
    """An answer is a success or a refusal, not a failure."""
    if not answer.is_success:
        assert_refused(answer, what=what)


@hostile
async def test_key(served: httpx2.AsyncClient, value: str) -> None:
    """Whatever stands as a key is no 5xx and touches no other row, under every method."""
    if value in ("", "..%2F.."):
        return
    for resource in ("users", "things", "countries"):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = None if method in ("GET", "DELETE") else {}
            answer = await served.request(method, f"/{resource}/{value}", json=body)
            assert_refused(answer, what=f"{method} {resource}")


@hostile
async def test_filter(served: httpx2.AsyncClient, value: str) -> None:
    """Whatever a filter compares with is no 5xx, for every kind of column and operator."""
    for path, fields in (("/users/", USER_FIELDS), ("/things/", THING_FIELDS)):
        for field in ("id", *fields):
            for operator in OPERATORS:
                url = f"{path}?{field}__{operator}={value}"
                assert_answered(await served.get(url), url[:80])


@hostile
async def test_parameter(served: httpx2.AsyncClient, value: str) -> None:
    """Whatever a parameter is given is no 5xx, for lists, single rows, streams and writes."""
    for parameter in PARAMETERS:
        for path in ("/users/", "/things/", "/users/1", "/users/stream/"):
            url = f"{path}?{parameter}={value}"
            assert_answered(await served.get(url), url[:80])
        assert_answered(await served.patch(f"/users/1?{parameter}={value}", json={}), parameter)


@hostile
async def test_parameter_name(served: httpx2.AsyncClient, value: str) -> None:
    """Whatever a parameter is called, it is refused unless it is known."""
    if value == "":
        return
    for name in (value, f"username__{value}", f"{value}__eq", f"team.{value}"):
        for path in ("/users/", "/users/1"):
            assert_refused(await served.get(f"{path}?{name}=1"), what=name[:50])


@hostile
async def test_expression(served: httpx2.AsyncClient, value: str) -> None:
    """Whatever stands in a logical expression is no 5xx."""
    for expression in (f"(id:{value})", f"(id__in:({value}))", f"(not({value}))", f"({value}:1)"):
        url = f"/users/?or={expression}"
        assert_answered(await served.get(url), url[:80])


@pytest.mark.parametrize(
    "query",
    [
        "or=" + "not(" * 5000 + "id:1" + ")" * 5000,
        "or=(" + ",".join(["id:1"] * 5000) + ")",
        "id__in=" + ",".join(["1"] * 50_000),
        "sort=" + ",".join(["id"] * 5000),
        "fields=" + ",".join(["id"] * 5000),
        "include=" + "team." * 5000 + "team",
        "sort=" + "team." * 5000 + "name",
        "&".join(["id__in=1"] * 5000),
        "&".join(f"nope{i}=1" for i in range(5000)),
        "q=" + "%20".join(["a"] * 5000),
        "&" * 5000,
        "=" * 5000,
    ],
    ids=lambda query: query[:12],
)
async def test_long_query(served: httpx2.AsyncClient, query: str) -> None:
    """A query of absurd length is no 5xx."""
    assert_answered(await served.get(f"/users/?{query}"), query[:80])

"""Hostile values in paths and queries: refused with a problem, or answered as usual."""

from collections.abc import AsyncIterator, Iterable

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows
from tests.http.rows import store, store_users
from tests.http.test_hostile import assert_serves, fault_of
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
THING_FIELDS = tuple(name for name in Thing.model_fields if name not in ("text", "tags"))
OPERATORS = ("eq", "in", "gt")
TEXT_OPERATORS = (*OPERATORS, "between", "isnull", "icontains", "like")
TEXTS = ("short", "username")
PARAMETERS = ("sort", "skip", "limit", "q", "fields", "include", "or", "count", "cursor", "nope")


@pytest_asyncio.fixture
async def served(make_client: MakeClient, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a user, a thing and a country, which must still serve after the test."""
    models: tuple[type[SQLModel], ...] = (User, Team, Player, Thing, Country)
    client: httpx2.AsyncClient = await make_client(*(Resource(model) for model in models))
    await store_users(database, ann=None)
    await store(database, Thing(tags=[]), Country(code="de", name="x"))
    yield client
    for path in ("/users/", "/things/", "/countries/"):
        assert await count_rows(client, path) == 1
    await assert_serves(client)


async def faults_of(client: httpx2.AsyncClient, urls: Iterable[str]) -> dict[str, str]:
    """Which URLs are answered by neither a success nor a proper refusal, and by what."""
    answers = {url[:90]: await client.get(url) for url in urls}
    faults = {url: "" if a.is_success else fault_of(a) for url, a in answers.items()}
    return {url: fault for url, fault in faults.items() if fault}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("resource", ["users", "things", "countries"])
async def test_key(served: httpx2.AsyncClient, method: str, resource: str) -> None:
    """Whatever stands as a key is a refusal, and touches no other row."""
    faults: dict[str, str] = {}
    for value in VALUES:
        if value not in ("", "..%2F.."):
            body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
            answer = await served.request(method, f"/{resource}/{value}", json=body)
            faults[value[:50]] = "accepted" if answer.is_success else fault_of(answer)
    assert {value: fault for value, fault in faults.items() if fault} == {}


@pytest.mark.parametrize(
    ("path", "field"), [("/users/", "username"), *(("/things/", f) for f in THING_FIELDS)]
)
async def test_filter(served: httpx2.AsyncClient, path: str, field: str) -> None:
    """Whatever a filter compares with is no 5xx, for every kind of column."""
    operators = TEXT_OPERATORS if field in TEXTS else OPERATORS
    urls = (f"{path}?{field}__{operator}={value}" for operator in operators for value in VALUES)
    assert await faults_of(served, urls) == {}


@pytest.mark.parametrize("parameter", PARAMETERS)
async def test_parameter(served: httpx2.AsyncClient, parameter: str) -> None:
    """Whatever a parameter is given is no 5xx, for lists, single rows and streams."""
    for path in ("/users/", "/users/1", "/users/stream/"):
        assert await faults_of(served, (f"{path}?{parameter}={v}" for v in VALUES)) == {}


@pytest.mark.parametrize("form", ["{}", "username__{}", "{}__eq", "team.{}", "players.{}__in"])
async def test_parameter_name(served: httpx2.AsyncClient, form: str) -> None:
    """Whatever a parameter is called, it is refused unless it is known."""
    faults: dict[str, str] = {}
    for value in VALUES[1:]:
        for path in ("/users/", "/users/1", "/players/"):
            answer = await served.get(f"{path}?{form.format(value)}=1")
            faults[f"{path} {value[:50]}"] = "accepted" if answer.is_success else fault_of(answer)
    assert {name: fault for name, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("form", ["(id:{})", "(id__in:({}))", "(not({}))", "({}:1)", "{}"])
async def test_expression(served: httpx2.AsyncClient, form: str) -> None:
    """Whatever stands in a logical expression is no 5xx."""
    urls = (f"/users/?or={form.format(value)}" for value in VALUES)
    assert await faults_of(served, urls) == {}


@pytest.mark.parametrize(
    "query",
    [
        "or=" + "not(" * 5000 + "id:1" + ")" * 5000,
        "or=(" + ",".join(["id:1"] * 5000) + ")",
        "id__in=" + ",".join(["1"] * 25_000),
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
    assert await faults_of(served, [f"/users/?{query}"]) == {}

"""Values of filters that are not valid, and those that only look so."""

from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from examples.league import User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import refused_parameters, store
from tests.zoo import Thing


@pytest_asyncio.fixture
async def things(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of the table that has a column of every kind."""
    made: httpx2.AsyncClient = await make_client(Resource(Thing))
    return made


BAD = {
    "id": ["1", "null"],
    "id__gt": [str(UUID(int=1))],
    "text": ["%00", "%FF"],
    "text__isnull": ["1", "True", "", "yes"],
    "text__between": ["a", "a,b,c"],
    "text__nope": ["a"],
    "small": ["x", "", "1.0", "true", str(2**63)],
    "small__in": ["", "1,", "1,x", "1,%202", str(2**63)],
    "number": ["1e3", "0x10", "null"],
    "number__contains": ["1"],
    "big__between": ["1,9223372036854775808"],
    "ratio": ["nan", "inf", "-Infinity", "1e999", "", "1_0"],
    "price": ["NaN", "Infinity", "x", "", "1,5"],
    "amount": ["sNaN", "1e999999999"],
    "flag": ["1", "yes", "TRUE", "", "null"],
    "flag__gt": ["true"],
    "day": ["2026-02-30", "2026-1-1", "20260101", "0", ""],
    "moment": ["2026-01-01T25:00:00Z", "1767225600", "now", "", "9999-12-31T23:59:59-01:00"],
    "local": ["yesterday", "0001-01-01T00:00:00%2B01:00"],
    "clock": ["24:00:00", "12", "noon"],
    "span": ["1", "an hour", ""],
    "color": ["RED", "pink", "", "0"],
    "color__gt": ["red"],
    "color__in": ["red,pink"],
    "reference": ["x", ""],
    "reference__lt": [str(UUID(int=1))],
    "tags__contains": ["a"],
}


@pytest.mark.parametrize("parameter", BAD)
async def test_bad_value(things: httpx2.AsyncClient, parameter: str) -> None:
    """A value that is none of its field's is 422 and names the parameter."""
    for value in BAD[parameter]:
        answer = await things.get(f"/things/?{parameter}={value}")
        assert refused_parameters(answer) == [parameter], value


async def test_bad_value_says_what_is_expected(things: httpx2.AsyncClient) -> None:
    """The answer to a bad value says which values there are."""
    answer = await things.get("/things/?color=pink")
    assert "red, green, blue" in answer.json()["errors"][0]["message"]


async def test_lost_plus(things: httpx2.AsyncClient) -> None:
    """A + in a URL is a space, which the message for an offset says."""
    url = "/things/?moment="
    for moment in ("2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00.5+0200"):
        (error,) = (await things.get(url + moment)).json()["errors"]
        assert error["message"].endswith("; in a URL, a + is a space, so write %2B")
    (error,) = (await things.get(f"{url}12:00 today")).json()["errors"]
    assert "%2B" not in error["message"]
    assert (await things.get(f"{url}2026-01-31T12:00:00%2B02:00")).status_code == 200


async def test_unknown_operator_names_the_known_ones(things: httpx2.AsyncClient) -> None:
    """The answer to an operator that a field does not have names those that it has."""
    answer = await things.get("/things/?flag__gt=true")
    message = answer.json()["errors"][0]["message"]
    assert "eq, ne, in, not_in, isnull" in message


@pytest.mark.parametrize(
    "query",
    [
        "text__like=a%5C",
        "text__ilike=a%5C",
        "text__like=%25" + "%25_" * 5000,
        "text__ilike=" + "a" * 60_000,
        "text__contains=" + "a" * 60_000,
        "text__icontains=" + "a" * 60_000,
        "text__gt=%F4%8F%BF%BF",
        "amount__gt=" + "9" * 2000,
        "amount__gt=1e-999",
        "amount__in=1e1000,1e-1000",
        "amount__between=-1e1000,1e1000",
        "ratio=1e-400",
        "span__gt=P999999999D",
        "span__lt=-P999999999D",
        "span__in=P999999999D,PT1S",
        "clock=12:00:00Z",
        "clock__lt=12:00:00%2B14:00",
        "moment__gt=0001-01-01T00:00:00Z",
        "moment__lt=9999-12-31T23:59:59.999999Z",
        "moment__gt=2026-01-01T00:00:00.123456789Z",
        "local__in=0001-01-01T00:00:00,9999-12-31T23:59:59",
        "day__gt=9999-12-31",
        "day__between=0001-01-01,9999-12-31",
    ],
)
async def test_extreme_value(things: httpx2.AsyncClient, database: Database, query: str) -> None:
    """A value at the edge of what its kind can be is compared or refused, but never a fault."""
    await store(database, Thing(tags=[], text="ab"))
    answer = await things.get(f"/things/?{query}")
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize("order", ["id", "-id"])
async def test_answer_after_a_refusal(
    client: httpx2.AsyncClient, database: Database, order: str
) -> None:
    """After a refused request the next one is answered as if it had been the first."""
    await store(database, User(id=1, username="ann", email="ann@example.com"))
    assert (await client.get(f"/users/?sort={order}&id=x")).status_code == 422
    assert (await client.get(f"/users/?sort={order}&id=1")).json()["total"] == 1

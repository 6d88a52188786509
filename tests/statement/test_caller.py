"""Values of a caller reach every statement that needs them, on both lanes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import ColumnElement, FromClause, String, bindparam, literal

from modelwire import Database
from modelwire.access.principal import ANYONE, Principal
from modelwire.catalog.read import read_catalog
from modelwire.errors import NotFound
from modelwire.pipeline import lists, reads, writes
from modelwire.pipeline.idempotency import key_of
from modelwire.pipeline.pipeline import Pipeline, Session
from modelwire.request.request import Request
from tests.conftest import LEAGUE, ZOO
from tests.http.rows import store
from tests.zoo import City, Country

from .door import Door

CATALOG = read_catalog([*LEAGUE, *ZOO])
COUNTRIES, CITIES = CATALOG.tables["countries"], CATALOG.tables["cities"]
JSON = {b"content-type": b"application/json"}

ANN = Principal(None, {"me_country": "a", "me_other": 1}, (1,))
BEN = Principal(None, {"me_country": "b"}, (2,))


def is_of_country(rows: FromClause) -> ColumnElement[bool]:
    """Each caller sees one country and its cities."""
    column = rows.c.get("code", rows.c.get("country_code"))
    if column is None:
        return literal(1) == literal(1)
    return column == bindparam("me_country", type_=String())


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> None:
    Door(is_of_country).install(monkeypatch)


@pytest_asyncio.fixture(params=["direct", "session"])
async def session(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Session]:
    await store(database, *(Country(code=code, name=f"country {code}") for code in "ab"))
    cities = [City(country_code=code, name=name) for code in "ab" for name in "xyz"][:-1]
    await store(database, *cities)
    if request.param == "direct":
        yield None
        return
    async with database.session() as session:
        yield session


Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask(database: Database, session: Session) -> Ask:
    pipeline = Pipeline(CATALOG, database)

    async def ask(function: Any, *args: Any, caller: Principal, **request: Any) -> Any:
        given = {"method": "GET", "query_string": b"", **request, "caller": caller}
        return await function(pipeline, *args, Request(**given), session)

    return ask


def items_of(answer: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(answer.body)["items"]
    return items


async def test_lists(ask: Ask) -> None:
    for caller, code in ((ANN, "a"), (BEN, "b")):
        answer = await ask(
            lists.read_page, CITIES, caller=caller, query_string=b"limit=1&include=country"
        )
        (item,) = items_of(answer)
        assert (item["country_code"], item["country"]["code"]) == (code, code)
        assert json.loads(answer.body)["total"] == (3 if code == "a" else 2)
        answer = await ask(lists.read_page, CITIES, caller=caller, query_string=b"cursor=&limit=2")
        assert {item["country_code"] for item in items_of(answer)} == {code}
        query = b"country.name__contains=country&sort=country.name"
        answer = await ask(lists.read_page, CITIES, caller=caller, query_string=query)
        assert {item["country_code"] for item in items_of(answer)} == {code}


async def test_counts_at_once(ask: Ask, session: Session) -> None:
    """Requests that wait for one count share it only with those who see the same."""
    callers = [ANN, BEN] * 5
    asked = (ask(lists.read_page, CITIES, caller=c, query_string=b"limit=1") for c in callers)
    # A session is for one request at a time.
    answers = await asyncio.gather(*asked) if session is None else [await each for each in asked]
    assert [json.loads(answer.body)["total"] for answer in answers] == [3, 2] * 5


async def test_below_a_row(ask: Ask) -> None:
    cities = COUNTRIES.relations["cities"]
    answer = await ask(lists.read_children, COUNTRIES, cities, caller=ANN, keys=("a",))
    assert len(items_of(answer)) == 3
    with pytest.raises(NotFound):
        await ask(lists.read_children, COUNTRIES, cities, caller=ANN, keys=("b",))


async def test_streams(ask: Ask) -> None:
    answer = await ask(reads.stream, CITIES, caller=BEN)
    text = b"".join([part async for part in answer.parts])
    assert {row["country_code"] for row in json.loads(text)} == {"b"}


async def test_one_row(ask: Ask) -> None:
    answer = await ask(reads.read, COUNTRIES, caller=ANN, keys=("a",))
    assert json.loads(answer.body)["code"] == "a"
    with pytest.raises(NotFound):
        await ask(reads.read, COUNTRIES, caller=ANN, keys=("b",))


async def test_changes(ask: Ask) -> None:
    given = {"method": "PATCH", "headers": JSON, "body": b'{"name": "new"}'}
    answer = await ask(writes.patch, COUNTRIES, caller=ANN, keys=("a",), **given)
    assert json.loads(answer.body)["name"] == "new"
    with pytest.raises(NotFound):
        await ask(writes.patch, COUNTRIES, caller=ANN, keys=("b",), **given)
    assert (await ask(writes.delete, CITIES, caller=ANN, keys=("a,x",))).status == 204


async def test_of_anyone_nothing_is_asked(ask: Ask) -> None:
    """A statement whose value is missing does not run, and is no fault of the request."""
    for function, keys in ((lists.read_page, ()), (reads.read, ("a",)), (reads.stream, ())):
        with pytest.raises(KeyError, match="me_country"):
            await ask(function, COUNTRIES, caller=ANYONE, keys=keys)
    with pytest.raises(KeyError, match="me_country"):
        await ask(writes.delete, COUNTRIES, caller=ANYONE, keys=("a",), method="DELETE")


def test_idempotency_keys_belong_to_callers() -> None:
    def key(caller: Principal, credentials: bytes) -> str | None:
        headers = {b"idempotency-key": b"k", b"authorization": credentials}
        return key_of(Request("POST", b"", headers, caller=caller))

    assert key(ANN, b"old") == key(ANN, b"new") != key(BEN, b"new")
    assert key(ANYONE, b"old") != key(ANYONE, b"new")

"""Annotations of names that only type checkers import are taken from their columns, or refused."""

from typing import Any

import httpx2
import pytest

from modelwire import ConfigurationError, Database, Resource
from tests.conftest import empty_tables, make_app
from tests.http.problems import pointers_of
from tests.worlds import World, make_world_fixture, on_lanes

from .checked import Base, Looking, Offer, Unknown

OFFER = {
    "price": "1.50",
    "until": "2026-01-31T12:00:00Z",
    "terms": {"days": [1, 2]},
    "title": " Tea ",
}

world = make_world_fixture("checked", Base.metadata, on_lanes((Resource(Offer),)))


@pytest.fixture
async def offers(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane, of an empty table."""
    await empty_tables(world.database)
    return world.clients[lane]


async def test_served(offers: httpx2.AsyncClient) -> None:
    """Such a table is created, read, filtered, sorted, changed and deleted as any other."""
    created = await offers.post("/offers/", json=OFFER)
    assert created.status_code == 201, created.text
    row = {"id": 1, **OFFER, "title": "Tea"}
    assert created.json() == row
    for url in ("?price__gt=1.49&sort=-until", "?until=2026-01-31T12:00:00Z", "?q=tea"):
        assert (await offers.get(f"/offers/{url}")).json()["items"] == [row]
    changed = await offers.patch("/offers/1", json={"price": "2.00", "terms": {"days": None}})
    assert changed.json() == {**row, "price": "2.00", "terms": {}}
    assert (await offers.delete("/offers/1")).status_code == 204


@pytest.mark.parametrize(
    ("name", "value"), [("price", "cheap"), ("price", "1.555"), ("until", "soon"), ("price", None)]
)
async def test_refused(offers: httpx2.AsyncClient, name: str, value: Any) -> None:
    """A value that the column can't hold is 422, with its field."""
    answer = await offers.post("/offers/", json={**OFFER, name: value})
    assert answer.status_code == 422, answer.text
    assert pointers_of(answer.json()) == [f"/{name}"]


async def test_document(offers: httpx2.AsyncClient) -> None:
    """The document is there, and has the types of the columns."""
    document = (await offers.get("/openapi.json")).json()
    properties = document["components"]["schemas"]["OfferRead"]["properties"]
    assert properties["price"]["type"] == "string"
    assert properties["until"]["anyOf"][0] == {"type": "string", "format": "date-time"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Unknown, ["Unknown.outline", "Shape", "TYPE_CHECKING"]),
        (Looking, ["Looking.words", "TYPE_CHECKING"]),
    ],
)
def test_nothing_tells(model: Any, words: list[str]) -> None:
    """A service with a field of unknown type does not start, and names it."""
    with pytest.raises(ConfigurationError) as caught:
        make_app(Database("sqlite://"), "direct", (Resource(model),), {})
    assert all(word in str(caught.value) for word in words), caught.value

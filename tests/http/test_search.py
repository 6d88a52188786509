"""Search: `q=ann smith`, and texts that are compared without regard to case."""

import httpx2
import pytest

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import read_ids, refused_parameters, store
from tests.zoo import Color, Membership, Person, Thing

PEOPLE = [("Ann", "Smith"), ("Bob", "Smith"), ("Smith", "Annan"), ("Ann_", "50%")]


async def store_people(database: Database) -> None:
    """Store people with keys from 1, each with a secret."""
    rows = [
        Person(id=i, first_name=first, last_name=last, password_hash="ann")
        for i, (first, last) in enumerate(PEOPLE, 1)
    ]
    await store(database, *rows)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("ann", [1, 3, 4]),
        ("ann smith", [1, 3]),
        ("  SMITH\tann\n", [1, 3]),
        ("smith smith", [1, 2, 3]),
        ("bob ann", []),
        ("n_", [4]),
        ("0%", [4]),
        ("_", [4]),
        ("", [1, 2, 3, 4]),
        ("   ", [1, 2, 3, 4]),
    ],
)
async def test_search(
    zoo_client: httpx2.AsyncClient, database: Database, words: str, ids: list[int]
) -> None:
    """Every word must occur in one of the text fields, in any case; hidden fields aside."""
    await store_people(database)
    answer = await zoo_client.get("/people/", params={"q": words})
    assert [item["id"] for item in answer.json()["items"]] == ids


async def test_search_looks_at_text_only(make_client: MakeClient, database: Database) -> None:
    """Enums, UUIDs, numbers and dates are not searched."""
    client = await make_client(Resource(Thing))
    await store(database, Thing(tags=["red"], color=Color.RED, number=77))
    for word in ("red", "RED", "77", "-"):
        assert await read_ids(client, f"/things/?q={word}") == []


async def test_search_without_text_fields(make_client: MakeClient) -> None:
    """Without text fields, a word is 422; an empty search is none."""
    client = await make_client(Resource(Membership, hidden=["role"]))
    assert refused_parameters(await client.get("/memberships/?q=ann")) == ["q"]
    assert (await client.get("/memberships/?q=")).status_code == 200


@pytest.mark.parametrize("words", [" ".join("a" * 21), "a" * 10_001])
async def test_limit_of_a_search(zoo_client: httpx2.AsyncClient, words: str) -> None:
    """A search has at most twenty words and ten thousand characters."""
    assert (await zoo_client.get("/people/", params={"q": "a " * 20})).status_code == 200
    assert refused_parameters(await zoo_client.get("/people/", params={"q": words})) == ["q"]


@pytest.mark.parametrize(
    ("stored", "sought", "found"),
    [
        ("ÉCOLE", "école", True),
        ("ΑΣ", "ας", False),
        ("ΑΣ", "\u03b1\u03c3", True),
        ("İzmir", "izmir", True),
        ("STRASSE", "straße", False),
        ("STRAẞE", "straße", True),
        ("ЖУК", "жук", True),
        ("Ǆ", "ǆ", True),
        ("I", "\u0131", False),
        ("ﬁ", "FI", False),
    ],
)
async def test_case_beyond_ascii(
    zoo_client: httpx2.AsyncClient, database: Database, stored: str, sought: str, found: bool
) -> None:
    """Case is ignored by Unicode's simple mapping, alike on both databases."""
    await store(database, Person(id=1, first_name=stored, last_name="x"))
    queries = [
        {"q": sought},
        {"first_name__icontains": sought},
        {"first_name__ilike": f"{sought}%"},
    ]
    queries += [{"first_name__istartswith": sought}, {"or": f"(first_name__iendswith:{sought})"}]
    for query in queries:
        answer = await zoo_client.get("/people/", params=query)
        assert answer.json()["total"] == found, query

"""Changes of all rows that match some filters."""

import asyncio
from typing import Any

import httpx2
import pytest

from examples.league import Player, Team
from modelwire import Database
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import Author, Book, City, Country, Thing

BOTH = pytest.mark.parametrize("method", ["PATCH", "DELETE"])


async def change(
    client: httpx2.AsyncClient, method: str, url: str, prefer: str | None, body: Any = None
) -> httpx2.Response:
    headers = {"prefer": prefer} if prefer is not None else {}
    body = {"full_name": "x"} if body is None and method == "PATCH" else body
    answer: httpx2.Response = await client.request(method, url, json=body, headers=headers)
    return answer


async def test_matching_rows_are_changed(client: httpx2.AsyncClient, database: Database) -> None:
    """Every row that matches is changed, no other, and the answer says how many."""
    await store_users(database, ann="A", bob="B", joanna="C")
    answer = await change(client, "PATCH", "/users/?username=ann", "max-affected=2")
    assert (answer.status_code, answer.json()) == (200, {"affected": 2})
    rows = (await client.get("/users/")).json()["items"]
    assert [row["full_name"] for row in rows] == ["x", "B", "x"]


async def test_matching_rows_are_deleted(client: httpx2.AsyncClient, database: Database) -> None:
    """Every row that matches is deleted, no other, and the answer says how many."""
    await store_users(database, ann="A", bob="B", joanna="C")
    answer = await change(client, "DELETE", "/users?or=(id:1,full_name:C)", "max-affected=10")
    assert (answer.status_code, answer.json()) == (200, {"affected": 2})
    rows = (await client.get("/users/")).json()["items"]
    assert [row["username"] for row in rows] == ["bob"]


@BOTH
async def test_filters_through_relations(
    client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """Filters may go through relations, and `q` is one as well."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    players = [Player(name=name, team_id=team) for name, team in (("Ann", 1), ("Bo", 2))]
    await store(database, *players)
    url = "/players/?team.name=Red&q=ann"
    answer = await change(client, method, url, "max-affected=1", {"position": "x"})
    assert answer.json() == {"affected": 1}
    left = (await client.get("/players/?position__isnull=true")).json()["items"]
    assert [row["name"] for row in left] == ["Bo"]


@BOTH
async def test_too_many(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """Over the number that is allowed nothing changes, and the answer says how many match."""
    await store_users(database, ann="A", bob="B", cat="C")
    answer = await change(client, method, "/users/?id__gte=1", "max-affected=2")
    problem = read_problem(answer, 400, "too_many_affected")
    assert problem["detail"] == "3 rows match, and at most 2 may be affected"
    rows = (await client.get("/users/")).json()["items"]
    assert [row["full_name"] for row in rows] == ["A", "B", "C"]


@BOTH
async def test_no_rows(client: httpx2.AsyncClient, method: str) -> None:
    """Without a matching row, none is affected; zero may be the limit."""
    answer = await change(client, method, "/users/?id=1", "max-affected=0")
    assert (answer.status_code, answer.json()) == (200, {"affected": 0})


@BOTH
@pytest.mark.parametrize("url", ["/users/", "/users/?q=", "/users/?q=%20"])
async def test_without_a_filter(
    client: httpx2.AsyncClient, database: Database, method: str, url: str
) -> None:
    """Without a filter the request is refused with 428."""
    await store_users(database, ann="A")
    read_problem(await change(client, method, url, "max-affected=5"), 428, "precondition_required")
    assert await count_rows(client, "/users/?full_name=A") == 1


@BOTH
@pytest.mark.parametrize(
    ("given", "applied"),
    [("2147483648", 2**31), ("0000000000002", 2), ("9" * 18, 10**18 - 1), ("9" * 5000, 10**18)],
    ids=["33 bits", "zeros", "18 digits", "5000 digits"],
)
async def test_large_limit(
    client: httpx2.AsyncClient, database: Database, method: str, given: str, applied: int
) -> None:
    """A limit may be any number; one beyond what a table can hold allows all rows."""
    await store_users(database, ann="A", bob="B")
    answer = await change(client, method, "/users/?id=1", f"max-affected={given}")
    assert (answer.status_code, answer.json()) == (200, {"affected": 1})
    assert answer.headers["preference-applied"] == f"max-affected={applied}"


@BOTH
@pytest.mark.parametrize("prefer", [None, "max-affected", "max-affected=x", "max-affected=-1"])
async def test_without_a_limit(
    client: httpx2.AsyncClient, database: Database, method: str, prefer: str | None
) -> None:
    """Without a number of rows that may be affected the request is refused with 428."""
    await store_users(database, ann="A")
    answer = await change(client, method, "/users/?id=1", prefer)
    read_problem(answer, 428, "precondition_required")
    assert await count_rows(client, "/users/?full_name=A") == 1


@BOTH
@pytest.mark.parametrize(
    "parameter",
    ["limit=1", "skip=1", "sort=id", "include=team", "fields=id", "cursor=", "count=none"],
)
async def test_parameters_of_pages(client: httpx2.AsyncClient, method: str, parameter: str) -> None:
    """Parameters that cut or show pages mean nothing here."""
    answer = await change(client, method, f"/users/?id=1&{parameter}", "max-affected=5")
    problem = read_problem(answer, 422, "invalid")
    assert problem["errors"][0]["parameter"] == parameter.partition("=")[0]


async def test_taken_value(client: httpx2.AsyncClient, database: Database) -> None:
    """A change that would give two rows one unique value changes none of them."""
    await store_users(database, ann="A", bob="B")
    answer = await change(client, "PATCH", "/users/?id__gte=1", "max-affected=5", {"username": "x"})
    problem = read_problem(answer, 400, "already_exists")
    assert faults_of(problem) == [("/username", "already_exists")]
    assert await count_rows(client, "/users/?username__eq=x") == 0


async def test_bad_patch(client: httpx2.AsyncClient) -> None:
    """The patch is validated before any row is looked for."""
    answer = await change(client, "PATCH", "/users/?id=1", "max-affected=5", {"name": 3, "x": 1})
    faults = faults_of(read_problem(answer, 422, "invalid"))
    assert faults == [("/name", "unknown_field"), ("/x", "unknown_field")]


async def test_patch_of_json(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """An object in a JSON column is a patch of what each of the rows has."""
    await store(database, *(Thing(tags=[], number=1, data={"a": i}) for i in range(2)))
    url = "/things/?number=1"
    answer = await change(zoo_client, "PATCH", url, "max-affected=5", {"data": {"b": 7}})
    assert answer.json() == {"affected": 2}
    rows = (await zoo_client.get("/things/?sort=id")).json()["items"]
    assert sorted(row["data"]["a"] for row in rows) == [0, 1]
    assert {row["data"]["b"] for row in rows} == {7}


async def test_patch_of_a_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A patch may set a part of the key of all rows that match."""
    countries = [Country(code=code, name=code) for code in ("no", "se")]
    cities = [City(country_code="no", name=name) for name in ("Oslo", "Bergen", "Moss")]
    await store(database, *countries, *cities)
    answer = await change(
        zoo_client, "PATCH", "/cities/?name__in=Oslo,Moss", "max-affected=5", {"country_code": "se"}
    )
    assert (answer.status_code, answer.json()) == (200, {"affected": 2})
    assert await count_rows(zoo_client, "/cities/?country_code=se") == 2


async def test_what_goes_with_them(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Declared cascades apply to each of the rows."""
    await store(database, Author(name="a"), Author(name="b"))
    await store(database, Book(title="t", author_id=1), Book(title="t", author_id=2))
    answer = await change(zoo_client, "DELETE", "/authors/?name=a", "max-affected=1")
    assert answer.json() == {"affected": 1}
    assert await count_rows(zoo_client, "/books/") == 1


async def test_referenced_rows(client: httpx2.AsyncClient, database: Database) -> None:
    """Rows that others refer to are 409, and all stay."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    await store(database, Player(name="Ann", team_id=2))
    answer = await change(client, "DELETE", "/teams/?id__gte=1", "max-affected=5")
    problem = read_problem(answer, 409, "still_referenced")
    assert problem["detail"] == "Team is still referenced by players"
    assert await count_rows(client, "/teams/") == 2


async def test_patch_that_sets_nothing(client: httpx2.AsyncClient, database: Database) -> None:
    """An empty patch affects no row."""
    await store_users(database, ann="A")
    answer = await change(client, "PATCH", "/users/?id=1", "max-affected=5", {})
    assert (answer.status_code, answer.json()) == (200, {"affected": 0})


async def test_preference_is_named(client: httpx2.AsyncClient) -> None:
    """The answer says which preferences were followed; a minimal one has no body."""
    plain = await change(client, "DELETE", "/users/?id=1", "max-affected=5")
    assert plain.headers["preference-applied"] == "max-affected=5"
    minimal = await change(client, "DELETE", "/users/?id=1", "return=minimal, max-affected=5")
    assert (minimal.status_code, minimal.content) == (204, b"")


async def test_rows_of_two_requests(client: httpx2.AsyncClient, database: Database) -> None:
    """Of two requests that delete the same rows at once, each row is affected by one."""
    await store_users(database, **{f"u{i}": "x" for i in range(20)})
    requests = [
        change(client, "DELETE", "/users/?full_name=x", "max-affected=20") for _ in range(5)
    ]
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]
    assert sum(answer.json()["affected"] for answer in answers) == 20

"""Creating many rows at once."""

from itertools import product
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, ConfigDict

from examples.league import Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, faults_of, pointers_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import OrderLine, Thing


def users(*names: str) -> list[dict[str, str]]:
    return [{"username": name, "email": f"{name}@example.com"} for name in names]


FORMS = pytest.mark.parametrize(
    ("key", "pointer"), [("users", "/users"), (None, "")], ids=["object", "array"]
)


async def post(client: httpx2.AsyncClient, key: str | None, rows: list[Any]) -> httpx2.Response:
    body = rows if key is None else {key: rows}
    answer: httpx2.Response = await client.post("/users/bulk/", json=body)
    return answer


@FORMS
async def test_stored_rows(client: httpx2.AsyncClient, key: str | None, pointer: str) -> None:
    """The rows are answered as they are stored, in an array, whichever form the body has."""
    answer = await post(client, key, users("bob", "ann"))
    assert answer.status_code == 201
    assert [row["username"] for row in answer.json()] == ["bob", "ann"]
    assert answer.json() == (await client.get("/users/?sort=id")).json()["items"]


async def test_key_is_the_last_segment_of_the_path(make_client: MakeClient) -> None:
    """The rows of a resource with a path of its own stand under the path's last segment."""
    client = await make_client(Resource(Team, path="/sport/clubs"))
    good = await client.post("/sport/clubs/bulk/", json={"clubs": [{"name": "Red"}]})
    assert good.status_code == 201
    bad = await client.post("/sport/clubs/bulk/", json={"teams": [{"name": "Blue"}]})
    read_problem(bad, 422, "invalid")


async def test_order_of_a_thousand(client: httpx2.AsyncClient) -> None:
    """A thousand rows are answered in the order sent, each with its own key."""
    names = [f"n{i * 7919 % 1000}" for i in range(1000)]
    answer = await post(client, "users", users(*names))
    assert [row["username"] for row in answer.json()] == names
    row = answer.json()[500]
    assert (await client.get(f"/users/{row['id']}")).json() == row
    assert await count_rows(client, "/users/") == 1000


TEXTS = [*map("".join, product('"\\{},\n\tNé', repeat=3)), "", " ", "NULL", "null"]


@pytest.mark.parametrize("texts", [TEXTS, ["NULL", None, "null"], [None, None]])
async def test_texts_with_marks_of_lists(
    client: httpx2.AsyncClient, texts: list[str | None]
) -> None:
    """The syntax of the database's own lists is plain text in a text."""
    names = [f"n{i}" for i in range(len(texts))]
    rows = [{**row, "full_name": t} for row, t in zip(users(*names), texts, strict=True)]
    answer = await post(client, None, rows)
    assert [row["full_name"] for row in answer.json()] == texts
    assert (await client.get("/users/stream/?sort=id")).json() == answer.json()


@FORMS
async def test_over_the_limit(client: httpx2.AsyncClient, key: str | None, pointer: str) -> None:
    """More rows than one request may have are 413, and none is stored."""
    answer = await post(client, key, users(*(f"n{i}" for i in range(1001))))
    read_problem(answer, 413, "too_large")
    assert "connection" not in answer.headers  # the body was read
    assert await count_rows(client, "/users/") == 0


async def test_limit_of_a_resource(make_client: MakeClient) -> None:
    """A resource may set its own limit of rows."""
    client = await make_client(Resource(User, max_bulk_rows=2))
    read_problem(await post(client, None, users("a", "b", "c")), 413, "too_large")
    assert (await post(client, None, users("a", "b"))).status_code == 201


@FORMS
async def test_taken_value(
    client: httpx2.AsyncClient, database: Database, key: str | None, pointer: str
) -> None:
    """One row that is refused refuses all; the answer names the row and its field."""
    await store_users(database, ann=None)
    rows = users("b", "c", "d", "ann", "e")
    rows[3]["username"] = "joanna"
    document = read_problem(await post(client, key, rows), 400, "already_exists")
    assert document["detail"] == "Email already exists"
    assert faults_of(document) == [(f"{pointer}/3/email", "already_exists")]
    assert await count_rows(client, "/users/") == 1


@FORMS
async def test_invalid_rows(client: httpx2.AsyncClient, key: str | None, pointer: str) -> None:
    """Every fault of every row is named, and no row is stored."""
    rows = [
        *users("a"),
        {"username": "b", "email": "b", "nope": 1},
        "c",
        {"username": "", "is_active": "maybe"},
    ]
    document = read_problem(await post(client, key, rows), 422, "invalid")
    assert pointers_of(document) == [
        f"{pointer}/{place}" for place in ("1/nope", "2", "3/username", "3/email", "3/is_active")
    ]
    assert await count_rows(client, "/users/") == 0


async def test_values_that_no_column_holds(zoo_client: httpx2.AsyncClient) -> None:
    """Values beyond their columns are faults like others: each is named."""
    rows = [{"small": 2**15}, {"small": 1}, {"number": 2**31, "short": "sixsix"}]
    answer = await zoo_client.post("/things/bulk/", json=rows)
    assert answer.status_code == 422
    assert set(pointers_of(answer.json())) == {"/0/small", "/2/number", "/2/short"}


@FORMS
async def test_duplicates_in_one_body(
    client: httpx2.AsyncClient, key: str | None, pointer: str
) -> None:
    """Of two rows with the same value, the second is named."""
    document = read_problem(
        await post(client, key, users("a", "b", "c", "b")), 400, "already_exists"
    )
    assert pointers_of(document) in ([f"{pointer}/3/username"], [f"{pointer}/3/email"])
    assert await count_rows(client, "/users/") == 0


async def test_missing_parent(client: httpx2.AsyncClient, database: Database) -> None:
    """A row whose parent is missing is named."""
    await store(database, Team(id=1, name="Red"))
    rows = [{"name": "a", "team_id": 1}, {"name": "b", "team_id": 2}, {"name": "c", "team_id": 1}]
    answer = await client.post("/players/bulk/", json=rows)
    document = read_problem(answer, 400, "parent_not_found")
    assert document["detail"] == "Team not found"
    assert faults_of(document) == [("/1/team_id", "parent_not_found")]
    assert await count_rows(client, "/players/") == 0


@pytest.mark.parametrize(
    ("fault", "code", "fields"),
    [
        ({"quantity": 0}, "check", ["quantity"]),
        ({"discount": 100}, "check", ["discount"]),
        ({"low": 11}, "check", ["low", "high"]),
        ({"label": None}, "not_null", ["label"]),
    ],
)
async def test_refused_by_the_database(
    make_client: MakeClient, fault: dict[str, Any], code: str, fields: list[str]
) -> None:
    """A refusal by the database names its row."""
    client = await make_client(Resource(OrderLine))
    rows = [{"sku": "a"}, {"sku": "b"}, {"sku": "c", **fault}]
    document = read_problem(await client.post("/order_lines/bulk/", json=rows), 422, code)
    assert faults_of(document) == [(f"/2/{field}", code) for field in fields]
    assert await count_rows(client, "/order_lines/") == 0


@pytest.mark.parametrize("body", [[], {"users": []}])
async def test_no_rows(client: httpx2.AsyncClient, body: object) -> None:
    """No rows to create are no fault."""
    answer = await client.post("/users/bulk/", json=body)
    assert (answer.status_code, answer.json()) == (201, [])


@pytest.mark.parametrize(
    "body", [{}, {"rows": []}, {"users": [], "more": 1}, {"users": {}}, {"users": None}, "x", 5]
)
async def test_body_of_another_form(client: httpx2.AsyncClient, body: object) -> None:
    """A body that is neither an array nor an object that holds just one is 422."""
    read_problem(await client.post("/users/bulk/", json=body), 422, "invalid")


async def test_minimal_answer(client: httpx2.AsyncClient) -> None:
    """`Prefer: return=minimal` leaves the rows out of the answer."""
    headers = {"prefer": "return=minimal"}
    answer = await client.post("/users/bulk/", json=users("a", "b"), headers=headers)
    assert (answer.status_code, answer.content) == (201, b"")
    assert await count_rows(client, "/users/") == 2


async def test_unknown_parameter(client: httpx2.AsyncClient) -> None:
    """A parameter that means nothing is 422, and nothing is stored."""
    answer = await client.post("/users/bulk/?upsert=true", json=users("a"))
    read_problem(answer, 422, "invalid")
    assert await count_rows(client, "/users/") == 0


class LineDraft(BaseModel):
    """An order line of which the client may leave fields to the database."""

    model_config = ConfigDict(extra="forbid")

    sku: str
    quantity: int | None = None
    note: str | None = None


async def test_rows_of_different_fields(make_client: MakeClient) -> None:
    """Rows that give different fields keep their order; an absent one has its column's default."""
    client = await make_client(Resource(OrderLine, create_schema=LineDraft))
    rows = [
        {"sku": "a"},
        {"sku": "b", "quantity": 2},
        {"sku": "c"},
        {"sku": "d", "note": "mine", "quantity": 3},
        {"sku": "e", "quantity": 4},
    ]
    answer = await client.post("/order_lines/bulk/", json=rows)
    assert answer.status_code == 201, answer.text
    stored = [(row["sku"], row["quantity"], row["note"]) for row in answer.json()]
    assert stored == [
        ("a", 1, "none"),
        ("b", 2, "none"),
        ("c", 1, "none"),
        ("d", 3, "mine"),
        ("e", 4, "none"),
    ]


async def test_generated_keys(make_client: MakeClient) -> None:
    """Keys and values that a factory makes are made anew for each row."""
    client = await make_client(Resource(Thing))
    rows = (await client.post("/things/bulk/", json=[{}, {}, {"text": "x"}])).json()
    assert len({row["id"] for row in rows}) == 3
    assert [row["tags"] for row in rows] == [[], [], []]

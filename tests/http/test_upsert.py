"""Storing rows that may be there already: `POST …/bulk/?on_conflict=…`."""

import random
from typing import Any

import httpx2
import pytest
from fastapi import Depends
from pydantic import BaseModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from modelwire.resource import Operation
from tests.conftest import MakeClient
from tests.documents import parameters_of, read_document
from tests.http.keyed import VALUES
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import refused_parameters, store_users
from tests.zoo import Group, Person

MERGE = {"prefer": "resolution=merge-duplicates"}
IGNORE = {"prefer": "resolution=ignore-duplicates"}
BOTH = pytest.mark.parametrize("preference", [MERGE, IGNORE], ids=["merge", "ignore"])


async def upsert(
    client: httpx2.AsyncClient,
    rows: list[dict[str, Any]],
    key: str = "sku",
    path: str = "gadgets",
    headers: dict[str, str] = MERGE,
) -> list[dict[str, Any]]:
    """Upsert rows, which must succeed."""
    url = f"/{path}/bulk/"
    answer = await client.post(url, params={"on_conflict": key}, json=rows, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["preference-applied"] == headers["prefer"]
    stored: list[dict[str, Any]] = answer.json()
    return stored


async def refuse(
    client: httpx2.AsyncClient, rows: list[Any], key: str, path: str = "gadgets", **headers: str
) -> httpx2.Response:
    url = f"/{path}/bulk/"
    answer: httpx2.Response = await client.post(
        url, params={"on_conflict": key}, json=rows, headers=headers
    )
    return answer


def users(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"username": name, "email": f"{name}@example.com", **fields} for name in names]


@pytest.mark.parametrize("wrap", [False, True], ids=["array", "object"])
async def test_merged_rows(client: httpx2.AsyncClient, database: Database, wrap: bool) -> None:
    """Rows that are there are merged, the others are new, and all are answered in the order sent;
    merging is the default."""
    await store_users(database, ann="Ann", bob="Bob")
    rows = users("new", "bob", "other", "ann")
    body = {"users": rows} if wrap else rows
    answer = await client.post("/users/bulk/?on_conflict=username", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["preference-applied"] == "resolution=merge-duplicates"
    assert [row["username"] for row in answer.json()] == ["new", "bob", "other", "ann"]
    assert [row["id"] for row in answer.json()][1::2] == [2, 1]
    for row in answer.json():
        assert row == (await client.get(f"/users/{row['id']}")).json()


async def test_fields_that_were_not_sent(gadgets: httpx2.AsyncClient) -> None:
    """A row that is there keeps what was not sent; defaults are for new rows alone."""
    await upsert(gadgets, [{"sku": "a", "amount": 7, "note": "mine"}])
    kept, new = await upsert(gadgets, [{"sku": "a", "brand": "x"}, {"sku": "b", "brand": "x"}])
    assert (kept["amount"], kept["note"], kept["brand"]) == (7, "mine", "x")
    assert (new["amount"], new["note"], new["brand"]) == (5, None, "x")


async def test_null_that_was_sent(gadgets: httpx2.AsyncClient) -> None:
    """A null that was sent is written."""
    await upsert(gadgets, [{"sku": "a", "note": "mine"}])
    (row,) = await upsert(gadgets, [{"sku": "a", "note": None}])
    assert row["note"] is None


async def test_ignored_rows(client: httpx2.AsyncClient, database: Database) -> None:
    """Rows that are there can be left alone, and are answered as they stand."""
    await store_users(database, ann="Ann")
    before = (await client.get("/users/1")).json()
    rows = users("bob", "ann", full_name="New")
    new, there = await upsert(client, rows, "username", "users", IGNORE)
    assert (new["username"], new["full_name"]) == ("bob", "New")
    assert there == before == (await client.get("/users/1")).json()


@BOTH
async def test_a_thousand_rows_in_order(
    gadgets: httpx2.AsyncClient, preference: dict[str, str]
) -> None:
    """However many rows there are, old and new, and whatever each sends, none takes the place of
    another."""
    chance = random.Random(7)
    names = [f"g{chance.random()}" for _ in range(1000)]
    await upsert(gadgets, [{"sku": name, "note": f"old {name}"} for name in names[::2]])
    chance.shuffle(names)
    extra: list[dict[str, Any]] = [{}, {"amount": 1}, {"brand": "x"}, {"amount": 2, "brand": "y"}]
    rows = [{"sku": name, **chance.choice(extra)} for name in names]
    answered = await upsert(gadgets, rows, headers=preference)
    assert [row["sku"] for row in answered] == names
    stored = {row["sku"]: row for row in (await gadgets.get("/gadgets/stream/")).json()}
    assert answered == [stored[name] for name in names]
    if preference is MERGE:
        assert [row["amount"] for row in answered] == [row.get("amount", 5) for row in rows]


async def test_one_statement_for_rows_of_the_same_fields(
    gadgets: httpx2.AsyncClient, statements: list[str]
) -> None:
    """Rows that send the same fields are one statement, wherever they stand."""
    rows = [{"sku": f"{i}", **({"amount": i} if i % 2 else {})} for i in range(10)]
    statements.clear()
    await upsert(gadgets, rows)
    assert [text.partition(" ")[0] for text in statements] == ["INSERT", "INSERT"]
    statements.clear()
    await upsert(gadgets, rows, headers=IGNORE)
    assert [text.partition(" ")[0] for text in statements] == ["INSERT", "SELECT"]


@BOTH
async def test_key_of_several_fields(
    gadgets: httpx2.AsyncClient, preference: dict[str, str]
) -> None:
    """A key of several fields is named in any order; where one is NULL, the row is new."""
    rows: list[dict[str, Any]] = [
        {"sku": "a", "brand": "x", "model": "1"},
        {"sku": "b", "brand": "x", "model": None},
        {"sku": "c", "brand": "x", "model": "2"},
    ]
    first = await upsert(gadgets, rows, "model,brand", headers=preference)
    rows = [{**row, "sku": row["sku"] * 2} for row in reversed(rows)]
    second = await upsert(gadgets, rows, "brand,model", headers=preference)
    assert [row["id"] for row in second] == [first[2]["id"], second[1]["id"], first[0]["id"]]
    assert second[1]["id"] not in {row["id"] for row in first}
    assert await count_rows(gadgets, "/gadgets/") == 4


@BOTH
async def test_primary_key(zoo_client: httpx2.AsyncClient, preference: dict[str, str]) -> None:
    """A primary key that clients name is a unique key like others, a composite one too."""
    await upsert(zoo_client, [{"code": "de", "name": "Germany"}], "code", "countries", preference)
    city = {"country_code": "de", "name": "Ulm", "population": 1}
    for population in (1, 2):
        rows = [{**city, "population": population}]
        (row,) = await upsert(zoo_client, rows, "country_code,name", "cities", preference)
        assert row["population"] == (population if preference is MERGE else 1)
    assert await count_rows(zoo_client, "/cities/") == 1


@BOTH
@pytest.mark.parametrize("column", VALUES)
async def test_keys_of_every_kind(
    gadgets: httpx2.AsyncClient, column: str, preference: dict[str, str]
) -> None:
    """The database says which keys are the same, however a client writes them."""
    low, high, again = VALUES[column]
    rows = [{column: high, "label": "old"}]
    (first,) = await upsert(gadgets, rows, column, "typed", preference)
    rows = [{column: low, "label": "new"}, {column: again, "label": "new"}]
    _, second = await upsert(gadgets, rows, column, "typed", preference)
    assert (second["id"], second[column]) == (first["id"], first[column])
    assert second["label"] == ("new" if preference is MERGE else "old")
    assert await count_rows(gadgets, "/typed/") == 2


async def test_version_and_onupdate(gadgets: httpx2.AsyncClient) -> None:
    """A merge counts the version up and writes what the columns say that a change writes; a new
    row, and one that nothing is written to, do not."""
    (new,) = await upsert(gadgets, [{"sku": "a", "amount": 1}])
    assert (new["rev"], new["touched"], new["state"]) == (1, None, "new")
    (same,) = await upsert(gadgets, [{"sku": "a"}])
    assert same == new
    (ignored,) = await upsert(gadgets, [{"sku": "a", "amount": 2}], headers=IGNORE)
    assert ignored == new
    (merged,) = await upsert(gadgets, [{"sku": "a", "amount": 2}])
    assert (merged["rev"], merged["state"]) == (2, "changed")
    (again,) = await upsert(gadgets, [{"sku": "a", "amount": 2}])
    assert (again["rev"], again["touched"] > merged["touched"]) == (3, True)


@pytest.mark.parametrize("field", ["rev", "touched", "state", "nope"])
async def test_fields_that_can_not_be_set(gadgets: httpx2.AsyncClient, field: str) -> None:
    """A version and what is read-only is no field of a row here either."""
    answer = await refuse(gadgets, [{"sku": "a", field: 1}], "sku")
    assert faults_of(read_problem(answer, 422, "invalid")) == [(f"/0/{field}", "unknown_field")]


async def test_answer_without_rows(client: httpx2.AsyncClient, database: Database) -> None:
    """`Prefer: return=minimal` leaves the rows out, and both preferences are applied."""
    await store_users(database, ann="Ann")
    rows = users("ann", full_name="A")
    answer = await refuse(
        client, rows, "username", "users", prefer="return=minimal, resolution=merge-duplicates"
    )
    assert (answer.status_code, answer.content) == (204, b"")
    applied = answer.headers.get_list("preference-applied")
    assert applied == ["return=minimal", "resolution=merge-duplicates"]
    assert (await client.get("/users/1")).json()["full_name"] == "A"


async def test_includes(gadgets: httpx2.AsyncClient) -> None:
    """The answer includes what is asked for."""
    await gadgets.post("/makers/", json={"code": "m", "name": "M"})
    url = "/gadgets/bulk/?on_conflict=sku&include=maker"
    answer = await gadgets.post(url, json=[{"sku": "a", "maker_code": "m"}, {"sku": "b"}])
    assert [row["maker"] for row in answer.json()] == [{"code": "m", "name": "M"}, None]


async def test_no_rows(client: httpx2.AsyncClient) -> None:
    """Nothing to store is no fault."""
    assert await upsert(client, [], "username", "users") == []
    assert await upsert(client, [], "username", "users", IGNORE) == []


@pytest.mark.parametrize(
    "key", ["", "nope", "id", "amount", "brand", "sku,sku", "sku,brand", "secret_code", "SKU"]
)
async def test_what_is_no_key(gadgets: httpx2.AsyncClient, key: str) -> None:
    """A key that is not unique, visible and settable is 422, naming those that are."""
    answer = await refuse(gadgets, [{"sku": "a"}], key)
    assert refused_parameters(answer) == ["on_conflict"]
    assert "sku or brand,model" in answer.json()["detail"]
    assert "secret" not in answer.json()["detail"].replace("secret_code:", "")


async def test_no_key_at_all(zoo_client: httpx2.AsyncClient) -> None:
    """A resource without a unique key that clients can set has no upserts."""
    answer = await refuse(zoo_client, [{"title": "x", "author_id": 1}], "title", "books")
    assert refused_parameters(answer) == ["on_conflict"]


@pytest.mark.parametrize("value", ["merge", "", "ignore_duplicates"])
async def test_unknown_resolution(client: httpx2.AsyncClient, value: str) -> None:
    """A resolution that is misspelt is 422: what is overwritten is not guessed."""
    answer = await refuse(client, users("a"), "username", "users", prefer=f"resolution={value}")
    assert refused_parameters(answer) == ["Prefer"]


@BOTH
async def test_key_given_twice(
    client: httpx2.AsyncClient, database: Database, preference: dict[str, str]
) -> None:
    """The same key twice in one body is 422 at the second one, and nothing is stored."""
    rows = users("a", "b", "a", full_name="x")
    answer = await refuse(client, rows, "username", "users", **preference)
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/2", "duplicate_key")]
    assert await count_rows(client, "/users/") == 0


@BOTH
@pytest.mark.parametrize("fields", [{}, {"label": "y"}], ids=["alike", "other fields"])
async def test_keys_that_are_one_to_the_database(
    gadgets: httpx2.AsyncClient, preference: dict[str, str], fields: dict[str, str]
) -> None:
    """Two keys that differ here and are one to the database are 422 at the second one."""
    client = gadgets
    rows = [{"code": "a", "label": "1"}, {"code": "b"}, {"code": "A", "label": "2"}]
    rows[2] = {"code": "A", **fields} if fields else rows[2]
    answer = await refuse(client, rows, "code", "folded", **preference)
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/2", "duplicate_key")]
    assert await count_rows(client, "/folded/") == 0
    (first,) = await upsert(client, rows[:1], "code", "folded", preference)
    (second,) = await upsert(client, rows[2:], "code", "folded", preference)
    assert (second["id"], second["code"]) == (first["id"], "a")


async def test_another_key_that_is_taken(client: httpx2.AsyncClient, database: Database) -> None:
    """A violation of another unique key is named as usual, in new and existing rows."""
    await store_users(database, ann="Ann", bob="Bob")
    for name in ("new", "ann"):
        rows = [*users("x"), {"username": name, "email": "bob@example.com"}]
        answer = await refuse(client, rows, "username", "users")
        problem = read_problem(answer, 400, "already_exists")
        assert problem["detail"] == "Email already exists"
        assert faults_of(problem) == [("/1/email", "already_exists")]
    assert await count_rows(client, "/users/") == 2


async def test_row_that_others_refer_to(gadgets: httpx2.AsyncClient) -> None:
    """A merge that takes away what others refer to is 409."""
    await upsert(gadgets, [{"code": "m", "name": "M"}], "name", "makers")
    await upsert(gadgets, [{"sku": "a", "maker_code": "m"}])
    rows = [{"code": "x", "name": "X"}, {"code": "y", "name": "M"}]
    answer = await refuse(gadgets, rows, "name", "makers")
    problem = read_problem(answer, 409, "still_referenced")
    assert problem["detail"] == "Maker is still referenced by gadgets"
    assert faults_of(problem) == [("/1", "still_referenced")]
    assert await count_rows(gadgets, "/makers/") == 1


@BOTH
async def test_row_that_a_trigger_passes_over(
    gadgets: httpx2.AsyncClient, preference: dict[str, str]
) -> None:
    """A row that a trigger passes over is refused, not answered as if it were stored."""
    rows = [{"sku": "a"}, {"sku": "ignored"}, {"sku": "b"}]
    answer = await refuse(gadgets, rows, "sku", **preference)
    assert faults_of(read_problem(answer, 422, "refused")) == [("/1", "refused")]
    assert await count_rows(gadgets, "/gadgets/") == 0


class Naming(BaseModel):
    """Fields of a user that can be changed."""

    full_name: str


@pytest.mark.parametrize("row", [{"email": "x@x"}, {"full_name": None}, {"full_name": 5}])
async def test_fields_that_no_change_may_set(
    make_client: MakeClient, database: Database, row: dict[str, Any]
) -> None:
    """A merge is a change: what the update schema refuses can be stored in new rows only."""
    client = await make_client(Resource(User, update_schema=Naming))
    await store_users(database, ann="Ann")
    rows = [{**users("ann", full_name="x")[0], **row}]
    answer = await refuse(client, rows, "username", "users")
    read_problem(answer, 422, "invalid")
    assert (await client.get("/users/1")).json()["email"] == "ann@example.com"
    if "email" in row:
        await upsert(client, rows, "username", "users", IGNORE)


class UserDraft(BaseModel):
    """A user of whose fields some may be left out."""

    username: str | None = None
    email: str
    full_name: str | None = None


async def test_row_without_its_key(make_client: MakeClient) -> None:
    """A row that leaves its key to the database does not say which one it is."""
    client = await make_client(Resource(User, create_schema=UserDraft))
    answer = await refuse(client, [{"email": "a@a"}], "username", "users")
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/0/username", "missing")]
    (row,) = await upsert(client, [{"username": "a", "email": "a@a"}], "username", "users")
    assert row["is_active"] is True


@BOTH
async def test_where_changes_are_not_allowed(
    make_client: MakeClient, preference: dict[str, str]
) -> None:
    """Without the operation `update` there are no upserts, nor are they documented."""
    client = await make_client(Resource(User, operations=["bulk_create", "list"]))
    answer = await refuse(client, users("a"), "username", "users", **preference)
    assert refused_parameters(answer) == ["on_conflict"]
    assert await count_rows(client, "/users/") == 0
    document = await read_document(client)
    parameters = parameters_of(document, document["paths"]["/users/bulk/"]["post"])
    names = {parameter["name"] for parameter in parameters}
    assert "Prefer" in names
    assert "on_conflict" not in names


def guard() -> None:
    """A dependency."""


async def test_where_changes_are_guarded(make_client: MakeClient) -> None:
    """Guards of changes must be guards of upserts as well."""
    guards = [Depends(guard)]
    cases: tuple[tuple[dict[Operation, list[Any]], int], ...] = (
        ({"update": guards}, 422),
        ({"update": guards, "delete": guards}, 422),
        ({"update": guards, "create": guards}, 200),
        ({"update": guards, "bulk_create": guards}, 200),
        ({"bulk_create": guards}, 200),
    )
    for dependencies, status in cases:
        client = await make_client(Resource(User, operation_dependencies=dependencies))
        answer = await refuse(client, users("a"), "username", "users")
        assert answer.status_code == status, dependencies
    client = await make_client(
        Resource(User, dependencies=guards, operation_dependencies={"update": guards})
    )
    assert (await refuse(client, users("a"), "username", "users")).status_code == 200


async def test_where_a_condition_is_required(make_client: MakeClient, database: Database) -> None:
    """With `If-Match` required, existing rows can't be merged, only left alone."""
    client = await make_client(Resource(User, require_if_match=True))
    await store_users(database, ann="Ann")
    answer = await refuse(client, users("ann"), "username", "users")
    read_problem(answer, 428, "precondition_required")
    await upsert(client, users("ann", "bob"), "username", "users", IGNORE)


async def test_condition(client: httpx2.AsyncClient) -> None:
    """`If-Match` can't be compared with many rows."""
    answer = await client.post(
        "/users/bulk/?on_conflict=username", json=users("a"), headers={"if-match": '"x"'}
    )
    read_problem(answer, 412, "changed")


@BOTH
async def test_relations(
    make_client: MakeClient, database: Database, preference: dict[str, str]
) -> None:
    """Nothing is created or linked together with a row that may be there already."""
    client = await make_client(
        Resource(Team, nested_writes=["players"]),
        Resource(Player),
        Resource(Group),
        Resource(Person),
    )
    rows = [{"name": "a"}, {"name": "b", "players": []}]
    answer = await refuse(client, rows, "name", "teams", **preference)
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/1/players", "nested_write")]
    rows = [{"name": "a", "members": [1]}]
    answer = await refuse(client, rows, "name", "groups", **preference)
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/0/members", "nested_write")]
    assert await count_rows(client, "/teams/") == 0


async def test_too_many_rows(make_client: MakeClient) -> None:
    """The limit of rows holds."""
    client = await make_client(Resource(User, max_bulk_rows=2))
    read_problem(await refuse(client, users("a", "b", "c"), "username", "users"), 413, "too_large")


@pytest.mark.parametrize("query", ["on_conflict=username&on_conflict=email", "on_conflic=username"])
async def test_query(client: httpx2.AsyncClient, query: str) -> None:
    """One key is named, and a parameter that is misspelt is 422."""
    answer = await client.post(f"/users/bulk/?{query}", json=users("a"))
    read_problem(answer, 422, "invalid")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_other_methods(client: httpx2.AsyncClient, method: str) -> None:
    """Only what stores rows has conflicts to resolve."""
    answer = await client.request(method, "/users/bulk/?on_conflict=username", json=[])
    assert refused_parameters(answer) == ["on_conflict"]


async def test_missing_parent(zoo_client: httpx2.AsyncClient) -> None:
    """A row whose parent is missing is named."""
    rows = [{"country_code": "xx", "name": "Nowhere"}]
    answer = await refuse(zoo_client, rows, "country_code,name", "cities")
    problem = read_problem(answer, 400, "parent_not_found")
    assert faults_of(problem) == [("/0/country_code", "parent_not_found")]

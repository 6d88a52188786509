"""Requests with an Idempotency-Key are carried out once, and answered alike each time."""

import time
from typing import Any, NamedTuple

import httpx2
import pytest
from sqlalchemy import insert, text, update

from examples.league import Player, Team, User
from modelwire import Database, Resource
from modelwire.execute.idempotency import PURGED_KEYS
from modelwire.settings import Settings
from modelwire.statement.idempotency import KEYS
from tests.conftest import MakeClient, make_app, open_client
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store, store_users

pytestmark = pytest.mark.both_lanes

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
MINIMAL = {"Prefer": "return=minimal"}
ANN = {"username": "ann", "email": "ann@example.com"}


class Case(NamedTuple):
    """A request, and the rows that there are once it was carried out."""

    method: str
    path: str
    body: Any
    users: int = 2
    teams: int = 1
    players: int = 0
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


CASES = {
    "create": Case("POST", "/users/", ANN, users=3),
    "create minimally": Case("POST", "/users/", ANN, users=3, headers=MINIMAL),
    "create with includes": Case("POST", "/teams/?include=players", {"name": "Blue"}, teams=2),
    "child": Case("POST", "/teams/1/players/", {"name": "Kim"}, players=1),
    "nested": Case(
        "POST", "/teams/", {"name": "Blue", "players": [{"name": "Kim"}]}, teams=2, players=1
    ),
    "many": Case("POST", "/users/bulk/", [ANN, {"username": "eva", "email": "e"}], users=4),
    "many, minimally": Case("POST", "/users/bulk/", [ANN], users=3, headers=MINIMAL),
    "many, each for itself": Case(
        "POST", "/users/bulk/?atomic=false", [ANN, {"username": "bob", "email": "x"}], users=3
    ),
    "upsert": Case(
        "POST",
        "/users/bulk/?on_conflict=username",
        [ANN, {"username": "bob", "email": "new"}],
        users=3,
    ),
    "upsert that ignores": Case(
        "POST",
        "/users/bulk/?on_conflict=username",
        [ANN, {"username": "bob", "email": "new"}],
        users=3,
        headers={"Prefer": "resolution=ignore-duplicates"},
    ),
    "patch": Case("PATCH", "/users/1", {"full_name": "Bo"}),
    "patch minimally": Case("PATCH", "/users/1", {"full_name": "Bo"}, headers=MINIMAL),
    "patch nothing": Case("PATCH", "/users/1", {}),
    "patch many": Case("PATCH", "/users/bulk/", [{"id": 1, "full_name": "B"}, {"id": 2}]),
    "patch all that match": Case(
        "PATCH", "/users/?id__gt=0", {"full_name": "X"}, headers={"Prefer": "max-affected=9"}
    ),
}
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
async def client(make_client: MakeClient, database: Database) -> httpx2.AsyncClient:
    await store_users(database, bob=None, cid=None)
    await store(database, Team(name="Red"))
    made: httpx2.AsyncClient = await make_client(
        Resource(User),
        Resource(Team, includes=["players"], nested_writes=["players"]),
        Resource(Player),
    )
    return made


async def send(client: httpx2.AsyncClient, case: Case, **headers: str) -> httpx2.Response:
    given = {**case.headers, **KEY, **headers}
    answer: httpx2.Response = await client.request(
        case.method, case.path, json=case.body, headers=given
    )
    return answer


async def create(client: httpx2.AsyncClient, key: str, **body: str) -> httpx2.Response:
    """Create a user with a key."""
    headers = {"Idempotency-Key": key}
    answer: httpx2.Response = await client.post("/users/", json=ANN | body, headers=headers)
    return answer


def sent_of(answer: httpx2.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer, but for the mark of one that is repeated, and its own request's id."""
    headers = [h for h in answer.headers.multi_items() if h[0] not in (REPLAYED, "x-request-id")]
    return answer.status_code, answer.content, headers


REPLAYED = "idempotency-replayed"


async def run(database: Database, *statements: Any) -> None:
    async with database.engine.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def count_keys(database: Database) -> int:
    async with database.engine.connect() as connection:
        found = await connection.execute(text(f"SELECT count(*) FROM {KEYS.name}"))
        return int(found.scalar_one())


@EACH
async def test_repeated_request(client: httpx2.AsyncClient, case: Case) -> None:
    """A repeated request is answered byte for byte as it was first, and carried out once."""
    first = await send(client, case)
    assert first.is_success, first.text
    assert REPLAYED not in first.headers
    second, third = await send(client, case), await send(client, case)
    assert sent_of(second) == sent_of(third) == sent_of(first)
    assert second.headers[REPLAYED] == third.headers[REPLAYED] == "true"
    rows = [await count_rows(client, path) for path in ("/users/", "/teams/", "/players/")]
    assert rows == [case.users, case.teams, case.players]


@EACH
async def test_request_that_was_undone_since(client: httpx2.AsyncClient, case: Case) -> None:
    """A repeated request does not undo what others have changed since."""
    first = await send(client, case)
    for path in ("/players/", "/users/?sort=-id", "/teams/?sort=-id"):
        for row in (await client.get(path)).json()["items"]:
            await client.delete(f"{path.partition('?')[0]}{row['id']}")
    again = await send(client, case)
    assert (sent_of(again), again.headers[REPLAYED]) == (sent_of(first), "true")
    assert await count_rows(client, "/users/") == 0


async def test_request_id(client: httpx2.AsyncClient) -> None:
    """A repeated answer has the id of the request that it answers."""
    for name in ("first", "second"):
        answer = await send(client, CASES["create"], **{"X-Request-ID": name})
        assert answer.headers["x-request-id"] == name


async def test_conditional_change(client: httpx2.AsyncClient) -> None:
    """A change is repeated although the row is no longer the one that it was made for."""
    tag = (await client.get("/users/1")).headers["etag"]
    case = Case("PATCH", "/users/1", {"full_name": "Bo"}, headers={"If-Match": tag})
    first, again = await send(client, case), await send(client, case)
    assert (first.status_code, sent_of(again)) == (200, sent_of(first))


@pytest.mark.parametrize(
    "other",
    [
        CASES["create"]._replace(body={"username": "eva", "email": "eva"}),
        CASES["create"]._replace(path="/users/?include="),
        CASES["create"]._replace(path="/teams/", body={"name": "Blue"}),
        CASES["child"],
        CASES["patch"],
        CASES["patch many"],
    ],
    ids=["body", "query", "path", "children", "key", "method"],
)
async def test_key_of_another_request(client: httpx2.AsyncClient, other: Case) -> None:
    """Another request with a key that came before is refused, and changes nothing."""
    assert (await send(client, CASES["create"])).status_code == 201
    read_problem(await send(client, other), 422, "key_reused")
    assert (await client.get("/users/1")).json()["full_name"] is None
    rows = [await count_rows(client, path) for path in ("/users/", "/teams/", "/players/")]
    assert rows == [3, 1, 0]


@pytest.mark.parametrize("case", [CASES["patch"], CASES["child"]], ids=["patch", "child"])
async def test_key_of_another_row(
    client: httpx2.AsyncClient, database: Database, case: Case
) -> None:
    """The same change of another row is another request."""
    await store(database, Team(name="Blue"))
    assert (await send(client, case)).is_success
    other = case._replace(path=case.path.replace("1", "2"))
    read_problem(await send(client, other), 422, "key_reused")


async def test_last_slash_of_the_path(client: httpx2.AsyncClient) -> None:
    """The path with and without its last slash is one."""
    first = await send(client, CASES["create"])
    again = await send(client, CASES["create"]._replace(path="/users"))
    assert sent_of(again) == sent_of(first)


async def test_key_in_quotes(client: httpx2.AsyncClient) -> None:
    """A key is the same with quotes around it and without."""
    assert (await create(client, 'a "b"')).status_code == 201
    assert (await create(client, r'"a \"b\""')).headers[REPLAYED] == "true"


async def test_longest_key(client: httpx2.AsyncClient) -> None:
    """A key may have 255 characters, whichever they are."""
    key = ("".join(map(chr, range(33, 127))) * 3)[:255]
    assert (await create(client, key)).status_code == 201
    assert (await create(client, key)).headers[REPLAYED] == "true"


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "caf\xe9", "a\tb"])
async def test_unusable_key(client: httpx2.AsyncClient, key: str) -> None:
    """A key that is empty, too long or not printable is refused, and nothing is stored."""
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answer = await client.post("/users/", json=ANN, headers=headers)
    document = read_problem(answer, 422, "invalid")
    assert document["errors"][0]["parameter"] == "Idempotency-Key"
    assert await count_rows(client, "/users/") == 2


@pytest.mark.parametrize("path", ["/users/", "/users/bulk/", "/users/?include="])
async def test_refused_request(client: httpx2.AsyncClient, path: str) -> None:
    """A refusal is not kept: the request may succeed when it is repeated."""
    body = [ANN, {"username": "bob", "email": "x"}] if "bulk" in path else ANN | {"username": "bob"}
    case = Case("POST", path, body)
    assert read_problem(await send(client, case), 400, "already_exists")["errors"]
    read_problem(await send(client, case), 400, "already_exists")
    await client.delete("/users/1")
    done = await send(client, case)
    assert done.status_code == 201
    assert REPLAYED not in done.headers
    assert sent_of(await send(client, case)) == sent_of(done)


async def test_row_that_is_not_there(client: httpx2.AsyncClient, database: Database) -> None:
    """A missing row leaves the key free, and may exist when the request is repeated."""
    case = Case("POST", "/teams/2/players/", {"name": "Kim"})
    read_problem(await send(client, case), 404, "not_found")
    assert await count_keys(database) == 0
    await store(database, Team(name="Blue"))
    assert (await send(client, case)).status_code == 201


async def test_invalid_request(client: httpx2.AsyncClient) -> None:
    """A request that is not valid says what is wrong with it, and leaves its key free."""
    answer = await create(client, "k", nope="x")
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/nope", "unknown_field")]
    assert (await create(client, "k")).status_code == 201
    answer = await create(client, "k", nope="x")
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/nope", "unknown_field")]


async def test_methods_without_keys(client: httpx2.AsyncClient, database: Database) -> None:
    """PUT, DELETE and queries are alike however often they are sent, and keep no key."""
    for _ in range(2):
        put = await client.put("/users/1", json={"full_name": "Bo"}, headers=KEY)
        found = await client.post("/users/query/", json={"username": "bob"}, headers=KEY)
        assert (put.status_code, found.status_code) == (200, 200)
    assert (await client.delete("/users/1", headers=KEY)).status_code == 204
    assert await count_keys(database) == 0


async def test_request_without_a_key(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """A request without a key is one statement, as before."""
    statements.clear()
    assert (await client.post("/users/", json=ANN)).status_code == 201
    assert [sql.split()[2] for sql in statements] == ["users"]
    assert await count_keys(database) == 0


async def test_expired_key(client: httpx2.AsyncClient, database: Database) -> None:
    """A key that has expired is as good as new, for any request."""
    assert (await create(client, "k")).status_code == 201
    async with database.engine.connect() as connection:
        expires_at = (await connection.execute(KEYS.select())).one().expires_at
    default = Settings.model_fields["idempotency_ttl_s"].default
    assert expires_at == pytest.approx(time.time() + default, abs=60)
    await run(database, update(KEYS).values(expires_at=time.time()))
    other = await create(client, "k", username="eva", email="eva")
    assert other.status_code == 201
    again = await create(client, "k", username="eva", email="eva")
    assert (sent_of(again), again.headers[REPLAYED]) == (sent_of(other), "true")
    read_problem(await create(client, "k"), 422, "key_reused")


async def test_removal_of_expired_keys(database: Database, lane: str) -> None:
    """Keys that have expired are removed, some at a time, and then not for a while."""
    await store_users(database, bob=None, cid=None)
    old = {"fingerprint": "x", "expires_at": 1.0}
    many = [{"key": f"old{i}", **old} for i in range(PURGED_KEYS + 50)]
    await run(database, insert(KEYS).values(many))
    left = []
    async with open_client(make_app(database, lane, (Resource(User),), {})) as client:
        for i in range(3):
            await create(client, f"new{i}", username=f"u{i}", email=f"e{i}")
            left.append(await count_keys(database))
            await run(database, insert(KEYS).values(key=f"late{i}", **old))
    assert left == [51, 2, 4]


async def test_missing_table(client: httpx2.AsyncClient, database: Database) -> None:
    """The first request with a key creates a missing table."""
    await run(database, text(f"DROP TABLE {KEYS.name}"))
    refused = await create(client, "k", username="bob")
    read_problem(refused, 400, "already_exists")
    first = await create(client, "k")
    assert first.status_code == 201
    assert sent_of(await create(client, "k")) == sent_of(first)


async def test_table_that_can_not_be_used(client: httpx2.AsyncClient, database: Database) -> None:
    """Requests with a key are refused while keys can't be kept; others are served."""
    await run(
        database, text(f"DROP TABLE {KEYS.name}"), text(f"CREATE VIEW {KEYS.name} AS SELECT 1")
    )
    try:
        answer = await create(client, "k")
        without = await client.post("/users/", json=ANN)
    finally:
        await run(database, text(f"DROP VIEW {KEYS.name}"))
        await database.init_db()
    document = read_problem(answer, 503, "unavailable")
    assert document["detail"].startswith("Idempotency-Key can't be used")
    assert without.status_code == 201

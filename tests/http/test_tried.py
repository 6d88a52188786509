"""Writes that are only tried: `Prefer: tx=rollback` answers what they come to, and undoes it."""

import json
from typing import Any

import httpx2
import pytest

from examples.league import Player, Team, User
from modelwire import Change, Database, Hooks, Resource
from tests.conftest import MakeClient
from tests.http.problems import faults_of, read_problem
from tests.http.rows import store, store_users

TRIED = {"prefer": "tx=rollback"}

pytestmark = pytest.mark.both_lanes


async def ask(
    client: httpx2.AsyncClient, method: str, path: str, body: Any, prefer: str
) -> httpx2.Response:
    content = None if body is None else json.dumps(body)
    headers = {"prefer": prefer, "content-type": "application/json"}
    answer: httpx2.Response = await client.request(method, path, content=content, headers=headers)
    return answer


async def read_all(client: httpx2.AsyncClient) -> list[Any]:
    return [
        (await client.get(f"/{name}/?limit=100")).json() for name in ("users", "teams", "players")
    ]


REQUESTS = [
    ("POST", "/teams/", {"name": "Green"}),
    ("POST", "/teams/bulk/", [{"name": "Green"}, {"name": "White"}]),
    ("POST", "/teams/bulk/?on_conflict=name", [{"name": "Red", "city": "Rome"}]),
    ("POST", "/teams/bulk/?atomic=false", [{"name": "Green"}, {"name": "Red"}]),
    ("POST", "/teams/1/players/", {"name": "Cy"}),
    ("PATCH", "/teams/1", {"city": "Rome"}),
    ("PUT", "/teams/1", {"city": "Rome"}),
    ("PATCH", "/teams/bulk/", [{"id": 1, "city": "Rome"}, {"id": 2, "name": "White"}]),
    ("PATCH", "/players/?team_id=1", {"position": "goal"}),
    ("DELETE", "/players/1", None),
    ("DELETE", "/players/bulk/", [1, 2]),
    ("DELETE", "/players/?team_id=1", None),
    (
        "POST",
        "/batch",
        {
            "requests": [
                {"method": "PATCH", "path": "/players/1", "body": {"name": "Di"}},
                {"method": "GET", "path": "/players/1"},
                {"method": "DELETE", "path": "/players/2"},
            ]
        },
    ),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_a_trial_is_answered_as_the_write_and_changes_nothing(
    client: httpx2.AsyncClient, database: Database, method: str, path: str, body: Any
) -> None:
    """Whatever way of writing: the answer is the same, but for keys that the database has counted
    up meanwhile, and nothing is stored."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    await store(database, *(Player(name=name, team_id=1) for name in ("Ann", "Bo")))
    before = await read_all(client)
    tried = await ask(client, method, path, body, "max-affected=5, tx=rollback")
    assert await read_all(client) == before
    assert "tx=rollback" in tried.headers["preference-applied"]
    done = await ask(client, method, path, body, "max-affected=5")
    assert "tx=rollback" not in done.headers.get("preference-applied", "")
    assert (tried.status_code, without_keys(tried)) == (done.status_code, without_keys(done))
    assert await read_all(client) != before


async def test_a_quoted_string_is_no_trial(client: httpx2.AsyncClient) -> None:
    """A preference that only mentions a trial leaves the write a write."""
    done = await ask(client, "POST", "/teams/", {"name": "Red"}, 'wait="1, tx=rollback, 2"')
    assert (done.status_code, "preference-applied" in done.headers) == (201, False)
    assert (await client.get("/teams/1")).status_code == 200


def without_keys(answer: httpx2.Response) -> Any:
    if not answer.content:
        return None
    return json.loads(answer.content, object_hook=lambda found: {**found, "id": 0})


async def test_what_is_refused_is_refused(client: httpx2.AsyncClient, database: Database) -> None:
    """A trial is refused for what the write would be refused for."""
    await store_users(database, ann="A")
    same = {"username": "ann", "email": "b@example.org"}
    answer = await client.post("/users/", json=same, headers=TRIED)
    assert read_problem(answer, 400, "already_exists")["detail"] == "Username already exists"
    answer = await client.delete("/users/7", headers=TRIED)
    read_problem(answer, 404, "not_found")


async def test_keys_are_left_alone(client: httpx2.AsyncClient) -> None:
    """The `Idempotency-Key` of a trial is free for the write."""
    headers = {"idempotency-key": "one"}
    tried = await client.post("/teams/", json={"name": "Red"}, headers=headers | TRIED)
    done = await client.post("/teams/", json={"name": "Red"}, headers=headers)
    assert (tried.status_code, done.status_code) == (201, 201)
    assert "idempotency-replayed" not in done.headers
    assert (await client.get("/teams/")).json()["total"] == 1


async def test_hooks_of_commits_do_not_run(make_client: MakeClient, database: Database) -> None:
    """Hooks run with a trial, but nothing is told that it was committed."""
    ran = []

    async def before(change: Change) -> None:
        ran.append("before")

    async def committed(change: Change) -> None:
        ran.append("committed")

    hooks = Hooks(before_create=[before], after_commit=[committed])
    client = await make_client(Resource(User, hooks=hooks))
    user = {"username": "ann", "email": "a@example.org"}
    answer = await client.post("/users/", json=user, headers=TRIED)
    assert (answer.status_code, ran) == (201, ["before"])
    assert (await client.get("/users/")).json()["total"] == 0
    await client.post("/users/", json=user)
    assert ran == ["before", "before", "committed"]


async def test_a_part_of_a_batch_is_not_tried_alone(client: httpx2.AsyncClient) -> None:
    """A batch is tried as a whole; what one of its requests says of that is refused."""
    request = {"method": "POST", "path": "/teams/", "body": {"name": "Red"}, "headers": TRIED}
    answer = await client.post("/batch", json={"requests": [request]})
    assert faults_of(read_problem(answer, 422, "invalid")) == [
        ("/requests/0/headers/prefer", "invalid_value")
    ]

"""Writes: one row at once, many rows when they were tried and confirmed."""

from typing import Any

import pytest

from examples.league import Player, Team
from modelwire import Database
from tests.http.rows import store, store_users

from .agents import Agent

USER = {"username": "ann", "email": "ann@example.org"}
USERS: list[dict[str, Any]] = [
    {"username": name, "email": f"{name}@example.org"} for name in ("ann", "bob")
]


async def count(agent: Agent, resource: str) -> int:
    page = await agent.ask("aggregate", resource=resource)
    counted: int = page["items"][0]["count"]
    return counted


async def test_one_row(agent: Agent, database: Database) -> None:
    """One row is created, changed and deleted at once; a tag says which version is meant."""
    created = await agent.ask("write", resource="users", operation="create", values=USER)
    assert (created["status"], created["item"]["id"]) == (201, 1)
    one = {"resource": "users", "key": 1}
    changed = await agent.ask(
        "write", **one, operation="update", values={"full_name": "A"}, if_match=created["etag"]
    )
    assert changed["item"]["full_name"] == "A"
    again = {"values": {"full_name": "B"}, "if_match": created["etag"]}
    problem = await agent.refuse("write", **one, operation="update", **again)
    assert (problem["status"], problem["code"]) == (412, "changed")
    assert await agent.ask("write", **one, operation="delete") == {"status": 204}
    assert await count(agent, "users") == 0


async def test_one_row_can_be_tried(agent: Agent, database: Database) -> None:
    """A dry run tells what would be stored, and what would be refused, and stores nothing."""
    wanted = {"resource": "users", "operation": "create", "dry_run": True}
    tried = await agent.ask("write", **wanted, values=USER)
    assert (tried["dry_run"], tried["item"]["username"]) == (True, "ann")
    assert await count(agent, "users") == 0
    await store_users(database, ann="A")
    problem = await agent.refuse("write", **wanted, values=USER | {"email": "b@example.org"})
    assert problem["code"] == "already_exists"


async def test_repeated_requests(agent: Agent, database: Database) -> None:
    """The same request under the same name is carried out once."""
    wanted: dict[str, Any] = {"resource": "users", "operation": "create", "idempotency_key": "one"}
    created = await agent.ask("write", **wanted, values=USER)
    assert await agent.ask("write", **wanted, values=USER) == created
    assert await count(agent, "users") == 1


MANY: list[tuple[dict[str, Any], int, int]] = [
    ({"operation": "create", "values": [{"name": "Cy", "team_id": 1}] * 2}, 2, 2),
    ({"operation": "update", "values": [{"id": 1, "name": "X"}, {"id": 2, "name": "Y"}]}, 2, 0),
    ({"operation": "update", "filters": {"team_id": 1}, "values": {"position": "goal"}}, 3, 0),
    ({"operation": "update", "search": "ann", "values": {"position": "goal"}}, 1, 0),
    ({"operation": "delete", "keys": [1, 3]}, 2, -2),
    ({"operation": "delete", "or": "(name:Ann,name:Bo)"}, 2, -2),
]


@pytest.mark.parametrize(("arguments", "rows", "more"), MANY)
async def test_many_rows(
    agent: Agent, database: Database, arguments: dict[str, Any], rows: int, more: int
) -> None:
    """A change of many rows is a dry run first, which returns the number that confirms it."""
    await store(database, Team(name="Red"))
    await store(database, *(Player(name=name, team_id=1) for name in ("Ann", "Bo", "Di")))
    before = await agent.ask("query", resource="players", limit=100)
    tried = await agent.ask("write", resource="players", **arguments)
    assert (tried["dry_run"], tried["confirm"]) == (True, rows)
    assert f"confirm={rows}" in tried["how"]
    assert await agent.ask("query", resource="players", limit=100) == before
    done = await agent.ask("write", resource="players", **arguments, confirm=rows)
    assert "dry_run" not in done
    assert done["status"] == tried["status"]
    assert await agent.ask("query", resource="players", limit=100) != before
    assert await count(agent, "players") == 3 + more


async def test_more_rows_than_confirmed(agent: Agent, database: Database) -> None:
    """Rows that match since the dry run are not changed: nothing is."""
    await store_users(database, ann="A", bob="A")
    wanted = {"resource": "users", "operation": "delete", "filters": {"full_name": "A"}}
    tried = await agent.ask("write", **wanted)
    await store_users(database, cy="A")
    problem = await agent.refuse("write", **wanted, confirm=tried["confirm"])
    assert problem["code"] == "too_many_affected"
    assert problem["detail"].startswith("3 rows match")
    assert await count(agent, "users") == 3


async def test_another_number(agent: Agent, database: Database) -> None:
    """A number that no dry run has told does nothing."""
    problem = await agent.refuse(
        "write", resource="users", operation="create", values=USERS, confirm=3
    )
    assert problem["detail"].startswith("confirm: these are 2 rows, not 3")
    problem = await agent.refuse(
        "write", resource="users", operation="delete", filters={"id__gt": 0}, confirm=-1
    )
    assert problem["code"] == "invalid_arguments"
    problem = await agent.refuse("write", resource="users", operation="delete", key=1, confirm=2)
    assert problem["detail"] == "confirm: this is about one row; leave it out"
    assert await count(agent, "users") == 0


async def test_rows_that_are_there(agent: Agent, database: Database) -> None:
    """Rows may be merged into those that are there."""
    await store_users(database, ann="A")
    wanted = {"resource": "users", "operation": "create", "on_conflict": "username"}
    tried = await agent.ask("write", **wanted, values=USERS)
    done = await agent.ask("write", **wanted, values=USERS, confirm=tried["confirm"])
    assert [row["username"] for row in done["items"]] == ["ann", "bob"]
    assert await count(agent, "users") == 2


TOGETHER: list[dict[str, Any]] = [
    {"operation": "create"},
    {"operation": "create", "key": 1, "values": USER},
    {"operation": "create", "values": USER, "on_conflict": "username"},
    {"operation": "update", "values": USER},
    {"operation": "update", "key": 1},
    {"operation": "update", "key": 1, "filters": {"id": 1}, "values": USER},
    {"operation": "update", "filters": {"id": 1}, "values": USERS},
    {"operation": "delete"},
    {"operation": "delete", "key": 1, "keys": [2]},
    {"operation": "delete", "key": 1, "values": USER},
    {"operation": "delete", "filters": {}},
    {"operation": "delete", "keys": [1], "filters": {"id": 1}},
]


@pytest.mark.parametrize("arguments", TOGETHER)
async def test_what_does_not_go_together(
    agent: Agent, database: Database, arguments: dict[str, Any]
) -> None:
    """Nothing is written, least of all to all rows; what goes together is said."""
    await store_users(database, ann="A")
    problem = await agent.refuse("write", resource="users", **arguments)
    assert problem["detail"].startswith(f"{arguments['operation']} takes `")
    assert await count(agent, "users") == 1


BATCH: list[dict[str, Any]] = [
    {"operation": "create", "resource": "teams", "values": {"name": "Red"}},
    {
        "operation": "create",
        "resource": "players",
        "values": {"name": "Ann", "team_id": {"$ref": "0.id"}},
    },
    {"operation": "update", "resource": "teams", "key": "{0.id}", "values": {"city": "Rome"}},
    {"operation": "read", "resource": "players", "key": "{1.id}"},
]


async def test_batches(agent: Agent, database: Database) -> None:
    """Several requests are tried together, and then done together."""
    tried = await agent.ask("batch", requests=BATCH)
    assert (tried["dry_run"], tried["confirm"]) == (True, 4)
    assert [response["status"] for response in tried["responses"]] == [201, 201, 200, 200]
    assert await count(agent, "teams") == 0
    done = await agent.ask("batch", requests=BATCH, confirm=4)
    assert done["responses"][2]["body"]["city"] == "Rome"
    assert await count(agent, "players") == 1


async def test_refused_batches(agent: Agent, database: Database) -> None:
    """A batch with a fault is refused as a whole, and its place is named."""
    wrong = [*BATCH[:2], {"operation": "delete", "resource": "teams", "key": "{0.id}"}]
    problem = await agent.refuse("batch", requests=wrong, confirm=3)
    assert (problem["status"], problem["code"]) == (409, "still_referenced")
    assert problem["errors"][0]["pointer"] == "/requests/2"
    assert await count(agent, "teams") == 0
    part = {"operation": "update", "resource": "teams", "key": 1}
    problem = await agent.refuse("batch", requests=[part])
    assert problem["detail"] == "requests: update takes `key` and `values`"


async def test_batches_that_only_read(agent: Agent, database: Database) -> None:
    """A batch that writes nothing needs no confirmation."""
    await store(database, Team(name="Red"))
    part = {"operation": "read", "resource": "teams", "key": 1}
    read = await agent.ask("batch", requests=[part, part])
    assert [response["body"]["name"] for response in read["responses"]] == ["Red", "Red"]

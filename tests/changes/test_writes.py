"""Every kind of write is in the log, as it is stored."""

import json
from typing import Any

import httpx2
import pytest

from modelwire import Database
from tests.changes.exact import Entry, check_exact, read_log
from tests.changes.tables import TABLES

pytestmark = pytest.mark.both_lanes

MASS = {"Prefer": "max-affected=10"}


async def fill(client: httpx2.AsyncClient) -> None:
    """Store rows that the writes are for."""
    for path, body in (
        (
            "/firms/bulk/",
            [{"name": "a"}, {"name": "b", "above_id": 1}, {"name": "c", "above_id": 2}],
        ),
        ("/bills/", {"code": "x", "firm_id": 1, "posts": [{}, {"price": 0.1}]}),
        ("/bills/bulk/", [{"code": "y", "firm_id": 2}, {"code": "z", "note": "gone"}]),
        ("/marks/bulk/", [{"name": "m"}, {"name": "n"}]),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
    assert (await client.put("/firms/1/marks/1")).status_code == 204


def told(entries: list[Entry]) -> list[tuple[str, str, str]]:
    return sorted((e.table, e.operation, e.key) for e in entries)


def firms(operation: str, *keys: int) -> list[tuple[str, str, str]]:
    return [("firms", operation, f"[{key}]") for key in keys]


def bills(operation: str, *keys: int) -> list[tuple[str, str, str]]:
    return [("bills", operation, f"[{key}]") for key in keys]


def posts(operation: str, *keys: int) -> list[tuple[str, str, str]]:
    return [("line", operation, f"[{key}]") for key in keys]


LINK = "[1,1]"
EXPECTED = [
    ("create", "POST", "/bills/", {"code": "n"}, {}, bills("create", 4)),
    (
        "create with a hook that writes",
        "POST",
        "/bills/",
        {"code": "n", "firm_id": 1},
        {},
        bills("create", 4) + firms("update", 1),
    ),
    (
        "nested",
        "POST",
        "/bills/",
        {"posts": [{}, {}]},
        {},
        bills("create", 4) + posts("create", 3, 4),
    ),
    ("below", "POST", "/bills/1/posts/", {}, {}, posts("create", 3)),
    ("bulk", "POST", "/firms/bulk/", [{}, {"name": "n"}], {}, firms("create", 4, 5)),
    ("bulk, each", "POST", "/firms/bulk/?atomic=false", [{}, {}], {}, firms("create", 4, 5)),
    ("patch", "PATCH", "/firms/1", {"name": "n"}, {}, firms("update", 1)),
    ("put", "PUT", "/firms/1", {"name": "n"}, {}, firms("update", 1)),
    ("patch of nothing", "PATCH", "/firms/1", {}, {}, []),
    ("patch of the same", "PATCH", "/firms/1", {"name": "a"}, {}, []),
    (
        "bulk patch",
        "PATCH",
        "/firms/bulk/",
        [{"id": 1, "name": "n"}, {"id": 2, "name": "n"}, {"id": 3, "name": "c"}],
        {},
        firms("update", 1, 2),
    ),
    ("mass patch", "PATCH", "/firms/?name__in=a,b", {"name": "n"}, MASS, firms("update", 1, 2)),
    (
        "upsert",
        "POST",
        "/marks/bulk/?on_conflict=name",
        [{"name": "m"}, {"id": 9, "name": "o"}],
        {},
        [("marks", "create", "[9]")],
    ),
    ("key", "PATCH", "/sorts/a,1", {"place": 2}, {}, None),
    (
        "delete with a tree below",
        "DELETE",
        "/firms/1",
        None,
        {},
        firms("delete", 1, 2, 3) + bills("update", 1, 2) + [("firm_marks", "delete", LINK)],
    ),
    (
        "delete with children",
        "DELETE",
        "/bills/1",
        None,
        {},
        bills("delete", 1) + posts("delete", 1, 2),
    ),
    ("bulk delete", "DELETE", "/bills/bulk/", [2, 3], {}, bills("delete", 2, 3)),
    ("mass delete", "DELETE", "/bills/?code__in=y,z", None, MASS, bills("delete", 2, 3)),
    ("link", "PUT", "/firms/1/marks/2", None, {}, [("firm_marks", "create", "[1,2]")]),
    ("link again", "PUT", "/firms/1/marks/1", None, {}, []),
    ("unlink", "DELETE", "/firms/1/marks/1", None, {}, [("firm_marks", "delete", LINK)]),
    (
        "patch of links",
        "PATCH",
        "/firms/1",
        {"marks": [2]},
        {},
        [("firm_marks", "create", "[1,2]"), ("firm_marks", "delete", LINK)],
    ),
    (
        "batch",
        "POST",
        "/batch",
        {
            "requests": [
                {"method": "POST", "path": "/firms/", "body": {}},
                {"method": "PATCH", "path": "/firms/{0.id}", "body": {"name": "n"}},
                {"method": "DELETE", "path": "/bills/3"},
            ]
        },
        {},
        firms("create", 4) + firms("update", 4) + bills("delete", 3),
    ),
    (
        "objects",
        "POST",
        "/own/objects",
        None,
        {},
        firms("create", 4) + firms("update", 4) + bills("create", 4),
    ),
    (
        "statements",
        "POST",
        "/own/statements",
        None,
        {},
        firms("update", 1, 2, 3) + bills("delete", 3),
    ),
    (
        "objects that go",
        "POST",
        "/own/removals",
        None,
        {},
        [
            ("firm_marks", "delete", LINK),
            ("marks", "delete", "[1]"),
            ("marks", "delete", "[2]"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "expected"),
    [pytest.param(*rest, id=name) for name, *rest in EXPECTED],
)
async def test_a_write(
    client: httpx2.AsyncClient,
    database: Database,
    method: str,
    path: str,
    body: Any,
    headers: dict[str, str],
    expected: list[tuple[str, str, str]] | None,
) -> None:
    """The log has the rows that the write has changed, and no others."""
    await fill(client)
    if path.startswith("/sorts"):
        answer = await client.post("/sorts/", json={"name": "a", "place": 1, "ratio": 0.1})
        assert answer.status_code == 201, answer.text
    before = len(await check_exact(database, TABLES))
    given = {} if body is None else {"json": body}
    headers = {"X-Request-ID": "this-one", **headers}
    answer = await client.request(method, path, headers=headers, **given)
    assert answer.is_success, answer.text
    entries = (await check_exact(database, TABLES))[before:]
    space = " " if database.dialect == "postgresql" else ""
    if expected is None:
        expected = [("sorts", "create", '["a",2]'), ("sorts", "delete", '["a",1]')]
    assert told(entries) == sorted((t, o, k.replace(",", f",{space}")) for t, o, k in expected)
    assert {entry.request for entry in entries} <= {"this-one"}


REFUSED = [
    ("a value that is taken", "POST", "/bills/", {"code": "x"}),
    ("one of many", "POST", "/bills/bulk/", [{"code": "n"}, {"code": "x"}]),
    (
        "a batch",
        "POST",
        "/batch",
        {
            "requests": [
                {"method": "POST", "path": "/firms/", "body": {}},
                {"method": "POST", "path": "/bills/", "body": {"code": "x"}},
            ]
        },
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), [pytest.param(*rest, id=name) for name, *rest in REFUSED]
)
async def test_what_is_refused(
    client: httpx2.AsyncClient, database: Database, method: str, path: str, body: Any
) -> None:
    """A write that is rolled back leaves nothing in the log."""
    await fill(client)
    before = await read_log(database)
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 400, answer.text
    assert await check_exact(database, TABLES) == before


async def test_each_for_itself(client: httpx2.AsyncClient, database: Database) -> None:
    """Of rows that are written each for itself, the log has those that were not refused."""
    await fill(client)
    before = len(await read_log(database))
    rows = [{"code": "n"}, {"code": "x"}, {"code": "o"}]
    answer = await client.post("/bills/bulk/?atomic=false", json=rows)
    assert [item["status"] for item in answer.json()["items"]] == [201, 400, 201]
    entries = (await check_exact(database, TABLES))[before:]
    assert [json.loads(entry.new or "")["code"] for entry in entries] == ["n", "o"]


async def test_a_replay(client: httpx2.AsyncClient, database: Database) -> None:
    """A request that is answered as before changes nothing once more."""
    for _ in range(2):
        headers = {"Idempotency-Key": "k"}
        assert (await client.post("/firms/", json={}, headers=headers)).status_code == 201
    assert len(await check_exact(database, TABLES)) == 1

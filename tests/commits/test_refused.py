"""A refusal at COMMIT is an error on every route that writes, and nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest

from tests.http.problems import read_problem
from tests.worlds import World

from .conftest import WAYS
from .tables import BAD, BAD_TAG, KEPT_TAG

NONE = 999
"""A key that no row has."""


@dataclass(frozen=True)
class Case:
    """A request that COMMIT refuses, and the code by which it is."""

    method: str
    url: str
    body: Any = None
    code: str = "parent_not_found"
    pointer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


MASS = {"prefer": "max-affected=9"}

FOREIGN_KEYS: Mapping[str, Case] = {
    "create": Case("POST", "/tickets/", {"code": "n", "owner_id": NONE}, pointer="/owner_id"),
    "create with an include": Case(
        "POST", "/tickets/?include=owner", {"code": "n", "owner_id": NONE}, pointer="/owner_id"
    ),
    "create under a key": Case(
        "POST",
        "/tickets/",
        {"code": "n", "owner_id": NONE},
        pointer="/owner_id",
        headers={"idempotency-key": "n"},
    ),
    "nested create": Case(
        "POST",
        "/owners/",
        {"name": "n", "tickets": [{"code": "n"}, {"code": "m", "previous_id": NONE}]},
        pointer="/tickets/1/previous_id",
    ),
    "child": Case(
        "POST", "/owners/1/tickets/", {"code": "n", "previous_id": NONE}, pointer="/previous_id"
    ),
    "bulk create": Case(
        "POST",
        "/tickets/bulk/",
        [{"code": "n"}, {"code": "m", "owner_id": NONE}],
        pointer="/1/owner_id",
    ),
    "upsert": Case(
        "POST",
        "/tickets/bulk/?on_conflict=code",
        [{"code": "a"}, {"code": "n", "owner_id": NONE}],
        pointer="/1/owner_id",
    ),
    "put": Case("PUT", "/tickets/1", {"owner_id": NONE}, pointer="/owner_id"),
    "patch": Case("PATCH", "/tickets/1", {"owner_id": NONE}, pointer="/owner_id"),
    "patch of the row that is known": Case(
        "PATCH", "/tickets/1", {"owner_id": NONE}, pointer="/owner_id", headers={"if-match": "*"}
    ),
    "bulk update": Case(
        "PATCH",
        "/tickets/bulk/",
        [{"id": 2, "badge": 7}, {"id": 1, "owner_id": NONE}],
        pointer="/1/owner_id",
    ),
    "mass update": Case(
        "PATCH", "/tickets/?id__lte=2", {"owner_id": NONE}, pointer="/owner_id", headers=MASS
    ),
    "delete": Case("DELETE", "/owners/1", code="still_referenced"),
    "delete of the row that is known": Case(
        "DELETE", "/owners/1", code="still_referenced", headers={"if-match": "*"}
    ),
    "bulk delete": Case("DELETE", "/owners/bulk/", [1], "still_referenced", "/0"),
    "mass delete": Case("DELETE", "/owners/?id=1", code="still_referenced", headers=MASS),
    "own endpoint": Case("POST", "/own", {"code": "n", "owner_id": NONE}),
}

UNIQUE: Mapping[str, Case] = {
    name: Case(case.method, case.url, body, "already_exists", pointer, case.headers)
    for name, body, pointer in (
        ("create", {"code": "n", "badge": 2}, "/badge"),
        ("create with an include", {"code": "n", "badge": 2}, "/badge"),
        ("create under a key", {"code": "n", "badge": 2}, "/badge"),
        (
            "nested create",
            {"name": "n", "tickets": [{"code": "n", "badge": 2}]},
            "/tickets/0/badge",
        ),
        ("child", {"code": "n", "badge": 2}, "/badge"),
        ("bulk create", [{"code": "n"}, {"code": "m", "badge": 2}], "/1/badge"),
        ("upsert", [{"code": "a"}, {"code": "n", "badge": 2}], "/1/badge"),
        ("put", {"badge": 2}, "/badge"),
        ("patch", {"badge": 2}, "/badge"),
        ("patch of the row that is known", {"badge": 2}, "/badge"),
        ("bulk update", [{"id": 3, "badge": 7}, {"id": 1, "badge": 2}], "/1/badge"),
        ("mass update", {"badge": 7}, "/badge"),
        ("own endpoint", {"code": "n", "badge": 2}, None),
    )
    for case in (FOREIGN_KEYS[name],)
}

TRIGGERS: Mapping[str, Case] = {
    "create": Case("POST", "/tickets/", {"code": "n", "note": BAD}),
    "nested create": Case(
        "POST", "/owners/", {"name": "n", "tickets": [{"code": "n", "note": BAD}]}
    ),
    "nested parent": Case("POST", "/tickets/", {"code": "n", "owner": {"name": "n", "note": BAD}}),
    "child": Case("POST", "/owners/1/tickets/", {"code": "n", "note": BAD}),
    "bulk create": Case("POST", "/tickets/bulk/", [{"code": "n"}, {"code": "m", "note": BAD}]),
    "upsert": Case("POST", "/tickets/bulk/?on_conflict=code", [{"code": "a", "note": BAD}]),
    "put": Case("PUT", "/tickets/1", {"note": BAD}),
    "patch": Case("PATCH", "/tickets/1", {"note": BAD}),
    "bulk update": Case("PATCH", "/tickets/bulk/", [{"id": 1, "note": BAD}, {"id": 2, "badge": 8}]),
    "mass update": Case("PATCH", "/tickets/?id__lte=2", {"note": BAD}, headers=MASS),
    "delete": Case("DELETE", "/tickets/2"),
    "bulk delete": Case("DELETE", "/tickets/bulk/", [3, 2]),
    "mass delete": Case("DELETE", "/tickets/?id__gte=2", headers=MASS),
    "link": Case("PUT", f"/tickets/1/tags/{BAD_TAG}"),
    "unlink": Case("DELETE", f"/tickets/1/tags/{KEPT_TAG}"),
    "links of a new row": Case("POST", "/tickets/", {"code": "n", "tags": [BAD_TAG]}),
    "links of a row": Case("PATCH", "/tickets/1", {"tags": [BAD_TAG]}),
    "links of many rows": Case("PATCH", "/tickets/bulk/", [{"id": 1, "tags": []}, {"id": 2}]),
    "child of a link": Case("POST", f"/tags/{BAD_TAG}/tickets/", {"code": "n"}),
    "own endpoint": Case("POST", "/own", {"code": "n", "note": BAD}),
}


async def read_all(client: httpx2.AsyncClient) -> list[Any]:
    """Every row, with all links."""
    urls = ("/owners/", "/tickets/?include=tags", "/tags/")
    answers = [await client.get(url) for url in urls]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


async def send(client: httpx2.AsyncClient, case: Case) -> httpx2.Response:
    """Send a request that must leave everything as it is."""
    before = await read_all(client)
    answer: httpx2.Response = await client.request(
        case.method, case.url, json=case.body, headers=case.headers
    )
    assert await read_all(client) == before
    return answer


def check(answer: httpx2.Response, case: Case) -> None:
    """Check the problem that a case is answered with."""
    status = {"still_referenced": 409, "refused": 422}.get(case.code, 400)
    problem = read_problem(answer, status, case.code)
    if case.pointer is not None:
        assert [e["pointer"] for e in problem["errors"]] == [case.pointer], answer.text


every_way = pytest.mark.parametrize("way", WAYS)


@every_way
@pytest.mark.parametrize("name", FOREIGN_KEYS)
async def test_foreign_key(world: World, way: str, name: str) -> None:
    """A deferred foreign key names the parent that is missing, or the rows that still refer."""
    case = FOREIGN_KEYS[name]
    check(await send(world.clients[way], case), case)


@every_way
@pytest.mark.parametrize("name", UNIQUE)
async def test_unique(world: World, way: str, name: str) -> None:
    """A deferred unique constraint, which SQLite looks at at once, names the field."""
    case = UNIQUE[name]
    check(await send(world.clients[way], case), case)


@every_way
@pytest.mark.parametrize("name", TRIGGERS)
async def test_trigger(world: World, way: str, name: str) -> None:
    """A refusal of a trigger at COMMIT is reported.

    On SQLite it is a foreign key of a table that no client knows. PostgreSQL does not tell the row,
    so none of several is named.
    """
    case = TRIGGERS[name]
    answer = await send(world.clients[way], case)
    if world.dialect == "postgresql":
        problem = read_problem(answer, 422, "refused")
        if isinstance(case.body, list):
            pointers = [fault["pointer"] for fault in problem.get("errors", ())]
            assert pointers == (["/0"] if len(case.body) == 1 else [])
    else:
        assert answer.json()["code"] in ("parent_not_found", "still_referenced"), answer.text


IN_BATCHES = [
    pytest.param(case, id=f"{case.code}: {name}")
    for cases in (FOREIGN_KEYS, UNIQUE)
    for name, case in cases.items()
    if name not in ("own endpoint", "create under a key")
]
ALONGSIDE = [
    {"method": "POST", "path": "/tickets/", "body": {"code": "y", "badge": 70}},
    {"method": "PATCH", "path": "/tickets/3", "body": {"note": "y"}},
    {"method": "POST", "path": "/tags/", "body": {"name": "y"}},
]
"""Requests that nothing refuses, with which one that COMMIT refuses stands in a batch."""


@every_way
@pytest.mark.parametrize("case", IN_BATCHES)
async def test_request_of_a_batch(world: World, way: str, case: Case) -> None:
    """An error at COMMIT names the request that causes it, among others of the same tables."""
    path, headers = case.url, {name.title(): value for name, value in case.headers.items()}
    request = {"method": case.method, "path": path, "headers": headers}
    if case.body is not None:
        request["body"] = case.body
    requests = [ALONGSIDE[0], request, *ALONGSIDE[1:]]
    pointer = "/requests/1" if case.pointer is None else f"/requests/1/body{case.pointer}"
    batch = Case("POST", "/batch", {"requests": requests}, case.code, pointer)
    check(await send(world.clients[way], batch), batch)


@pytest.mark.parametrize("way", ["direct", "session"])
@pytest.mark.parametrize("name", ["create", "bulk create", "patch", "delete", "link"])
async def test_trigger_in_a_batch(world: World, way: str, name: str) -> None:
    """The request that a deferred trigger refuses is named, and not a later one of the table."""
    case = TRIGGERS[name]
    request = {"method": case.method, "path": case.url, "headers": {}}
    if case.body is not None:
        request["body"] = case.body
    batch = Case("POST", "/batch", {"requests": [ALONGSIDE[0], request, *ALONGSIDE[1:]]})
    problem = (await send(world.clients[way], batch)).json()
    if world.dialect == "postgresql":
        assert problem["code"] == "refused"
        assert {e["pointer"][:11] for e in problem["errors"]} == {"/requests/1"}, problem
    else:
        assert problem["code"] in ("parent_not_found", "still_referenced"), problem


@every_way
async def test_what_a_later_request_mends(world: World, way: str) -> None:
    """A parent that a later request replaces refuses no earlier one."""
    requests = [
        {"method": "POST", "path": "/tickets/", "body": {"code": "n", "previous_id": NONE}},
        {"method": "POST", "path": "/tickets/", "body": {"code": "m", "previous_id": NONE}},
        {"method": "PATCH", "path": "/tickets/{0.id}", "body": {"previous_id": None}},
    ]
    batch = Case("POST", "/batch", {"requests": requests}, pointer="/requests/1/body/previous_id")
    check(await send(world.clients[way], batch), batch)


@every_way
@pytest.mark.parametrize("name", ["create", "upsert", "patch", "bulk delete"])
async def test_tried(world: World, way: str, name: str) -> None:
    """A write that is only tried is refused as by COMMIT, but for foreign keys of SQLite."""
    cases = [case for cases in (FOREIGN_KEYS, UNIQUE) if (case := cases.get(name)) is not None]
    for case in cases:
        trial = replace(case, headers={"prefer": "tx=rollback"})
        answer = await send(world.clients[way], trial)
        if world.dialect == "postgresql" or case.code == "already_exists":
            check(answer, case)
        else:
            assert answer.is_success, answer.text


@every_way
async def test_rows_each_for_itself(world: World, way: str) -> None:
    """PostgreSQL tells the row that COMMIT would refuse; SQLite can't, and stores none."""
    client = world.clients[way]
    before = await read_all(client)
    rows = [{"code": "n"}, {"code": "m", "owner_id": NONE}]
    answer = await client.post("/tickets/bulk/?atomic=false", json=rows)
    if world.dialect == "postgresql":
        assert [item["status"] for item in answer.json()["items"]] == [201, 400]
        assert (await client.get("/tickets/?code__in=n,m")).json()["total"] == 1
    else:
        read_problem(answer, 400, "parent_not_found")
        assert await read_all(client) == before


@every_way
async def test_after_a_refused_commit(world: World, way: str) -> None:
    """A key whose request COMMIT has refused is free, and the next request is served."""
    client, headers = world.clients[way], {"idempotency-key": "again"}
    case = FOREIGN_KEYS["create"]
    check(await client.post(case.url, json=case.body, headers=headers), case)
    answer = await client.post("/owners/", json={"id": None, "name": "n"})
    assert answer.status_code == 422
    answer = await client.post(case.url, json={"code": "n", "owner_id": 1}, headers=headers)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)

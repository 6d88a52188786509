"""The example of many organisations: permissions, and isolation of their data."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from examples import invoices as example
from modelwire import Database
from modelwire.testing import assert_isolated
from tests.conftest import create_postgres_database, open_client, use_sessions

Headers = dict[str, str]
PASSWORD = "correct horse battery"


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Any, worker_id: str
) -> AsyncIterator[Database]:
    """A database of its own, for the tables of the example."""
    url = f"sqlite:///{tmp_path}/invoices.db"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_postgres_database(server, f"modelwire_invoices_{worker_id}")
    made = Database(url, metadata=example.Table.metadata)
    await made.init_db()
    yield made
    await made.close_db()


@pytest.fixture(autouse=True)
def _hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time and no memory."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(example, "HASHER", quick)


@pytest.fixture
def app(database: Database, lane: str) -> FastAPI:
    """The example."""
    made = example.create_app(database)
    if lane == "session":
        use_sessions(made, database)
    return made


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the example."""
    async with open_client(app) as made:
        yield made


async def join(client: httpx2.AsyncClient, name: str) -> Headers:
    """Sign up and log in; return the headers that identify the caller."""
    form = {"username": f"{name}@example.com", "password": PASSWORD}
    answer = await client.post("/sign-up", data=form)
    assert answer.status_code == 201, answer.text
    answer = await client.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def enter(app: FastAPI, name: str) -> Headers:
    """The same without a loop, as a test that is no coroutine does it."""
    form = {"username": f"{name}@example.com", "password": PASSWORD}
    with TestClient(app) as client:
        client.post("/sign-up", data=form)
        token = client.post("/token", data=form).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def store(client: httpx2.AsyncClient, path: str, who: Headers, **body: Any) -> Any:
    """Store a row; gives it."""
    answer = await client.post(path, json=body, headers=who)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def take_in(client: httpx2.AsyncClient, who: Headers, user_id: int, role: str) -> None:
    """Add a user to the first organisation."""
    await store(client, "/memberships/", who, organisation_id=1, user_id=user_id, role=role)


async def draft(client: httpx2.AsyncClient, who: Headers, organisation: int, **more: Any) -> Any:
    """Store an organisation's customer, and a draft with a line."""
    owner = {"organisation_id": organisation}
    customer = await store(client, "/customers/", who, name="Acme", **owner)
    body = {"customer_id": customer["id"], "due_on": "2030-01-31", **owner, **more}
    lines = [{"text": "Lamp", "quantity": 2, "price": "12.50"}]
    return await store(client, "/invoices/?include=lines", who, lines=lines, **body)


async def test_password_is_asked_and_never_shown(client: httpx2.AsyncClient) -> None:
    """A login without the password gets no token, and no response has a hash."""
    await join(client, "ann")
    for form in ({"username": "ann@example.com"}, {"username": "eve@example.com"}):
        answer = await client.post("/token", data={**form, "password": "not the right one"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    weak = {"username": "eve@example.com", "password": "short"}
    assert (await client.post("/sign-up", data=weak)).status_code == 422
    again = {"username": "Ann@example.com", "password": PASSWORD}
    answer = await client.post("/sign-up", data=again)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/username"]
    eve = {"username": "eve@example.com", "password": PASSWORD}
    answer = await client.post("/sign-up", data=eve)
    assert answer.json().keys() == {"id", "email"}


async def test_token_must_be_ours(client: httpx2.AsyncClient) -> None:
    """A malformed token, one with another signature and one without an end are refused."""
    await join(client, "ann")
    tokens = [
        "no-token",
        jwt.encode({"sub": "1", "exp": 4_000_000_000}, "x" * 32, "HS256"),
        jwt.encode({"sub": "1"}, example.SECRET, "HS256"),
        jwt.encode({"sub": "1", "exp": 1}, example.SECRET, "HS256"),
        jwt.encode({"sub": "ann", "exp": 4_000_000_000}, example.SECRET, "HS256"),
    ]
    for token in tokens:
        answer = await client.get("/invoices/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token
    assert (await client.get("/invoices/")).status_code == 401


async def test_roles(client: httpx2.AsyncClient) -> None:
    """An owner does everything, a member works, a viewer looks on, others see nothing."""
    ann, ben, cat, eve = [await join(client, name) for name in ("ann", "ben", "cat", "eve")]
    await store(client, "/organisations/", ann, name="Lamps")
    await take_in(client, ann, 2, "member")
    await take_in(client, ann, 3, "viewer")
    invoice = await draft(client, ben, 1)
    assert invoice["created_by_id"] == 2
    for who, seen in ((ann, 1), (ben, 1), (cat, 1), (eve, 0)):
        for path in ("/invoices/", "/lines/", "/customers/", "/organisations/"):
            assert (await client.get(path, headers=who)).json()["total"] == seen, path
    change = {"due_on": "2031-01-01"}
    for who, status in ((ann, 200), (ben, 200), (cat, 403), (eve, 404)):
        answer = await client.patch("/invoices/1", json=change, headers=who)
        assert answer.status_code == status
        answer = await client.patch("/lines/1", json={"text": "Lamp"}, headers=who)
        assert answer.status_code == status
    for who, status in ((ben, 403), (cat, 403), (eve, 404), (ann, 200)):
        answer = await client.patch("/organisations/1", json={"name": "L"}, headers=who)
        assert answer.status_code == status
        answer = await client.patch("/memberships/1,3", json={"role": "viewer"}, headers=who)
        assert answer.status_code == status
    body = {"organisation_id": 1, "user_id": 4, "role": "owner"}
    for who, status in ((ben, 403), (cat, 403), (eve, 400)):
        answer = await client.post("/memberships/", json=body, headers=who)
        assert answer.status_code == status, answer.text


async def test_issued_invoice_is_not_changed(client: httpx2.AsyncClient) -> None:
    """A draft may change; an issued invoice may only be paid, by any caller."""
    ann, eve = [await join(client, name) for name in ("ann", "eve")]
    await store(client, "/organisations/", ann, name="Lamps")
    await draft(client, ann, 1)
    payment = {"invoice_id": 1, "amount": "25", "paid_on": "2030-01-01"}
    assert (await client.post("/payments/", json=payment, headers=ann)).status_code == 403
    assert (await client.post("/invoices/1/issue", headers=eve)).status_code == 404
    issued = await client.post("/invoices/1/issue", headers=ann)
    assert issued.status_code == 200
    assert issued.json()["status"] == "issued"
    assert (await client.post("/invoices/1/issue", headers=ann)).status_code == 404
    line = {"invoice_id": 1, "text": "Desk", "price": "1"}
    for method, path, body in (
        ("PATCH", "/invoices/1", {"due_on": "2031-01-01"}),
        ("PATCH", "/invoices/1", {"status": "draft"}),
        ("PATCH", "/invoices/bulk/", [{"id": 1, "due_on": "2031-01-01"}]),
        ("PATCH", "/lines/1", {"price": "0"}),
        ("PATCH", "/lines/?text=Lamp", {"price": "0"}),
        ("DELETE", "/lines/1", None),
        ("POST", "/lines/", line),
        ("POST", "/lines/bulk/", [line]),
    ):
        headers = {**ann, "Prefer": "max-affected=9"}
        answer = await client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 403, (method, path, answer.text)
    assert (await client.post("/payments/", json=payment, headers=ann)).status_code == 201


async def test_customer_is_of_the_same_organisation(client: httpx2.AsyncClient) -> None:
    """A member of two organisations can't mix them up, and names no other's customers."""
    ann, eve = [await join(client, name) for name in ("ann", "eve")]
    for name in ("Lamps", "Desks"):
        await store(client, "/organisations/", ann, name=name)
    await store(client, "/organisations/", eve, name="Eve's")
    for who, number in ((ann, 1), (ann, 2), (eve, 3)):
        await draft(client, who, number)
    answer = await client.patch("/invoices/1", json={"customer_id": 2}, headers=ann)
    assert answer.status_code == 403
    moved = {"organisation_id": 2, "customer_id": 2}
    answer = await client.patch("/invoices/1", json=moved, headers=ann)
    assert answer.status_code == 422
    there = await client.patch("/invoices/1", json={"customer_id": 3}, headers=ann)
    nowhere = await client.patch("/invoices/1", json={"customer_id": 99}, headers=ann)
    assert there.status_code == nowhere.status_code == 400
    assert there.content == nowhere.content
    for organisation in (3, 99):
        body = {"organisation_id": organisation, "customer_id": 1, "due_on": "2030-01-01"}
        answer = await client.post("/invoices/", json=body, headers=ann)
        assert answer.status_code == 400
        assert answer.json()["code"] == "parent_not_found"


async def test_numbers_and_totals(client: httpx2.AsyncClient) -> None:
    """Each organisation counts its own invoices, also where some were refused; totals keep up."""
    ann, eve = [await join(client, name) for name in ("ann", "eve")]
    for who in (ann, eve):
        await store(client, "/organisations/", who, name="Lamps")
    first = await draft(client, ann, 1)
    assert (first["number"], first["total"]) == (1, "25.00")
    assert (await draft(client, eve, 2))["number"] == 1
    good = {"organisation_id": 1, "customer_id": 1, "due_on": "2030-01-01"}
    for customer, status in ((2, 400), (1, 201)):
        rows = [good, {**good, "customer_id": customer}]
        answer = await client.post("/invoices/bulk/", json=rows, headers=ann)
        assert answer.status_code == status, answer.text
    shown = (await client.get("/invoices/?sort=id", headers=ann)).json()["items"]
    assert [row["number"] for row in shown] == [1, 2, 3]
    line = await store(client, "/lines/", ann, invoice_id=1, text="Desk", price="0.50")
    for method, path, body, total in (
        ("PATCH", f"/lines/{line['id']}", {"quantity": 3}, "26.50"),
        ("PATCH", f"/lines/{line['id']}", {"invoice_id": 3}, "25.00"),
        ("DELETE", "/lines/1", None, "0.00"),
    ):
        answer = await client.request(method, path, json=body, headers=ann)
        assert answer.is_success, answer.text
        shown = (await client.get("/invoices/1", headers=ann)).json()
        assert shown["total"] == total, path
    assert (await client.get("/invoices/3", headers=ann)).json()["total"] == "1.50"
    assert (await client.delete("/invoices/1", headers=ann)).status_code == 405


async def test_invoices_at_once_have_numbers_in_a_row(client: httpx2.AsyncClient) -> None:
    """Requests that run together leave no gap, and no number twice."""
    ann = await join(client, "ann")
    await store(client, "/organisations/", ann, name="Lamps")
    await store(client, "/customers/", ann, organisation_id=1, name="Acme")
    body = {"organisation_id": 1, "customer_id": 1, "due_on": "2030-01-01"}
    many = (store(client, "/invoices/", ann, **body) for _ in range(8))
    rows = await asyncio.gather(*many)
    assert sorted(row["number"] for row in rows) == list(range(1, 9))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_isolated(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, worker_id: str
) -> None:
    """No caller sees or changes what belongs to another."""
    url = f"sqlite:///{tmp_path}/invoices.db"
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = asyncio.run(create_postgres_database(server, f"modelwire_isolated_{worker_id}"))
    app = example.create_app(Database(url, metadata=example.Table.metadata))
    alice, bob = (enter(app, name) for name in ("alice", "bob"))
    assert_isolated(app, alice=alice, bob=bob, unfilled=["payments"])

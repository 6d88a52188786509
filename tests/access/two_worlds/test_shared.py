"""State that requests share, and the order of refusals."""

import asyncio
from random import Random

import httpx2
import pytest

from tests.lanes import LANES

from .planted import find_plants
from .requests import Request
from .rows import Rows, draw_rows
from .served import Told, Worlds, ask, read_rows
from .tables import Member

ADMIN = Member(1, [1, 2], is_admin=True)
OTHER = Member(2, [3])
TOTAL = Request("GET", "/invoices/?is_public=false&limit=1&count=exact")


async def find_wrong_totals(worlds: Worlds) -> list[int]:
    """Ask for the same total as several callers at once, many times."""
    rows = _invoices()
    await worlds.fill(rows, ADMIN)
    callers = [Member(i, [i % 4 + 1]) for i in range(24)]
    client = worlds.full.clients["direct"]
    found = await asyncio.gather(*(ask(client, TOTAL, who) for who in callers))
    return [i for i, told in enumerate(found) if f'"total":{i % 4 + 2},'.encode() not in told.body]


def _invoices() -> Rows:
    """One more invoice for each organisation than for the one before it, and two of the first."""
    rows = {**draw_rows(Random(1))}
    owners = [owner for owner in (1, 2, 3, 4) for _ in range(owner + 1)]
    invoice = {"is_public": False, "mood": None, "customer_id": None, "copy_of_id": None}
    plain = {**invoice, "total": None, "issued_at": None}
    rows["invoices"] = [
        {"id": i, "number": f"N{i}", "organisation_id": owner, **plain}
        for i, owner in enumerate(owners)
    ]
    return rows


async def test_totals(worlds: Worlds) -> None:
    """Callers who ask at the same time get their own totals."""
    for _ in range(3):
        assert not await find_wrong_totals(worlds)


async def test_shared_totals_are_noticed(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a count shared by what is asked alone, this would tell."""
    if worlds.full.dialect == "sqlite":
        pytest.skip("small counts of a file end before another request is looked at")
    (plant,) = (p for p in find_plants() if str(p) == "pipeline/lists.py:_count:take_from:0")
    plant.install(monkeypatch)
    for _ in range(10):
        if await find_wrong_totals(worlds):
            return
    pytest.fail("nobody was told another one's total")


@pytest.mark.parametrize("lane", LANES)
async def test_replays(worlds: Worlds, lane: str) -> None:
    """The same key of two callers is two keys."""
    await worlds.fill(_invoices(), ADMIN)
    client = worlds.full.clients[lane]
    body = {"id": 90, "number": "X", "organisation_id": 1}
    create = Request("POST", "/invoices/", body, headers={"idempotency-key": "one"})
    first, again = [await ask(client, create, ADMIN) for _ in range(2)]
    assert (first.status, again.status) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    other = await ask(client, create, OTHER)
    assert other.status == 400
    assert b"Organisation not found" in other.body
    assert "idempotency-replayed" not in other.headers


async def told_of(client: httpx2.AsyncClient, key: int, who: Member | None, **tag: str) -> Told:
    headers = {name.replace("_", "-"): value for name, value in tag.items()}
    told = [
        await ask(client, Request(method, f"/invoices/{key}", body, headers), who)
        for method, body in (("PATCH", {"total": "1.00"}), ("DELETE", None))
    ]
    assert len({(t.status, t.body) for t in told}) <= (2 if told[0].status == 403 else 1)
    assert told[0].status == told[1].status
    return told[0]


@pytest.mark.parametrize("lane", LANES)
async def test_order_of_refusals(worlds: Worlds, lane: str) -> None:
    """401, then 404, then 403, then 412, whatever else is wrong; and nothing changes."""
    rows = _invoices()
    for invoice in rows["invoices"]:
        invoice["is_public"] = invoice["organisation_id"] == 4
    await worlds.fill(rows, ADMIN)
    before = await read_rows(worlds.full.database)
    client = worlds.full.clients[lane]
    own, hidden, public, none = 0, 5, 9, 99
    assert rows["invoices"][hidden]["organisation_id"] == 3
    assert rows["invoices"][public]["organisation_id"] == 4
    for tag in ({}, {"if_match": '"none"'}):
        for key in (own, hidden, public, none):
            assert (await told_of(client, key, None, **tag)).status == 401
        missing = await told_of(client, none, ADMIN, **tag)
        assert missing.status == 404
        assert await told_of(client, hidden, ADMIN, **tag) == missing
        assert (await told_of(client, public, ADMIN, **tag)).status == 403
    assert (await told_of(client, own, ADMIN, if_match='"none"')).status == 412
    assert await read_rows(worlds.full.database) == before

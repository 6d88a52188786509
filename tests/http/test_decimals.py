"""Decimals: alike on both databases, however they are written."""

from decimal import Decimal
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import MakeClient


class Dose(SQLModel, table=True):
    """Decimals of any scale, of two and of no digits after the point."""

    __tablename__ = "doses"

    amount: Decimal = Field(primary_key=True)
    price: Decimal | None = Field(default=None, max_digits=12, decimal_places=2)
    count: Decimal | None = Field(default=None, max_digits=15, decimal_places=0)


@pytest_asyncio.fixture
async def doses(make_client: MakeClient) -> httpx2.AsyncClient:
    client: httpx2.AsyncClient = await make_client(Resource(Dose))
    return client


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("1E+2", "100"),
        ("1e-3", "0.001"),
        ("1E+20", "100000000000000000000"),
        ("12e18", "12000000000000000000"),
        (1e22, "10000000000000000000000"),
        ("-0.50", "-0.5"),
        ("100.00", "100"),
        ("0E+5", "0"),
        ("0.000", "0"),
        ("1234.5678", "1234.5678"),
    ],
)
async def test_number_without_a_scale(
    doses: httpx2.AsyncClient, given: str | float, stored: str
) -> None:
    """A number of any scale is written without an exponent and without zeros at its end, and its
    path leads to it."""
    answer = await doses.post("/doses/", json={"amount": given})
    assert answer.status_code == 201, answer.text
    assert answer.json()["amount"] == stored
    assert answer.headers["location"] == f"/doses/{stored}"
    answer = await doses.get(answer.headers["location"])
    assert (answer.status_code, answer.json()["amount"]) == (200, stored)


@pytest.mark.parametrize(
    ("given", "price", "count"),
    [("1E+2", "100.00", "100"), ("0", "0.00", "0"), ("12E8", "1200000000.00", "1200000000")],
)
async def test_number_with_a_scale(
    doses: httpx2.AsyncClient, given: str, price: str, count: str
) -> None:
    """A number of a scale is written with as many digits after the point."""
    answer = await doses.post("/doses/", json={"amount": 1, "price": given, "count": given})
    assert answer.json() == {"amount": "1", "price": price, "count": count}


async def test_exponents_in_filters(doses: httpx2.AsyncClient) -> None:
    """A filter compares numbers, however they are written."""
    rows = [{"amount": amount} for amount in ("1E+2", "1e-3", "5")]
    await doses.post("/doses/bulk/", json=rows)
    for query, found in (
        ("amount=1E%2B2", ["100"]),
        ("amount=1e2", ["100"]),
        ("amount__in=1E%2B2,.1e-2", ["0.001", "100"]),
        ("amount__between=1e-4,5E0", ["0.001", "5"]),
        ("or=(amount:1E%2B2,not(amount__lt:5e0))", ["5", "100"]),
        ("amount__gt=1e-900", ["0.001", "5", "100"]),
        ("amount__lt=1e-900", []),
    ):
        page = (await doses.get(f"/doses/?{query}")).json()
        assert [row["amount"] for row in page["items"]] == found, query


async def test_exponents_in_paths_and_bulk(doses: httpx2.AsyncClient) -> None:
    """A key with an exponent names the row with that number."""
    await doses.post("/doses/bulk/", json=[{"amount": "100"}, {"amount": "1.50"}])
    assert (await doses.get("/doses/1E%2B2")).json()["amount"] == "100"
    changes = [{"amount": "1E+2", "price": 1}, {"amount": 1.5, "price": "2e0"}]
    answer = await doses.patch("/doses/bulk/", json=changes)
    shown = [(row["amount"], row["price"]) for row in answer.json()]
    assert shown == [("100", "1.00"), ("1.5", "2.00")]
    assert (await doses.request("DELETE", "/doses/bulk/", json=["1E+2", 1.5])).status_code == 204


async def test_exponents_in_cursors(doses: httpx2.AsyncClient) -> None:
    """A walk by cursor passes numbers of every size, forward and backward, each once."""
    amounts = ["-1E+20", "-1e-9", "0", "1e-12", "1.5", "100", "1E+21"]
    await doses.post("/doses/bulk/", json=[{"amount": amount} for amount in amounts])
    for sort in ("amount", "-amount"):
        seen: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await doses.get(f"/doses/?sort={sort}&limit=2&cursor={cursor}")).json()
            seen += [Decimal(row["amount"]) for row in page["items"]]
            cursor = page["next"]
        assert seen == sorted(map(Decimal, amounts), reverse=sort.startswith("-"))

"""Decimals with few and many places, which SQLite stores as floats."""

import random
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import Numeric, text
from sqlalchemy.orm import column_property, registry
from sqlmodel import Field, SQLModel, col

from modelwire import Database, Resource
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests."""


PLACES = (0, 2, 4, 8, 12, 18, 22, 24)


class Coin(Base, table=True):
    __tablename__ = "coins"

    id: int | None = Field(default=None, primary_key=True)
    p0: Decimal | None = Field(default=None, sa_type=Numeric(20, 0))
    p2: Decimal | None = Field(default=None, sa_type=Numeric(22, 2))
    p4: Decimal | None = Field(default=None, sa_type=Numeric(24, 4))
    p8: Decimal | None = Field(default=None, sa_type=Numeric(28, 8))
    p12: Decimal | None = Field(default=None, sa_type=Numeric(32, 12))
    p18: Decimal | None = Field(default=None, sa_type=Numeric(38, 18))
    p22: Decimal | None = Field(default=None, sa_type=Numeric(42, 22))
    p24: Decimal | None = Field(default=None, sa_type=Numeric(44, 24))


Coin.opposite = column_property(-1 * col(Coin.p8))

UNLUCKY = {
    2: "1234567890123.45",
    4: "78123456789012.3",
    8: "0.00000982 0.00000491 0.00749915 41441130.34203 39096603.7",
    12: "0.000000123457 123456789.012345",
    18: "1.00000000000001 12345.6789",
    24: "0.000000000000000000000123 1.1",
}
"""Values that SQLite's own functions round to other floats than the nearest ones."""


def values(places: int) -> Iterator[str]:
    """Unlucky values, and others that are drawn, of at most 15 digits."""
    yield from UNLUCKY.get(places, "").split()
    draw = random.Random(places)
    for _ in range(20):
        digits, scale = draw.randint(1, 15), draw.randint(0, places)
        number = Decimal(draw.randrange(1, 10**digits)).scaleb(-scale)
        yield f"{draw.choice((1, -1)) * number:f}"


@pytest_asyncio.fixture(params=DIALECTS)
async def database(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[Database]:
    """A database with a table of coins."""
    made = Database(await make_url(request.param, "places"), metadata=Base.metadata, **PATIENT)
    await made.init_db()
    yield made
    await made.close_db()


@pytest_asyncio.fixture
async def client(database: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the coins."""
    async with open_client(make_app(database, lane, (Resource(Coin),), {})) as made:
        yield made


@pytest.mark.parametrize("places", PLACES)
async def test_found_and_shown(client: httpx2.AsyncClient, places: int) -> None:
    """A decimal is found by its value, and groups, minima and parts of pages show it unchanged."""
    name = f"p{places}"
    sent = list(values(places))
    made = await client.post("/coins/bulk/", json=[{name: value} for value in sent])
    assert made.status_code == 201, made.text
    for row, value in zip(made.json(), sent, strict=True):
        assert Decimal(row[name]) == Decimal(value)
        for operator in ("eq", "gte", "lte", "in"):
            query = {f"{name}__{operator}": row[name], "id": row["id"]}
            page = (await client.get("/coins/", params=query)).json()
            assert page["items"] == [row], (operator, row[name])
        query = {"group": name, "measures": f"{name}:min,{name}:max,{name}:sum", "id": row["id"]}
        (item,) = (await client.get("/coins/aggregate", params=query)).json()["items"]
        assert set(item.values()) == {row[name]}
    page = (await client.get("/coins/", params={"sort": name, "limit": 100})).json()
    shown = [Decimal(row[name]) for row in page["items"]]
    assert shown == sorted(map(Decimal, sent))


async def test_computed(client: httpx2.AsyncClient) -> None:
    """The same holds for a decimal that is computed."""
    sent = [value for value in values(8) if abs(Decimal(value)) < 10**7]
    made = await client.post("/coins/bulk/", json=[{"p8": value} for value in sent])
    for row, value in zip(made.json(), sent, strict=True):
        assert Decimal(row["opposite"]) == -Decimal(value)
        query = {"opposite": row["opposite"], "id": row["id"], "fields": "opposite"}
        page = (await client.get("/coins/", params=query)).json()
        assert page["items"] == [{"opposite": row["opposite"]}]


async def test_noise(database: Database, client: httpx2.AsyncClient) -> None:
    """Noise of floats that another program has stored on SQLite is neither shown nor compared."""
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO coins (p2, p8) VALUES (0.1 + 0.2, 1.1 + 2.2)"))
    page = (await client.get("/coins/?p2=0.3&p8=3.3&fields=p2,p8")).json()
    assert page["items"] == [{"p2": "0.30", "p8": "3.30000000"}]

"""Decimals are computed exactly on both databases, and so are sums of them."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import MetaData, Numeric, case, delete, func, insert, select
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from modelwire import Resource
from tests import worlds
from tests.worlds import World


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Fund(Base, table=True):
    __tablename__ = "funds"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str


class Share(Base, table=True):
    __tablename__ = "shares"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    price: Decimal = Field(sa_type=Numeric(10, 2))
    rate: Decimal = Field(sa_type=Numeric(8, 5))
    units: int
    fund_id: int = Field(foreign_key="funds.id")


OWN = col(Share.fund_id) == col(Fund.id)

RESOURCES = (
    Resource(
        Fund,
        computed={
            "total": select(func.coalesce(func.sum(col(Share.price)), 0)).where(OWN),
            "worth": select(func.sum(col(Share.price) * col(Share.units))).where(OWN),
        },
    ),
    Resource(
        Share,
        computed={
            "sum": col(Share.price) + col(Share.rate),
            "product": col(Share.rate) * col(Share.price),
            "less": -(col(Share.price) - col(Share.rate)) * 2,
            "either": case((col(Share.units) > 5, col(Share.rate)), else_=col(Share.price)),
            "third": func.round(col(Share.price) / 4, 1, type_=Numeric(10, 1)),
            "half": col(Share.price) / 2,
        },
    ),
)

world = worlds.make_world_fixture("decimals", Base.metadata, worlds.on_lanes(RESOURCES))

PLACES = {"sum": 5, "product": 7, "less": 5, "either": 5, "half": 2}


def draw_shares(draw: random.Random, count: int) -> list[dict[str, Any]]:
    """Shares. Prices are even in their last digit, and no product has more than 15 digits."""
    return [
        {
            "id": i,
            "price": Decimal(draw.choice((draw.randint(-999, 999), draw.randint(0, 10**7)))) / 50,
            "rate": Decimal(draw.randint(-(10**6), 10**6)) / 10**5,
            "units": draw.randint(0, 9),
            "fund_id": draw.choice((1, 2)),
        }
        for i in range(1, count)
    ]


def compute(share: dict[str, Any]) -> dict[str, Decimal]:
    price, rate = share["price"], share["rate"]
    found = {
        "sum": price + rate,
        "product": rate * price,
        "less": -(price - rate) * 2,
        "either": rate if share["units"] > 5 else price,
        "half": price / 2,
    }
    return {name: value.quantize(Decimal(1).scaleb(-PLACES[name])) for name, value in found.items()}


async def fill(world: World, shares: Sequence[dict[str, Any]]) -> None:
    async with world.database.engine.begin() as connection:
        await connection.execute(delete(Share))
        await connection.execute(delete(Fund))
        await connection.execute(insert(Fund), [{"id": i, "name": f"F{i}"} for i in (1, 2, 3)])
        await connection.execute(insert(Share), list(shares))


@pytest.mark.parametrize("seed", range(3))
async def test_decimals(world: World, lane: str, seed: int) -> None:
    """Values, filters, and sums have each digit that the decimals have."""
    draw, client = random.Random(seed), world.clients[lane]
    shares = draw_shares(draw, 30)
    await fill(world, shares)
    expected = {share["id"]: compute(share) for share in shares}
    answer = await client.get("/shares/", params={"limit": 100})
    for item in answer.json()["items"]:
        assert {n: item[n] for n in PLACES} == {
            n: f"{v:f}" for n, v in expected[item["id"]].items()
        }
        found = await client.get("/shares/", params={"sum": item["sum"], "limit": 100})
        assert item["id"] in [row["id"] for row in found.json()["items"]]
    for name in PLACES:
        sums = await client.get(
            "/shares/aggregate", params={"measures": f"{name}:sum,{name}:avg,{name}:max"}
        )
        values = [share[name] for share in expected.values()]
        (item,) = sums.json()["items"]
        assert item[f"{name}:sum"] == f"{sum(values):f}"
        assert item[f"{name}:max"] == f"{max(values):f}"
    funds = (await client.get("/funds/", params={"sort": "id"})).json()["items"]
    for fund in funds:
        own = [share for share in shares if share["fund_id"] == fund["id"]]
        assert Decimal(fund["total"]) == sum(share["price"] for share in own)
        worth = sum(share["price"] * share["units"] for share in own)
        assert fund["worth"] == (f"{worth:.2f}" if own else None)

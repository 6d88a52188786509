"""Errors point into the body as it was sent, where its names are not those of answers."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic import Field as Value

from modelwire import Resource
from tests import zoo


class NewLine(BaseModel):
    """A line whose fields have names of their own, some of them several, or a deep place."""

    sku: str = Value(validation_alias="articleNumber")
    quantity: int = Value(default=1, validation_alias=AliasPath("amount", "pieces"))
    low: int = Value(default=0, validation_alias=AliasChoices("low", "lowest"))
    category_id: int | None = Value(default=None, alias="categoryId")


class NewCity(BaseModel):
    country_code: str = Value(default="", alias="countryCode")
    name: str = Value(alias="cityName")
    population: int | None = None


RESOURCES = (
    Resource(zoo.OrderLine, create_schema=NewLine),
    Resource(zoo.Category),
    Resource(zoo.Country, includes=["cities"], nested_writes=["cities"]),
    Resource(zoo.City, create_schema=NewCity),
)
LINE = {"articleNumber": "a"}


@pytest_asyncio.fixture
async def client(make_client: Callable[..., Any]) -> httpx2.AsyncClient:
    client: httpx2.AsyncClient = await make_client(*RESOURCES)
    assert (await client.post("/order_lines/", json=LINE)).status_code == 201
    return client


def pointers_of(answer: httpx2.Response) -> list[str]:
    return [fault["pointer"] for fault in answer.json()["errors"]]


CASES = [
    ("/order_lines/", LINE, ["/articleNumber"]),
    ("/order_lines/bulk/", [{"articleNumber": "b"}, LINE], ["/1/articleNumber"]),
    ("/order_lines/", {"articleNumber": "b", "categoryId": 9}, ["/categoryId"]),
    ("/order_lines/", {"articleNumber": "b", "amount": {"pieces": 0}}, ["/amount/pieces"]),
    ("/order_lines/", {"articleNumber": "b", "amount": {"pieces": 2**40}}, ["/amount/pieces"]),
    ("/order_lines/", {"articleNumber": "b", "lowest": 11}, ["/lowest", "/high"]),
    ("/order_lines/", {"articleNumber": "b", "low": 11}, ["/low", "/high"]),
    (
        "/countries/",
        {"code": "no", "name": "N", "cities": [{"cityName": "Oslo"}, {"cityName": "Oslo"}]},
        ["/cities/1/countryCode", "/cities/1/cityName"],
    ),
]


@pytest.mark.parametrize(("path", "body", "pointers"), CASES)
async def test_creates(
    client: httpx2.AsyncClient, path: str, body: Any, pointers: list[str]
) -> None:
    """A new row that the database refuses, in bulk and nested too."""
    assert pointers_of(await client.post(path, json=body)) == pointers


async def test_changes(client: httpx2.AsyncClient) -> None:
    """A change, alone and in a batch, and a row among others that are stored."""
    (line,) = (await client.get("/order_lines/")).json()["items"]
    change = {"method": "PATCH", "path": f"/order_lines/{line['id']}", "body": {"categoryId": 9}}
    alone = await client.patch(f"/order_lines/{line['id']}", json=change["body"])
    assert pointers_of(alone) == ["/categoryId"]
    batch = await client.post("/batch", json={"requests": [change]})
    assert pointers_of(batch) == ["/requests/0/body/categoryId"]
    each = await client.post("/order_lines/bulk/", params={"atomic": "false"}, json=[LINE])
    (outcome,) = each.json()["items"]
    assert outcome["problem"]["errors"][0]["pointer"] == "/0/articleNumber"

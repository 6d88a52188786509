"""Random questions about what is computed, against plain Python, with and without policies."""

import json
import operator
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from httpx2 import AsyncClient

from .conftest import World
from .plain import Reader, Row, compute, draw_rows

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
FIELDS = ("gross", "units", "siblings", "customer_name", "label")


def plain(row: Row, name: str) -> Any:
    return Decimal(row[name]) if name == "gross" else row[name]


def rank(row: Row, name: str) -> tuple[bool, Any]:
    """NULL is larger than anything."""
    value = plain(row, name)
    return value is None, 0 if value is None else value


class Question:
    """Filters and an order that are drawn, and what they find."""

    def __init__(self, draw: random.Random, rows: list[Row]) -> None:
        name, by = draw.choice(FIELDS), draw.choice(FIELDS)
        known = [row[name] for row in rows if row[name] is not None]
        value = draw.choice(known or ["1"])
        word = draw.choice(sorted(OPERATORS))
        down = draw.random() < 0.5
        self.query = {f"{name}__{word}": value, "sort": f"{'-' * down}{by},id"}
        self.found = [r for r in rows if self._holds(r, name, word, value)]
        self.found.sort(key=lambda row: rank(row, by), reverse=down)

    def _holds(self, row: Row, name: str, word: str, value: Any) -> bool:
        mine, other = plain(row, name), plain({name: value}, name)
        return mine is not None and OPERATORS[word](mine, other)


async def read_pages(client: AsyncClient, query: Mapping[str, Any]) -> list[Row]:
    """All pages, by their cursors."""
    found: list[Row] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get("/invoices/", params={**query, "limit": 2, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next"]
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("is_guarded", [False, True], ids=["open", "guarded"])
async def test_questions(world: World, lane: str, *, is_guarded: bool, seed: int) -> None:
    """Lists, their pages by cursor, and sums have what plain Python computes."""
    draw = random.Random(seed)
    rows = draw_rows(draw)
    await world.fill(rows)
    reader = Reader(draw.randint(1, 9), draw.sample((1, 2, 3), 2)) if is_guarded else Reader()
    client = world.clients[f"guarded {lane}" if is_guarded else lane]
    client.headers["x-reader"] = json.dumps({**reader._asdict(), "id": f"{seed}"})
    expected = compute(rows, reader)
    listed = await client.get("/invoices/", params={"limit": 20})
    assert listed.json()["items"] == expected
    for _ in range(8):
        question = Question(draw, expected)
        answer = await client.get("/invoices/", params={**question.query, "limit": 20})
        assert answer.json().get("items") == question.found, (question.query, answer.text)
        assert await read_pages(client, question.query) == question.found
    sums = await client.get("/invoices/aggregate", params={"measures": "units:sum,count"})
    total = sum(row["units"] for row in expected) if expected else None
    assert sums.json()["items"] == [{"units:sum": total, "count": len(expected)}]
    by_name = await client.get("/invoices/aggregate?group=customer_name&measures=count")
    counts = {item["customer_name"]: item["count"] for item in by_name.json()["items"]}
    names = [row["customer_name"] for row in expected]
    assert counts == {name: names.count(name) for name in names}
    lines = await client.get("/lines/", params={"invoice.units__gte": 9, "limit": 100})
    large = {row["id"] for row in expected if row["units"] >= 9}
    seen = [line for line in rows["lines"] if reader.sees_line(line)]
    assert lines.json()["items"] == [line for line in seen if line["invoice_id"] in large]

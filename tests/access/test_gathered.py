"""Callers whose rows are read by one statement see their own."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import literal_column

from modelwire import Database
from modelwire.pipeline import lists
from modelwire.statement import gathered
from tests.conftest import MakeClient, make_app, open_client

from .test_enforced import RESOURCES, me, visitor

FIRMS = 4


class Asked:
    """Rows of several firms, and requests for them by visitors of whom each sees some."""

    def __init__(self, client: Any, seed: int) -> None:
        self._client, self._draw = client, random.Random(seed)

    async def fill(self) -> None:
        admin = visitor(1, *range(1, FIRMS + 1), is_admin=True)
        for number in range(1, FIRMS + 1):
            await self._post("/access_firms/", admin, {"name": f"firm {number}"})
            lines = [{"text": f"line {i} of {number}"} for i in range(2)]
            bill = {"number": f"n{number}", "firm_id": number, "lines": lines}
            await self._post("/access_bills/", admin, bill)
            await self._post("/access_tags/", visitor(number), {"owner_id": number})

    async def _post(self, path: str, who: dict[str, str], body: Any) -> None:
        answer = await self._client.post(path, json=body, headers=who)
        assert answer.status_code == 201, answer.text

    def draw(self) -> tuple[str, dict[str, str]]:
        draw = self._draw
        firms = draw.sample(range(1, FIRMS + 1), draw.randint(0, 2))
        path = draw.choice(("firms/{}", "bills/{}", "bill_lines/{}", "tags/{}", "wishes/{}"))
        path = draw.choice((path, path, "bills/{}?include=lines", "firms/{}?include=bills"))
        number = draw.randint(1, FIRMS + 1)
        who = visitor(number if draw.random() < 0.5 else draw.randint(1, FIRMS), *firms)
        return f"/access_{path.format(number)}", who

    async def get(self, path: str, who: dict[str, str]) -> tuple[int, bytes]:
        answer = await self._client.get(path, headers=who)
        return answer.status_code, answer.content


async def compare(client: Any, seed: int, statements: list[str]) -> None:
    asked = Asked(client, seed)
    await asked.fill()
    requests = [asked.draw() for _ in range(100)]
    alone = [await asked.get(*request) for request in requests]
    assert {status for status, _ in alone} == {200, 404}
    statements.clear()
    answers = await asyncio.gather(*(asked.get(*request) for request in requests))
    for request, expected, answer in zip(requests, alone, answers, strict=True):
        assert answer == expected, request[0]


@pytest.mark.parametrize("seed", range(3))
async def test_each_sees_their_own(
    make_client: MakeClient, database: Database, lane: str, statements: list[str], seed: int
) -> None:
    """Callers with other values, single ones and lists, are answered as if each had asked alone."""
    await compare(await make_client(*RESOURCES, caller=me), seed, statements)
    are_gathered = lane == "direct" and database.dialect == "postgresql"
    assert any(gathered._ASKED in text for text in statements) is are_gathered


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_values_of_others_are_noticed(
    database: Database, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above tells whether each is read with the values of its own caller."""

    def take_first(text: str, *arguments: Any) -> Any:
        if text.endswith(".c0"):  # what policies ask for comes before the key
            text = f"(SELECT c0 FROM {gathered._ASKED} WHERE place = 1)"
        return literal_column(text, *arguments)

    monkeypatch.setattr(gathered, "literal_column", take_first)
    async with open_client(make_app(database, "direct", RESOURCES, {"caller": me})) as client:
        with pytest.raises(AssertionError, match="access_"):
            await compare(client, 0, statements)


async def compare_pages(client: Any) -> None:
    """Compare pages that many ask for in the same words with what each is answered alone."""
    asked = Asked(client, 0)
    await asked.fill()
    paths = ("/access_bills/", "/access_bills/?include=lines&sort=-id", "/access_firms/1/bills/")
    visitors = [visitor(1, 1), visitor(1, 2), visitor(1), visitor(2, 1, 2), visitor(1, 1, 3)]
    requests = [(path, who) for path in paths for who in visitors]
    alone = [await asked.get(*request) for request in requests]
    assert len(set(alone)) > len(visitors)
    answers = await asyncio.gather(*(asked.get(*request) for request in requests * 4))
    assert answers == alone * 4


async def test_pages_are_those_of_each_caller(make_client: MakeClient) -> None:
    """Callers who may see other rows share no pages, in whatever same words they ask."""
    await compare_pages(await make_client(*RESOURCES, caller=me))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_pages_of_others_are_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above tells whether callers are told apart."""
    monkeypatch.setattr(lists, "freeze", lambda _values: None)
    async with open_client(make_app(database, "direct", RESOURCES, {"caller": me})) as client:
        with pytest.raises(AssertionError):
            await compare_pages(client)

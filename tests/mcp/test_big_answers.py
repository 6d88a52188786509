"""Answers are no longer than agents can take, and what is left out can be asked for."""

import json
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from examples.league import Player, Team
from modelwire import Database, Mcp
from modelwire.web.agents.options import MAX_ANSWER_BYTES
from modelwire.web.agents.trim import fit_page, shorten, size_of
from tests.conftest import LEAGUE, MakeApp
from tests.examples import examples
from tests.http.rows import store

from .agents import Agent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=60,
)


def is_within(answer: dict[str, Any]) -> bool:
    return len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()) <= (
        MAX_ANSWER_BYTES
    )


async def test_long_pages(share_app: MakeApp, database: Database) -> None:
    """A page that is too long ends earlier; the cursors lead through all rows all the same."""
    agent = Agent(share_app(*LEAGUE, mcp=Mcp(max_answer_bytes=8_192)))
    await store(database, Team(name="Red"))
    random = Random(7)
    rows = [
        Player(name=f"{i}" + "é" * random.randint(1, 97), position="x" * 50, team_id=1)
        for i in range(200)
    ]
    await store(database, *rows)
    seen: list[int] = []
    pages = 0
    cursor: str | None = ""
    while cursor is not None:
        page = await agent.ask("query", resource="players", limit=100, cursor=cursor)
        assert size_of(page) <= 8_192
        assert "shortened" not in page
        seen += [row["id"] for row in page["items"]]
        pages, cursor = pages + 1, page["next"]
    assert seen == list(range(1, 201))
    assert pages > 2


async def test_long_rows(agent: Agent, database: Database) -> None:
    """A value that is too long in one row is shortened, and its place is given."""
    await store(database, Team(name="Red"))
    players = [Player(name=f"{i}" + "p" * 90, position="q" * 50, team_id=1) for i in range(200)]
    await store(database, *players)
    row = await agent.ask("read", resource="teams", key=1)
    assert is_within(row)
    assert row["shortened"] == ["/item/players"]
    assert row["etag"].startswith('"')
    assert len(row["item"]["players"]) == 100


async def test_long_answers_to_writes(agent: Agent, database: Database) -> None:
    """A write of many rows is answered with some of them; the number to confirm is whole."""
    values = [{"name": f"{i:03}" + "t" * 90, "city": "c" * 90} for i in range(300)]
    tried = await agent.ask("write", resource="teams", operation="create", values=values)
    assert is_within(tried)
    assert (tried["confirm"], tried["shortened"]) == (300, ["/items"])
    done = await agent.ask(
        "write", resource="teams", operation="create", values=values, confirm=300
    )
    assert is_within(done)
    counted = await agent.ask("aggregate", resource="teams")
    assert counted["items"] == [{"count": 300}]


@examples(500, quick=50)
@given(value=st.dictionaries(st.text(max_size=20), JSON), cursor=st.text(max_size=400))
def test_whatever_it_is(value: dict[str, Any], cursor: str) -> None:
    """Any answer is shortened to what is allowed, and its cursor is left as it is."""
    answer = {**value, "next": cursor}
    for limit in (1_000_000, 4_096, 2_048):
        shorter = shorten(answer, limit)
        assert shorter["next"] == cursor
        assert size_of(shorter) <= limit or shorter["shortened"] == [""]
        if size_of(answer) <= limit:
            assert shorter == answer


@examples(300, quick=30)
@given(sizes=st.lists(st.integers(0, 6_000), max_size=60))
async def test_pages_of_any_rows(sizes: list[int]) -> None:
    """However long rows are, a walk sees each of them once, and every page is short enough."""
    rows = [{"i": i, "text": "x" * size} for i, size in enumerate(sizes)]
    start, seen = 0, []
    while True:
        first = start

        async def ask(limit: int | None, first: int = first) -> dict[str, Any]:
            end = min(first + (20 if limit is None else limit), len(rows))
            return {"items": rows[first:end], "next": str(end) if end < len(rows) else None}

        page = await fit_page(ask, 8_192)
        assert size_of(page) <= 8_192
        seen += [row["i"] for row in page["items"]]
        if page["next"] is None:
            break
        start = int(page["next"])
    assert seen == list(range(len(rows)))

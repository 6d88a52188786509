"""Streams as CSV (RFC 4180)."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import httpx2
import pytest
from pydantic import BaseModel, Field, NaiveDatetime, field_serializer

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import store
from tests.zoo import Color, Thing

CSV = {"Accept": "text/csv"}


async def read_sheet(client: httpx2.AsyncClient, url: str) -> list[list[str]]:
    """Read a stream as the rows of a sheet."""
    answer = await client.get(url, headers=CSV)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["vary"] == "Accept, Prefer"
    assert answer.text.endswith("\r\n")
    return list(csv.reader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize("accept", ["text/csv", "text/*", "application/json;q=0.5, text/csv"])
async def test_accept(client: httpx2.AsyncClient, accept: str) -> None:
    """`Accept` chooses CSV."""
    answer = await client.get("/teams/stream/", headers={"Accept": accept})
    assert answer.text == "id,name,city\r\n"


async def test_rows(client: httpx2.AsyncClient, database: Database) -> None:
    """After the header, each row is a line; what would break it is quoted."""
    names = ["plain", 'say "hi"', "a,b", "two\nlines", "c\r\nr", " é "]
    await store(database, *[Team(id=i, name=n, city=None) for i, n in enumerate(names, 1)])
    rows = await read_sheet(client, "/teams/stream/")
    assert rows == [["id", "name", "city"], *[[str(i), n, ""] for i, n in enumerate(names, 1)]]


async def test_values(make_client: MakeClient, database: Database) -> None:
    """A text is itself, NULL is empty, a moment has all its digits, anything else is its JSON."""
    client = await make_client(Resource(Thing))
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    await store(
        database,
        Thing(
            text="null", number=-5, ratio=0.5, price=Decimal("1.10"), flag=True, moment=moment,
            color=Color.RED, data={"a": [1, None]}, tags=["x"],
        ),
    )  # fmt: skip
    names = "text,short,number,ratio,price,flag,moment,color,data,tags"
    header, row = await read_sheet(client, f"/things/stream/?fields={names}")
    assert header == names.split(",")
    assert row[:5] == ["null", "", "-5", "0.5", "1.10"]
    assert row[5:] == ["true", "2026-01-31T12:00:00.000000Z", "red", '{"a":[1,null]}', '["x"]']


async def test_times_have_one_width(make_client: MakeClient, database: Database) -> None:
    """Moments and times of day have six digits of a second in every row; JSON has none of zeros."""
    client = await make_client(Resource(Thing))
    for second in (0, 1):
        at = datetime(2026, 1, 31, 12, second=second, microsecond=second)
        aware, clock = at.replace(tzinfo=UTC), at.time()
        await store(database, Thing(moment=aware, local=at, clock=clock, text=str(at), tags=[]))
    await store(database, Thing(tags=[]))
    url = "/things/stream/?fields=moment,local,clock,text&sort=moment"
    _, *rows = await read_sheet(client, url)
    assert rows == [
        [
            "2026-01-31T12:00:00.000000Z",
            "2026-01-31T12:00:00.000000",
            "12:00:00.000000",
            "2026-01-31 12:00:00",
        ],
        [
            "2026-01-31T12:00:01.000001Z",
            "2026-01-31T12:00:01.000001",
            "12:00:01.000001",
            "2026-01-31 12:00:01.000001",
        ],
        ["", "", "", ""],
    ]
    first = (await client.get(url)).json()[0]
    assert (first["moment"], first["clock"]) == ("2026-01-31T12:00:00Z", "12:00:00")


class Shown(BaseModel):
    """User's own read schema, which names a moment otherwise and masks another one."""

    text: str | None = None
    moment: datetime | None = Field(default=None, alias="at")
    local: NaiveDatetime | None = None

    @field_serializer("local")
    def mask(self, _local: datetime | None) -> str:
        return "=hidden"


async def test_times_of_a_read_schema(make_client: MakeClient, database: Database) -> None:
    """The same holds for a user's own schema; the output of a serializer stays as it is."""
    client = await make_client(Resource(Thing, read_schema=Shown, escape_formulas=True))
    at = datetime(2026, 1, 31, 12)
    await store(database, Thing(text=at.isoformat(), moment=at.replace(tzinfo=UTC), tags=[]))
    assert await read_sheet(client, "/things/stream/") == [
        ["text", "at", "local"],
        [at.isoformat(), "2026-01-31T12:00:00.000000Z", "'=hidden"],
    ]


async def test_query(client: httpx2.AsyncClient, database: Database) -> None:
    """CSV is filtered, sorted and cut to fields as any stream; an include is JSON in its cell."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    await store(database, *[Player(id=i, name=f"p{i}", team_id=1) for i in (1, 2, 3)])
    url = "/players/stream/?sort=-id&id__lt=3&fields=name,id&include=team"
    team = '{"id":1,"name":"Red","city":null}'
    assert await read_sheet(client, url) == [
        ["name", "id", "team"],
        ["p2", "2", team],
        ["p1", "1", team],
    ]


@pytest.mark.parametrize("escape", [False, True])
async def test_formulas(make_client: MakeClient, database: Database, escape: bool) -> None:
    """A text that a spreadsheet would run gets an apostrophe in front, where that is asked for."""
    client = await make_client(Resource(User, escape_formulas=escape))
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "x=1", ""]
    rows = [User(id=i, username=f"{i}", email=f"{i}", full_name=t) for i, t in enumerate(texts, 1)]
    await store(database, *rows)
    sheet = await read_sheet(client, "/users/stream/?fields=full_name,id")
    shown = [f"'{text}" for text in texts[:6]] + texts[6:] if escape else texts
    assert [row[0] for row in sheet[1:]] == shown
    assert (await client.get("/users/stream/")).json()[0]["full_name"] == "=1+1"


@pytest.mark.parametrize("name", ["skip", "limit", "cursor", "count"])
async def test_stream_has_no_pages(client: httpx2.AsyncClient, name: str) -> None:
    """Parameters of pages mean nothing to a stream, and are 422."""
    answer = await client.get(f"/users/stream/?{name}=1", headers=CSV)
    assert [error["parameter"] for error in answer.json()["errors"]] == [name]

"""Streams: every matching row, batch by batch."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from modelwire.pipeline.reads import STREAM_BATCH
from tests.conftest import MakeClient, empty_tables
from tests.http.problems import read_problem
from tests.http.rows import refused_parameters, store, store_many, store_users
from tests.worlds import World, make_world_fixture, on_lanes
from tests.zoo import Color, Group, Membership, Person, Thing

NDJSON = {"accept": "application/x-ndjson"}
NAMES = {"ann": "Ann", "ben": None, "cid": "Cid"}


async def read_stream(client: httpx2.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Read a whole stream that must be there."""
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def store_players(database: Database, count: int, positions: Sequence[str | None]) -> None:
    """Store players in two teams, their positions in turn, with keys from 1 upwards."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    rows = [
        {"id": i, "name": "x", "position": positions[i % len(positions)], "team_id": 1 + i % 2}
        for i in range(1, count + 1)
    ]
    await store_many(database, Player, rows)


FORMATS = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8; header=present",
}


@pytest.mark.parametrize("accept", [None, "text/csv", "*/*;q=0", "text/html"])
@pytest.mark.parametrize("name", FORMATS)
async def test_format_in_the_path(
    client: httpx2.AsyncClient, database: Database, name: str, accept: str | None
) -> None:
    """`format` names the format, whatever `Accept` says, and filters hold beside it."""
    await store_users(database, **NAMES)
    headers = {} if accept is None else {"accept": accept}
    answer = await client.get(f"/users/stream/?format={name}&username=ben", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == FORMATS[name]
    plain = await client.get("/users/stream/?username=ben", headers={"accept": FORMATS[name]})
    assert answer.content == plain.content
    assert "ben@example.com" in answer.text


@pytest.mark.parametrize("value", ["", "CSV", "xml", "ndjson", "text/csv", "csv,json"])
async def test_format_that_there_is_not(client: httpx2.AsyncClient, value: str) -> None:
    """Any other format is 422, and the answer names those that there are."""
    answer = await client.get("/users/stream/", params={"format": value})
    assert refused_parameters(answer) == ["format"]
    assert "json, jsonl, csv" in answer.json()["errors"][0]["message"]
    twice = await client.get("/users/stream/?format=csv&format=csv")
    assert refused_parameters(twice) == ["format"]


async def test_format_is_of_streams(client: httpx2.AsyncClient) -> None:
    """Lists and single rows have one format, and no such parameter."""
    for path in ("/users/", "/users/1", "/teams/1/players/"):
        assert refused_parameters(await client.get(f"{path}?format=csv")) == ["format"]


class Own(SQLModel):
    metadata = MetaData()


class Edition(Own, table=True):
    """A column that is named like the parameter."""

    __tablename__ = "stream_editions"

    id: int | None = Field(default=None, primary_key=True)
    format: str


editions_world = make_world_fixture("editions", Own.metadata, on_lanes((Resource(Edition),)))


async def test_column_that_is_called_so(editions_world: World, lane: str) -> None:
    """A column called `format` is filtered as usual in lists; in streams, by its operators."""
    await empty_tables(editions_world.database)
    await store(
        editions_world.database, *[Edition(id=i, format=f) for i, f in ((1, "csv"), (2, "x"))]
    )
    client, rows = editions_world.clients[lane], "/stream_editions/"
    assert [item["id"] for item in (await client.get(f"{rows}?format=x")).json()["items"]] == [2]
    answer = await client.get(f"{rows}stream/?format=csv&format__eq=x")
    assert answer.text == "id,format\r\n2,x\r\n"
    assert refused_parameters(await client.get(f"{rows}stream/?format=x")) == ["format"]
    document = (await client.get("/openapi.json")).json()
    stream = document["paths"]["/stream_editions/stream/"]["get"]["parameters"]
    names = [parameter.get("$ref", "").rpartition("/")[2] for parameter in stream]
    assert "format" in names
    assert "Edition.format" not in names
    assert document["components"]["parameters"]["format"]["schema"]["enum"] == list(FORMATS)


@pytest.mark.parametrize("path", ["/users/stream/", "/users/stream"])
async def test_array(client: httpx2.AsyncClient, database: Database, path: str) -> None:
    """A stream is a JSON array of the rows as a list shows them, by key where not sorted."""
    await store_users(database, **NAMES)
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == (await client.get("/users/")).json()["items"]


@pytest.mark.parametrize(
    "accept",
    ["application/json;q=0", "*/*;q=0", "application/*; q=0.000, text/csv;q=0", "*/*;q=zero"],
)
async def test_refused_formats(client: httpx2.AsyncClient, accept: str) -> None:
    """An `Accept` that refuses JSON and takes no other format is 406, naming the formats."""
    answer = await client.get("/users/stream/", headers={"accept": accept})
    detail = read_problem(answer, 406, "not_acceptable")["detail"]
    assert detail.endswith("application/json, application/x-ndjson, application/jsonl, text/csv")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/jsonl", "application/jsonl"),
        ("application/jsonl;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("text/html, APPLICATION/JSONL, */*;q=0.1", "application/jsonl"),
        ("application/json", "application/json"),
        ("application/json, application/x-ndjson;q=0.9", "application/json"),
        ("*/*, application/json;q=0", "application/x-ndjson"),
        ("application/*;q=0, */*;q=0.1", "text/csv; charset=utf-8; header=present"),
        ("application/json;Q=0.0, application/jsonl;q=0.001", "application/jsonl"),
        ("text/csv;q=0", "application/json"),
        ("application/x-ndjson;q=0, */*", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ],
)
async def test_format(
    client: httpx2.AsyncClient, database: Database, accept: str, media_type: str
) -> None:
    """A stream is in the format that `Accept` prefers, JSON where it does not say."""
    await store_users(database, **NAMES)
    answer = await client.get("/users/stream/", headers={"accept": accept})
    assert answer.headers["content-type"] == media_type
    assert "accept" in answer.headers["vary"].lower()


async def test_lines(client: httpx2.AsyncClient, database: Database) -> None:
    """In NDJSON each row is one line, and the last one is ended too."""
    await store_users(database, ann="two\nlines \u2028", ben=None)
    answer = await client.get("/users/stream/", headers=NDJSON)
    *lines, end = answer.content.split(b"\n")
    assert end == b""
    assert [json.loads(line) for line in lines] == await read_stream(client, "/users/stream/")


@pytest.mark.parametrize(("headers", "body"), [({}, b"[]"), (NDJSON, b"")])
async def test_empty(client: httpx2.AsyncClient, headers: dict[str, str], body: bytes) -> None:
    """A stream without rows is an empty array, or no line at all."""
    answer = await client.get("/users/stream/", headers=headers)
    assert (answer.status_code, answer.content) == (200, body)


async def test_head(client: httpx2.AsyncClient, database: Database) -> None:
    """HEAD of a stream has its headers and no body."""
    await store_users(database, **NAMES)
    headers = {**NDJSON, "x-request-id": "one"}
    get = await client.get("/users/stream/", headers=headers)
    head = await client.head("/users/stream/", headers=headers)
    assert head.content == b""
    assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))


@pytest.mark.parametrize(
    ("query", "usernames"),
    [
        ("sort=-username", ["cid", "ben", "ann"]),
        ("sort=full_name", ["ann", "cid", "ben"]),
        ("username=n", ["ann", "ben"]),
        ("full_name__isnull=false&sort=-id", ["cid", "ann"]),
        ("id__in=2,3&username=n", ["ben"]),
    ],
)
async def test_filter_and_sort(
    client: httpx2.AsyncClient, database: Database, query: str, usernames: list[str]
) -> None:
    """A stream is filtered and sorted as a list is."""
    await store_users(database, **NAMES)
    rows = await read_stream(client, f"/users/stream/?{query}")
    assert [row["username"] for row in rows] == usernames


@pytest.mark.parametrize(
    "query",
    ["skip=0", "limit=10", "cursor=", "count=none", "nope=1", "sort=nope", "id=x", "id__in="],
)
async def test_refused(client: httpx2.AsyncClient, query: str) -> None:
    """A stream has no pages; it refuses their parameters and those that mean nothing."""
    answer = await client.get(f"/users/stream/?{query}", headers=NDJSON)
    assert refused_parameters(answer) == [query.partition("=")[0]]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("headers", [{}, NDJSON])
async def test_batches(
    client: httpx2.AsyncClient, database: Database, extra: int, headers: dict[str, str]
) -> None:
    """A stream has each row exactly once, however many it is read in batches of."""
    count = 2 * STREAM_BATCH + extra
    await store_players(database, count, ["goal"])
    answer = await client.get("/players/stream/", headers=headers)
    rows = map(json.loads, answer.text.splitlines()) if headers else answer.json()
    assert [row["id"] for row in rows] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("sort", "filters"),
    [
        ("position", ""),
        ("-position", ""),
        ("position,-id", ""),
        ("-position,-team_id", ""),
        ("-team_id,position", "&name=x"),
        ("team_id,-position,-id", "&id__gt=10"),
        ("name,-team_id", "&position__ne=left"),
    ],
)
async def test_order_over_batches(
    client: httpx2.AsyncClient, database: Database, sort: str, filters: str
) -> None:
    """Ties, NULLs and mixed directions lose no row between batches, and keep the order."""
    await store_players(database, 2 * STREAM_BATCH + 50, ["goal", None, "left"])
    rows = await read_stream(client, f"/players/stream/?sort={sort}{filters}")
    expected = await read_stream(client, f"/players/stream/?{filters.removeprefix('&')}")
    for term in reversed(sort.split(",")):
        name = term.removeprefix("-")
        expected.sort(
            key=lambda row: (row[name] is None, row[name] or 0), reverse=term.startswith("-")
        )
    assert len(rows) > STREAM_BATCH
    assert [row["id"] for row in rows] == [row["id"] for row in expected]


VALUES: dict[str, list[Any]] = {
    "flag": [False, True],
    "small": [-3, 4],
    "big": [-(2**63), 2**63 - 1],
    "ratio": [-0.1, 1 / 3],
    "price": [Decimal("-1.10"), Decimal("0.30")],
    "amount": [Decimal("0.1"), Decimal("12345.678901")],
    "day": [date(1, 1, 1), date(9999, 12, 31)],
    "moment": [datetime(1969, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)],
    "clock": [time(0), time(23, 59, 59, 999999)],
    "span": [timedelta(days=-400), timedelta(microseconds=1)],
    "color": [Color.RED, Color.GREEN, Color.BLUE],
    "reference": [UUID(int=1), UUID(int=2**127)],
    "text": ["", "a\\'\"%_é"],
}


@pytest.mark.parametrize("direction", ["", "-"])
@pytest.mark.parametrize("column", VALUES)
async def test_order_by_every_kind(
    make_client: MakeClient, database: Database, column: str, direction: str
) -> None:
    """Columns of every kind are compared with the last row of a batch without a loss."""
    made = await make_client(Resource(Thing))
    values = [*VALUES[column], None]
    count = STREAM_BATCH + 100
    rows = [
        {"id": UUID(int=i), "tags": [], column: values[i * len(values) // count]}
        for i in range(count)
    ]
    await store_many(database, Thing, rows[::-1])
    sent = await read_stream(made, f"/things/stream/?sort={direction}{column}")
    if direction:
        rows.sort(key=lambda row: values.index(row[column]), reverse=True)
    assert [row["id"] for row in sent] == [str(row["id"]) for row in rows]


async def test_composite_key_over_batches(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Rows with a composite key follow each other by all its parts."""
    side = int(STREAM_BATCH**0.5) + 2
    keys = [(group, person) for group in range(1, side) for person in range(1, side)]
    await store_groups(database, side)
    rows = [{"group_id": g, "person_id": p, "role": "x"} for g, p in reversed(keys)]
    await store_many(database, Membership, rows)
    sent = await read_stream(zoo_client, "/memberships/stream/?sort=role,-person_id")
    found = [(row["group_id"], row["person_id"]) for row in sent]
    assert len(keys) > STREAM_BATCH
    assert found == sorted(keys, key=lambda key: (-key[1], key[0]))


async def store_groups(database: Database, count: int) -> None:
    """Store as many groups as people."""
    groups = [{"id": i, "name": f"g{i}"} for i in range(1, count)]
    people = [{"id": i, "first_name": "x", "last_name": f"{i}"} for i in range(1, count)]
    await store_many(database, Group, groups)
    await store_many(database, Person, people)


async def test_includes_over_batches(client: httpx2.AsyncClient, database: Database) -> None:
    """Every row of a stream has what it includes, in all batches."""
    await store_players(database, STREAM_BATCH + 3, [None])
    rows = await read_stream(client, "/players/stream/?include=team")
    assert len(rows) == STREAM_BATCH + 3
    assert all(row["team"]["id"] == row["team_id"] for row in rows)


async def test_defaults_are_not_included(client: httpx2.AsyncClient, database: Database) -> None:
    """A stream shows own columns only unless it is asked for more."""
    await store_players(database, 2, [None])
    bare = await read_stream(client, "/teams/stream/")
    full = await read_stream(client, "/teams/stream/?include=players")
    assert "players" not in bare[0]
    assert [len(team["players"]) for team in full] == [1, 1]


async def test_sort_by_a_hidden_key(make_client: MakeClient, database: Database) -> None:
    """A key that is hidden still keeps the batches apart."""
    made = await make_client(Resource(User, hidden=["id"]))
    rows = [
        {"id": i, "username": f"u{i}", "email": f"e{i}", "is_active": True}
        for i in range(STREAM_BATCH + 5)
    ]
    await store_many(database, User, rows)
    sent = await read_stream(made, "/users/stream/?sort=-is_active")
    assert [row["username"] for row in sent] == [f"u{i}" for i in range(STREAM_BATCH + 5)]


@pytest.mark.parametrize(
    ("accept", "end"),
    [
        ("application/x-ndjson", '{"$rows":2}\n'),
        ("application/jsonl", '{"$rows":2}\n'),
        ("text/csv", "#rows,2\r\n"),
    ],
)
async def test_end_marker(
    client: httpx2.AsyncClient, database: Database, accept: str, end: str
) -> None:
    """Lines end with one that counts them, if the client prefers that."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    plain = await client.get("/teams/stream/", headers={"Accept": accept})
    marked = await client.get("/teams/stream/", headers={"Accept": accept, "Prefer": "end-marker"})
    assert marked.text == plain.text + end
    assert marked.headers["preference-applied"] == "end-marker"
    assert "preference-applied" not in plain.headers


async def test_array_needs_no_end_marker(client: httpx2.AsyncClient, database: Database) -> None:
    """A JSON array has an end of its own."""
    await store(database, Team(name="Red"))
    answer = await client.get("/teams/stream/", headers={"Prefer": "end-marker"})
    assert len(answer.json()) == 1
    assert "preference-applied" not in answer.headers

"""The models and schemas of SQLModel's tutorial are served as they are written there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import create_postgres_database, make_app, open_client
from tests.http.problems import faults_of, read_problem
from tests.lanes import DIALECTS, LANES

from .tutorial import CHAPTERS

HERO = {"name": "Deadpond", "secret_name": "Dive Wilson"}
BOY = {"name": "Spider-Boy", "secret_name": "Pedro Parqueador", "age": 16}
TEAM = {"name": "Preventers", "headquarters": "Sharp Tower"}
WITH_TEAMS = (
    "connected tables",
    "relationships",
    "cascade delete",
    "set null",
    "restrict",
    "no cascade",
    "teams",
    "nested teams",
)


class Served(NamedTuple):
    """A chapter that is served, on one database and lane."""

    name: str
    client: httpx2.AsyncClient


@pytest_asyncio.fixture(params=[(d, lane) for d in DIALECTS for lane in LANES], ids="-".join)
async def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of database, and a lane."""
    dialect, lane = request.param
    return dialect, lane


@pytest_asyncio.fixture
async def serve(
    request: pytest.FixtureRequest,
    way: tuple[str, str],
    worker_id: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Any]:
    """Serve a chapter, on a database of its own."""
    dialect, lane = way
    async with AsyncExitStack() as stack:

        async def open_chapter(name: str) -> httpx2.AsyncClient:
            chapter = CHAPTERS[name]()
            if dialect == "postgresql":
                server = request.getfixturevalue("postgres_server")
                url = await create_postgres_database(server, f"modelwire_tutorial_{worker_id}")
            else:
                url = f"sqlite:///{tmp_path_factory.mktemp('tutorial')}/tutorial.db"
            database = Database(url, metadata=chapter.metadata)
            stack.push_async_callback(database.close_db)
            await database.init_db()
            app = make_app(database, lane, chapter.resources, {})
            return await stack.enter_async_context(open_client(app))

        yield open_chapter


@pytest.mark.parametrize("name", [n for n in CHAPTERS if n != "extra data"])
async def test_chapter(serve: Any, name: str) -> None:
    """Heroes are created, read, listed, changed and deleted."""
    client = await serve(name)
    created = await client.post("/hero/", json=HERO)
    assert created.status_code == 201, created.text
    hero = created.json()
    assert hero["name"] == "Deadpond"
    assert hero["secret_name"] == "Dive Wilson"
    assert hero["id"] is not None
    assert hero["age"] is None
    url = f"/hero/{hero['id']}"
    await client.post("/hero/bulk/", json=[BOY, BOY | {"name": "Rusty-Man", "age": 48}])
    shown = {n: v for n, v in (await client.get(url)).json().items() if n in hero}
    assert shown == hero
    changed = await client.patch(url, json={"secret_name": "Spider-Youngster"})
    assert changed.json() == hero | {"secret_name": "Spider-Youngster"}
    page = (await client.get("/hero/?age__gte=35&limit=1")).json()
    assert (page["total"], page["items"][0]["name"]) == (1, "Rusty-Man")
    assert (await client.get("/hero/?secret_name=Spider-Youngster")).json()["total"] == 1
    wrong = await client.post("/hero/", json={"name": "Deadpond"})
    assert faults_of(read_problem(wrong, 422, "invalid")) == [("/secret_name", "missing")]
    assert (await client.delete(url)).status_code == 204
    read_problem(await client.get(url), 404, "not_found")
    assert (await client.get("/openapi.json")).status_code == 200


@pytest.mark.parametrize("name", WITH_TEAMS)
async def test_teams(serve: Any, name: str) -> None:
    """Heroes belong to a team, whose deletion does to them what the chapter says."""
    client = await serve(name)
    team = (await client.post("/team/", json=TEAM)).json()
    assert {n: team[n] for n in TEAM} == TEAM
    hero = (await client.post("/hero/", json=BOY | {"team_id": team["id"]})).json()
    assert hero["team_id"] == team["id"]
    missing = await client.post("/hero/", json=BOY | {"team_id": 99})
    assert faults_of(read_problem(missing, 400, "parent_not_found")) == [
        ("/team_id", "parent_not_found")
    ]
    answer = await client.delete(f"/team/{team['id']}")
    if name in ("cascade delete", "set null"):
        assert answer.status_code == 204
        left = (await client.get("/hero/")).json()["items"]
        assert [row["team_id"] for row in left] == ([] if name == "cascade delete" else [None])
    else:
        read_problem(answer, 409, "still_referenced")


async def test_relationships(serve: Any) -> None:
    """Related rows are included on request, filtered through and listed below."""
    client = await serve("relationships")
    team = (await client.post("/team/", json=TEAM)).json()
    hero = (await client.post("/hero/", json=HERO | {"team_id": 1})).json()
    assert (await client.get("/hero/1?include=team")).json() == hero | {"team": team}
    assert (await client.get("/team/1?include=heroes")).json() == team | {"heroes": [hero]}
    assert (await client.get("/team/1/heroes/")).json()["items"] == [hero]
    assert (await client.get("/hero/?team.name=Preventers")).json()["items"] == [hero]


async def test_nested_rows(serve: Any) -> None:
    """A schema with a related row in it shows that, where one row is read."""
    client = await serve("nested teams")
    team = (await client.post("/team/", json=TEAM)).json()
    hero = (await client.post("/hero/", json=HERO | {"team_id": 1})).json()
    alone = (await client.post("/hero/", json=BOY)).json()
    assert "team" not in hero
    assert "heroes" not in team
    assert (await client.get("/hero/1")).json() == hero | {"team": team}
    assert (await client.get("/hero/2")).json() == alone | {"team": None}
    assert (await client.get("/team/1")).json() == team | {"heroes": [hero]}
    assert (await client.get("/hero/")).json()["items"] == [hero, alone]
    page = (await client.get("/hero/?include=team")).json()
    assert page["items"] == [hero | {"team": team}, alone | {"team": None}]
    assert (await client.get("/hero/1?include=")).json() == hero
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    team_of_hero = schemas["HeroPublicWithTeam"]["properties"]["team"]["anyOf"][0]
    assert team_of_hero == {"$ref": "#/components/schemas/TeamPublic"}


async def test_links(serve: Any) -> None:
    """Heroes and teams are linked from either side."""
    client = await serve("links")
    await client.post("/team/bulk/", json=[TEAM, TEAM | {"name": "Z-Force"}])
    hero = (await client.post("/hero/?include=teams", json=HERO | {"teams": [1, 2]})).json()
    assert [team["name"] for team in hero["teams"]] == ["Preventers", "Z-Force"]
    await client.delete("/hero/1/teams/1")
    shown = (await client.get("/team/2?include=heroes")).json()
    assert [hero["name"] for hero in shown["heroes"]] == ["Deadpond"]
    assert (await client.get("/team/1/heroes/")).json()["total"] == 0


async def test_links_with_fields(serve: Any) -> None:
    """A link with fields of its own is a row with two keys."""
    client = await serve("many to many")
    await client.post("/team/", json=TEAM)
    await client.post("/hero/", json=HERO)
    body = {"team_id": 1, "hero_id": 1, "is_training": True}
    created = await client.post("/heroteamlink/", json=body)
    assert (created.status_code, created.json()) == (201, body), created.text
    shown = (await client.get("/heroteamlink/1,1?include=team,hero")).json()
    assert (shown["team"]["name"], shown["hero"]["name"]) == ("Preventers", "Deadpond")
    stopped = await client.patch("/heroteamlink/1,1", json={"is_training": False})
    assert stopped.json() == body | {"is_training": False}


async def test_extra_data(serve: Any) -> None:
    """A hash is never shown; what is stored beside it is changed as the schema says."""
    client = await serve("extra data")
    created = await client.post("/hero/", json=HERO | {"hashed_password": "x"})
    hero = created.json()
    assert hero == HERO | {"age": None, "id": 1}
    changed = await client.patch("/hero/1", json={"age": 20, "password": "new"})
    assert changed.json() == hero | {"age": 20}
    refused = await client.get("/hero/?hashed_password=x")
    assert refused.status_code == 422


async def test_decimals(serve: Any) -> None:
    """Money keeps its digits, and has no more than its column."""
    client = await serve("decimals")
    rows = await client.post(
        "/hero/bulk/", json=[HERO | {"money": m} for m in ("1.1", "0.001", "2.2")]
    )
    assert [row["money"] for row in rows.json()] == ["1.100", "0.001", "2.200"]
    assert (await client.post("/hero/", json=HERO)).json()["money"] == "0.000"
    assert (await client.post("/hero/", json=HERO | {"money": "1.0001"})).status_code == 422

"""`fields`: which columns of a row are shown."""

from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, computed_field

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import read_items, refused_parameters, store


async def store_league(database: Database) -> None:
    """Store a team with two players."""
    await store(database, Team(id=1, name="Red", city="Oslo"))
    await store(database, *[Player(id=i, name=f"p{i}", team_id=1) for i in (1, 2)])


@pytest.mark.parametrize(
    ("url", "row"),
    [
        ("/players/?fields=name", {"name": "p1"}),
        ("/players/?fields=team_id,name", {"team_id": 1, "name": "p1"}),
        ("/players/?fields=name&sort=-position", {"name": "p1"}),
        ("/players/?fields=name&sort=team.name", {"name": "p1"}),
        ("/players/?fields=name&cursor=", {"name": "p1"}),
        ("/players/?fields=name&cursor=&sort=team.name", {"name": "p1"}),
        (
            "/players/?fields=name&include=team",
            {"name": "p1", "team": {"id": 1, "name": "Red", "city": "Oslo"}},
        ),
        ("/teams/1/players/?fields=id", {"id": 1}),
    ],
)
async def test_fields_of_a_list(
    client: httpx2.AsyncClient, database: Database, url: str, row: dict[str, Any]
) -> None:
    """Rows show the fields that are named, and their includes, whatever they are sorted by."""
    await store_league(database)
    items = await read_items(client, url)
    assert items[0] == row
    assert list(items[0]) == list(row)
    assert len(items) == 2


async def test_fields_are_all_that_is_read(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """A column that is neither shown nor needed is not read from the database."""
    await store_league(database)
    statements.clear()
    await read_items(client, "/teams/?fields=name")
    assert "city" not in statements[0]


async def test_fields_of_one_row(client: httpx2.AsyncClient, database: Database) -> None:
    """One row shows the fields that are named, beside what it includes."""
    await store_league(database)
    row = (await client.get("/teams/1?fields=city")).json()
    assert row == {"city": "Oslo", "players": (await client.get("/players/")).json()["items"]}
    assert (await client.get("/teams/1?fields=city&include=")).json() == {"city": "Oslo"}


async def test_tag_stands_for_the_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A row's part of the entity tag is the same whatever is shown, and changes with any field."""
    await store_league(database)
    urls = ("/players/1", "/players/1?fields=name", "/players/1?fields=team_id,id")
    tags = {(await client.get(url)).headers["etag"] for url in urls}
    assert len(tags) == 1
    with_team = (await client.get("/players/1?fields=name&include=team")).headers["etag"]
    assert with_team.split("-")[0].strip('"') == tags.pop().strip('"')
    await client.patch("/players/1", json={"position": "goal"})
    assert (await client.get(urls[1])).headers["etag"].split("-")[0] != with_team.split("-")[0]


@pytest.mark.parametrize(
    "fields", ["", "nope", "id,nope", "id,id", "team", "id,", " id", "metadata"]
)
async def test_bad_fields(client: httpx2.AsyncClient, database: Database, fields: str) -> None:
    """Fields that are empty, unknown or named twice are 422, wherever they stand."""
    await store_league(database)
    for url in ("/players/", "/players/1", "/players/stream/", "/teams/1/players/"):
        answer = await client.get(url, params={"fields": fields})
        assert refused_parameters(answer) == ["fields"]


async def test_fields_of_own_read_schema(make_client: MakeClient, database: Database) -> None:
    """A resource with a read schema of the user's own shows what is named of it."""

    class Shown(BaseModel):
        id: int
        username: str

        @computed_field
        def handle(self) -> str:
            return f"@{self.username}"

    client = await make_client(Resource(User, read_schema=Shown))
    await store(database, User(id=1, username="ann", email="a@x.org"))
    assert await read_items(client, "/users/?fields=username") == [{"username": "ann"}]
    assert (await client.get("/users/1?fields=id")).json() == {"id": 1}
    assert refused_parameters(await client.get("/users/?fields=email")) == ["fields"]

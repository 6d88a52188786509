"""Includes that would lead straight back to the row that they start from."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import MetaData, inspect
from sqlalchemy.orm import RelationshipProperty
from sqlmodel import Field, Relationship, SQLModel

from examples import league
from examples.league import Player, Team
from modelwire import Database, Resource
from modelwire.catalog.relations import leads_back, read_relation
from tests import zoo
from tests.conftest import MakeClient
from tests.documents import query_of, read_document, resolve
from tests.http.rows import refused_parameters, store
from tests.odd import tables as odd
from tests.query import tables as query

PATHS = ["/teams/1", "/teams/", "/teams/stream/"]


class Own(SQLModel):
    metadata = MetaData()


class Pass(Own, table=True):
    """One row of each side belongs to one of the other."""

    __tablename__ = "back_passes"

    id: int | None = Field(default=None, primary_key=True)
    holder: "Holder" = Relationship(back_populates="own", sa_relationship_kwargs={"uselist": False})


class Holder(Own, table=True):
    __tablename__ = "back_holders"

    id: int | None = Field(default=None, primary_key=True)
    pass_id: int | None = Field(default=None, foreign_key="back_passes.id", unique=True)
    own: Pass = Relationship(back_populates="holder")


@pytest.mark.parametrize("path", PATHS)
async def test_refused(client: httpx2.AsyncClient, database: Database, path: str) -> None:
    """From the players of a team nothing leads back to that team, wherever rows are read."""
    await store(database, Team(id=1, name="Red"), Player(id=1, name="Ann", team_id=1))
    answer = await client.get(f"{path}?include=players.team")
    assert refused_parameters(answer) == ["include"]
    (error,) = answer.json()["errors"]
    assert error["code"] == "leads_back"
    assert "`players.team`" in error["message"]
    deeper = await client.get(f"{path}?include=players.team.players")
    assert refused_parameters(deeper) == ["include"]


async def test_refused_in_a_write(client: httpx2.AsyncClient) -> None:
    """Nor does anything in the answer to a write."""
    answer = await client.post("/teams/?include=players.team", json={"name": "Red"})
    assert refused_parameters(answer) == ["include"]
    assert (await client.get("/teams/")).json()["total"] == 0


async def test_other_rows_are_shown(client: httpx2.AsyncClient, database: Database) -> None:
    """From a player its team leads to all of its players: most of them are other rows."""
    await store(database, Team(id=1, name="Red"))
    await store(database, *[Player(id=i, name="x", team_id=1) for i in (1, 2)])
    player = (await client.get("/players/1?include=team.players")).json()
    assert [row["id"] for row in player["team"]["players"]] == [1, 2]
    back = await client.get("/players/1?include=team.players.team")
    assert refused_parameters(back) == ["include"]


@pytest.mark.parametrize(
    ("include", "status"),
    [
        ("parent.parent", 200),
        ("parent.children", 200),
        ("children.children", 200),
        ("children.parent", 422),
        ("parent.children.parent", 422),
        ("children.children.parent", 422),
    ],
)
async def test_tree(
    zoo_client: httpx2.AsyncClient, database: Database, include: str, status: int
) -> None:
    """In a table that refers to itself, only the other side of the same relationship leads back."""
    await store(database, zoo.Category(id=1, name="root"))
    assert (await zoo_client.get(f"/categories/1?include={include}")).status_code == status


async def test_opened(make_client: MakeClient, database: Database) -> None:
    """A resource may say that one of its includes leads straight back all the same."""
    client = await make_client(
        Resource(Team, includes=["players"]),
        Resource(Player, includes=["team"], includes_back=["team"]),
    )
    await store(database, Team(id=1, name="Red"), Player(id=1, name="Ann", team_id=1))
    team = (await client.get("/teams/1?include=players.team")).json()
    assert team["players"][0]["team"] == {"id": 1, "name": "Red", "city": None}
    assert "players" not in team["players"][0]["team"]


async def test_filters_and_sorts_may(client: httpx2.AsyncClient, database: Database) -> None:
    """Filters and sorts show nothing, and take paths of any kind."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    await store(database, Player(id=1, name="Ann", team_id=1))
    answer = await client.get("/teams/?players.team.name=Red")
    assert [team["id"] for team in answer.json()["items"]] == [1]


MODELS = (
    *(league.Team, league.Player),
    *zoo.MODELS,
    *query.MODELS,
    *(resource.model for resource in odd.RESOURCES),
    *(Pass, Holder),
)


def steps() -> Iterator[tuple[RelationshipProperty[object], RelationshipProperty[object]]]:
    """Every relationship of the models, with each that its rows have in turn."""
    for model in MODELS:
        for first in inspect(model).relationships:
            for second in first.mapper.relationships:
                yield first, second


def test_every_pair_of_relationships() -> None:
    """The way straight back is the other side of a relationship, if declared as one row."""
    found = set()
    for first, second in steps():
        back = leads_back(
            read_relation(second, second.key, {}), read_relation(first, first.key, {})
        )
        declared = second in first._reverse_property
        assert back is (declared and not second.uselist), (first, second)
        found.add((bool(first.uselist), bool(second.uselist), back))
    assert found == {
        (True, True, False),
        (True, False, False),
        (True, False, True),
        (False, True, False),
        (False, False, False),
        (False, False, True),
    }


async def test_document(client: httpx2.AsyncClient, make_client: MakeClient) -> None:
    """The OpenAPI document lists what can be included, and nothing else."""
    opened = await make_client(
        Resource(Team, includes=["players"]),
        Resource(Player, includes=["team"], includes_back=["team"]),
    )
    for asked, expected in (
        (client, ["players"]),
        (opened, ["players", "players.team"]),
    ):
        document = await read_document(asked)
        described = query_of(document, document["paths"]["/teams/"]["get"])["include"]
        assert resolve(document, described["items"])["enum"] == expected

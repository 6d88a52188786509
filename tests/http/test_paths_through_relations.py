"""Filters and sorts through relations: what they find, and what they leave alone."""

from typing import Any

import httpx2
import pytest
from fastapi import Depends
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from examples.league import Player, Team
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import read_ids, read_items, refused_parameters, store
from tests.zoo import Category, City, Country, Group, Membership, Person


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Owner(Base, table=True):
    """Has one pet by its declaration, and as many as there are by its table."""

    __tablename__ = "path_owners"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    pet: "Pet" = Relationship(sa_relationship_kwargs={"uselist": False})


class Pet(Base, table=True):
    __tablename__ = "path_pets"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int | None = Field(default=None, foreign_key="path_owners.id")


async def store_league(database: Database) -> None:
    """Store two teams, and players of both and one of a team without a city."""
    await store(database, Team(id=1, name="Red", city="Oslo"), Team(id=2, name="Blue"))
    names = [("ann", 1), ("bob", 2), ("cat", 1)]
    await store(database, *[Player(id=i, name=n, team_id=t) for i, (n, t) in enumerate(names, 1)])


async def store_tree(database: Database) -> None:
    """Store a tree of categories: 1 over 2 and 3, 2 over 4."""
    tree = [(1, "root", None), (2, "left", 1), (3, "right", 1), (4, "leaf", 2)]
    for key, name, parent in tree:
        await store(database, Category(id=key, name=name, parent_id=parent))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("team.name=Red", [1, 3]),
        ("team.name__icontains=RE", [1, 3]),
        ("team.city__isnull=true", [2]),
        ("team.city__ne=Oslo", [2]),
        ("team.id__in=2,3", [2]),
        ("team.name=Red&name=ann", [1]),
        ("team.players.name=cat", [1, 3]),
        ("team.players.team.name=Blue", [2]),
    ],
)
async def test_filter_through_to_one(
    client: httpx2.AsyncClient, database: Database, query: str, ids: list[int]
) -> None:
    """A filter on a path holds for the rows that lead to a row for which it holds."""
    await store_league(database)
    assert await read_ids(client, f"/players/?{query}") == ids
    assert (await client.get(f"/players/?{query}&limit=1")).json()["total"] == len(ids)


async def test_filter_leaves_includes_alone(client: httpx2.AsyncClient, database: Database) -> None:
    """A filter on a relation to many rows does not change which of them are included."""
    await store_league(database)
    items = await read_items(client, "/teams/?players.name=ann&include=players")
    assert [[player["name"] for player in item["players"]] for item in items] == [["ann", "cat"]]


async def test_each_filter_is_for_itself(client: httpx2.AsyncClient, database: Database) -> None:
    """Two filters through one relation may hold for two different rows, and count a row once."""
    await store_league(database)
    assert await read_ids(client, "/teams/?players.name=ann&players.name__ne=ann") == [1]
    assert await read_ids(client, "/teams/?players.id__gte=1") == [1, 2]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("parent.name=root", [2, 3]),
        ("parent.parent.name=root", [4]),
        ("children.name=leaf", [2]),
        ("children.children.name=leaf", [1]),
        ("parent.name__ne=root", [4]),
        ("or=(not(parent.name:root))", [1, 4]),
        ("or=(not(parent.id__isnull:false))", [1]),
    ],
)
async def test_filter_through_a_tree(
    zoo_client: httpx2.AsyncClient, database: Database, query: str, ids: list[int]
) -> None:
    """A relation from a table to itself leads from row to row; `not` takes the missing ones in."""
    await store_tree(database)
    assert await read_ids(zoo_client, f"/categories/?{query}") == ids


@pytest.mark.parametrize(
    ("path", "query", "ids"),
    [
        ("groups", "members.first_name=Ann", [1, 2]),
        ("groups", "members.groups.name=b", [1, 2]),
        ("people", "groups.name=b", [1]),
        ("people", "or=(not(groups.name:b))", [2, 3]),
    ],
)
async def test_filter_through_many_to_many(
    zoo_client: httpx2.AsyncClient, database: Database, path: str, query: str, ids: list[int]
) -> None:
    """A filter goes through a link table in both directions."""
    await store(database, *[Group(id=i, name=n) for i, n in enumerate("abc", 1)])
    people = [
        Person(id=i, first_name=n, last_name="x") for i, n in enumerate(["Ann", "Bo", "Cy"], 1)
    ]
    await store(database, *people)
    links = [(1, 1), (2, 1), (1, 2)]
    await store(database, *[Membership(group_id=g, person_id=p) for g, p in links])
    assert await read_ids(zoo_client, f"/{path}/?{query}") == ids


async def test_filter_from_composite_key(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """A filter goes through relations of tables with keys of several columns."""
    await store(database, Country(code="no", name="Norway"), Country(code="se", name="Sweden"))
    await store(
        database, City(country_code="no", name="Oslo"), City(country_code="se", name="Umeå")
    )
    items = await read_items(zoo_client, "/cities/?country.name__startswith=Nor")
    assert [item["name"] for item in items] == ["Oslo"]
    items = await read_items(zoo_client, "/countries/?cities.name=Ume%C3%A5")
    assert [item["code"] for item in items] == ["se"]


async def test_default_operator_of_the_other_resource(
    make_client: MakeClient, database: Database
) -> None:
    """A path without an operator takes the one that the other resource declares."""
    await store_league(database)
    client = await make_client(Resource(Team, filters={"name": "icontains"}), Resource(Player))
    assert await read_ids(client, "/players/?team.name=re") == [1, 3]


@pytest.mark.parametrize(
    "query",
    [
        "team.nope=1",
        "nope.name=1",
        "team=1",
        "team.=1",
        ".name=1",
        "team.name__nope=1",
        "name.team=1",
    ],
)
async def test_bad_path(client: httpx2.AsyncClient, query: str) -> None:
    """A path that leads nowhere, or an operator that its field lacks, is 422."""
    assert refused_parameters(await client.get(f"/players/?{query}")) == [query.partition("=")[0]]


async def test_path_that_was_probably_meant(client: httpx2.AsyncClient) -> None:
    """A misspelt path is answered with the closest one, at whatever step it is misspelt."""
    for path, meant in (("tem.name", "team.name"), ("team.nme__eq", "team.name__eq")):
        answer = await client.get(f"/players/?{path}=1")
        assert f"did you mean `{meant}`" in answer.text


@pytest.mark.parametrize(
    ("path", "fault"), [("parent." * 3 + "name=x", None), ("parent." * 4 + "name=x", "too_deep")]
)
async def test_depth_of_a_path(
    zoo_client: httpx2.AsyncClient, path: str, fault: str | None
) -> None:
    """A path goes through at most three relations, in filters and in sorts."""
    answer = await zoo_client.get(f"/categories/?{path}")
    sorted_ = await zoo_client.get(f"/categories/?sort={path.partition('=')[0]}")
    if fault is None:
        assert (answer.status_code, sorted_.status_code) == (200, 200)
        return
    assert refused_parameters(answer) == [path.partition("=")[0]]
    assert refused_parameters(sorted_) == ["sort"]
    for refused in (answer, sorted_):
        assert refused.json()["errors"][0]["code"] == fault
        assert "at most 3 relations" in refused.text


@pytest.mark.parametrize(
    "query",
    [
        "members.{}=1",
        "members.{}__isnull=true",
        "sort=members.{}",
        "or=(members.{}:1)",
        "fields={}",
        "or=({}__isnull:true)",
    ],
)
async def test_hidden_field_of_the_other_resource(
    zoo_client: httpx2.AsyncClient, query: str
) -> None:
    """A hidden field at the end of a path is answered as one that does not exist."""
    real = await zoo_client.get(f"/groups/?{query.format('password_hash')}")
    made_up = await zoo_client.get(f"/groups/?{query.format('passwort_hesh')}")
    assert real.status_code == 422
    assert real.text.replace("password_hash", "*") == made_up.text.replace("passwort_hesh", "*")


async def test_target_that_is_no_resource(make_client: MakeClient) -> None:
    """A relation to a table that is not served can't be gone through, nor be listed."""
    client = await make_client(Resource(Team))
    assert refused_parameters(await client.get("/teams/?players.name=ann")) == ["players.name"]
    assert (await client.get("/teams/1/players/")).json()["code"] == "no_such_path"


def refuse() -> None:
    """A dependency that no request of these tests gets past."""
    raise AssertionError("nobody may come here")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"dependencies": [Depends(refuse)]}, 422),
        ({"operation_dependencies": {"list": [Depends(refuse)]}}, 422),
        ({"operation_dependencies": {"read": [Depends(refuse)]}}, 422),
        ({"operation_dependencies": {"update": [Depends(refuse)]}}, 200),
        ({"operations": ["create"]}, 422),
        ({}, 200),
    ],
)
async def test_target_behind_a_dependency(
    make_client: MakeClient, options: dict[str, Any], status: int
) -> None:
    """A filter can't tell what only those may read who get past another resource's dependency."""
    client = await make_client(Resource(Team, **options), Resource(Player))
    assert (await client.get("/players/?team.name=Red")).status_code == status


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("parent.name", [4, 2, 3, 1]),
        ("-parent.name", [1, 2, 3, 4]),
        ("-parent.name,-id", [1, 3, 2, 4]),
        ("parent.parent.name,name", [4, 2, 3, 1]),
        ("-parent.id,name", [1, 4, 2, 3]),
    ],
)
async def test_sort_through_to_one(
    zoo_client: httpx2.AsyncClient, database: Database, sort: str, ids: list[int]
) -> None:
    """A list is sorted by a related row's field; a row without a related one has NULL there."""
    await store_tree(database)
    assert await read_ids(zoo_client, f"/categories/?sort={sort}") == ids


@pytest.mark.parametrize("sort", ["children.name", "parent.children.name", "-children.id"])
async def test_sort_through_to_many(zoo_client: httpx2.AsyncClient, sort: str) -> None:
    """A sort through a relation to many rows is 422, and says so."""
    answer = await zoo_client.get(f"/categories/?sort={sort}")
    assert refused_parameters(answer) == ["sort"]
    assert "leads to many rows" in answer.text


async def test_sort_does_not_multiply_rows(make_client: MakeClient, database: Database) -> None:
    """Of several rows that a relation declares as one, the one with the first key is sorted by."""
    await store(database, *[Owner(id=i, name=f"o{i}") for i in (1, 2, 3)])
    pets = [(1, "z", 1), (2, "a", 1), (3, "m", 2)]
    await store(database, *[Pet(id=i, name=n, owner_id=o) for i, n, o in pets])
    client = await make_client(Resource(Owner), Resource(Pet))
    assert await read_ids(client, "/path_owners/?sort=pet.name") == [2, 1, 3]
    assert await read_ids(client, "/path_owners/?pet.name=a") == [1]


async def test_filters_add_no_statements(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """A list takes one statement and one for each include, however it is filtered and sorted."""
    await store_league(database)
    statements.clear()
    url = "/players/?team.name=Red&team.players.name=ann&sort=team.name,-name&include=team.players"
    assert await read_ids(client, url) == [3, 1]
    assert len(statements) == 3

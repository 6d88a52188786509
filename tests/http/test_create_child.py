"""Creating a row below the one that it belongs to."""

import httpx2
import pytest
from fastapi import Depends, HTTPException
from sqlmodel import Field, Relationship, SQLModel

from examples.league import Player, Team
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store
from tests.zoo import Country, Group, Person


class Depot(SQLModel, table=True):
    """Has a name beside its key."""

    __tablename__ = "depots"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    crates: list["Crate"] = Relationship(back_populates="depot")


class Crate(SQLModel, table=True):
    """Refers to a depot by that name."""

    __tablename__ = "crates"

    id: int | None = Field(default=None, primary_key=True)
    depot_code: str | None = Field(default=None, foreign_key="depots.code")
    depot: Depot = Relationship(back_populates="crates")


async def test_child(client: httpx2.AsyncClient, database: Database) -> None:
    """The child refers to the row in the path, and its `Location` is its own resource's."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    answer = await client.post("/teams/2/players/", json={"name": "Ann"})
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"id": 1, "name": "Ann", "position": None, "team_id": 2}
    assert answer.headers["location"] == "/players/1"
    read = await client.get("/players/1")
    assert read.headers["etag"] == answer.headers["etag"]
    assert await count_rows(client, "/teams/2/players/") == 1


async def test_prefix(make_client: MakeClient, database: Database) -> None:
    """`Location` has the prefix of all resources."""
    client = await make_client(Resource(Team), Resource(Player, path="/p"), prefix="/api")
    await store(database, Team(name="Red"))
    answer = await client.post("/api/teams/1/players", json={"name": "Ann"})
    assert answer.headers["location"] == "/api/p/1"


async def test_includes(client: httpx2.AsyncClient, database: Database) -> None:
    """The answer can include relations of the child."""
    await store(database, Team(name="Red"))
    answer = await client.post("/teams/1/players/?include=team", json={"name": "Ann"})
    assert answer.json()["team"]["name"] == "Red"


async def test_missing_parent(client: httpx2.AsyncClient) -> None:
    """A missing row in the path is 404."""
    answer = await client.post("/teams/9/players/", json={"name": "Ann"})
    assert read_problem(answer, 404, "not_found")["detail"] == "Team not found"
    assert await count_rows(client, "/players/") == 0


@pytest.mark.parametrize("team", [1, None])
async def test_same_parent(
    client: httpx2.AsyncClient, database: Database, team: int | None
) -> None:
    """The child may name its parent once more, or none."""
    await store(database, Team(name="Red"))
    answer = await client.post("/teams/1/players/", json={"name": "Ann", "team_id": team})
    assert (answer.status_code, answer.json()["team_id"]) == (201, 1)


async def test_other_parent(client: httpx2.AsyncClient, database: Database) -> None:
    """A child that names another parent is 422."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    answer = await client.post("/teams/1/players/", json={"name": "Ann", "team_id": 2})
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/team_id", "other_parent")]
    assert await count_rows(client, "/players/") == 0


@pytest.mark.parametrize("path", ["/teams/1/players/", "/teams/"])
async def test_other_parent_with_assigned_values(
    make_client: MakeClient, database: Database, path: str
) -> None:
    """It is also where the server sets values of the child."""
    client = await make_client(
        Resource(Team, nested_writes=["players"]),
        Resource(Player, assign_on_create={"position": lambda: "bench"}),
    )
    await store(database, Team(name="Red"), Team(name="Blue"))
    child = {"name": "Ann", "team_id": 2}
    is_nested = path == "/teams/"
    body = {"name": "Green", "players": [child]} if is_nested else child
    answer = await client.post(path, json=body)
    place = "/players/0/team_id" if is_nested else "/team_id"
    assert faults_of(read_problem(answer, 422, "invalid")) == [(place, "other_parent")]
    assert await count_rows(client, "/players/") == 0
    answer = await client.post("/teams/1/players/", json={"name": "Ann", "team_id": 1})
    assert (answer.status_code, answer.json()["position"]) == (201, "bench")


async def test_parent_by_another_column(make_client: MakeClient) -> None:
    """Children that refer to another column than the key may name it."""
    client = await make_client(Resource(Depot), Resource(Crate))
    depots = [{"code": "N"}, {"code": "S"}]
    assert (await client.post("/depots/bulk/", json=depots)).status_code == 201
    for body in ({"depot_code": "S"}, {"depot_code": None}, {}):
        answer = await client.post("/depots/2/crates/", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["depot_code"] == "S"
    answer = await client.post("/depots/2/crates/", json={"depot_code": "N"})
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/depot_code", "other_parent")]
    assert await count_rows(client, "/crates/") == 3


async def test_bad_key(client: httpx2.AsyncClient) -> None:
    """A path that has no key is 422, by the key's name."""
    answer = await client.post("/teams/x/players/", json={"name": "Ann"})
    problem = read_problem(answer, 422, "invalid")
    assert problem["errors"][0]["parameter"] == "id"


async def test_invalid_child(client: httpx2.AsyncClient, database: Database) -> None:
    """An error in the child has the same names as in its own resource."""
    await store(database, Team(name="Red"))
    answer = await client.post("/teams/1/players/", json={"nmae": "Ann"})
    faults = faults_of(read_problem(answer, 422, "invalid"))
    assert sorted(faults) == [("/name", "missing"), ("/nmae", "unknown_field")]


async def test_refused_child(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A constraint that refuses the child is explained as in its own resource."""
    await store(database, Country(code="a/b", name="x"))
    for status in (201, 400):
        answer = await zoo_client.post("/countries/a%2Fb/cities/", json={"name": "Oslo"})
        assert answer.status_code == status, answer.text
    assert read_problem(answer, 400, "already_exists")
    assert answer.json()["detail"] == "Country code and name already exist together"


async def test_many_to_many(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Below a many-to-many relation the new row is linked to the one in the path."""
    await store(database, Group(name="g"))
    body = {"first_name": "a", "last_name": "b"}
    answer = await zoo_client.post("/groups/1/members/", json=body)
    assert (answer.status_code, answer.headers["location"]) == (201, "/people/1")
    assert await count_rows(zoo_client, "/groups/1/members/") == 1
    answer = await zoo_client.post("/groups/9/members/", json={**body, "first_name": "c"})
    read_problem(answer, 404, "not_found")
    assert await count_rows(zoo_client, "/people/") == 1


async def test_self_reference(zoo_client: httpx2.AsyncClient) -> None:
    """A row can be created below one of its own table."""
    await zoo_client.post("/categories/", json={"name": "root"})
    answer = await zoo_client.post("/categories/1/children/", json={"name": "leaf"})
    assert answer.json() == {"id": 2, "name": "leaf", "parent_id": 1}


async def test_operations_of_both(make_client: MakeClient, database: Database) -> None:
    """It is there if the parent can be read and the child created, under the guards of both."""

    def refuse() -> None:
        raise HTTPException(403)

    await store(database, Team(name="Red"), Group(name="g"), Person(first_name="a", last_name="b"))
    closed = await make_client(Resource(Team), Resource(Player, operations=["list", "read"]))
    assert (await closed.post("/teams/1/players/", json={"name": "Ann"})).status_code == 405
    for team, player in (
        (Resource(Team, operation_dependencies={"read": [Depends(refuse)]}), Resource(Player)),
        (Resource(Team), Resource(Player, operation_dependencies={"create": [Depends(refuse)]})),
    ):
        guarded = await make_client(team, player)
        answer = await guarded.post("/teams/1/players/", json={"name": "Ann"})
        assert answer.status_code == 403
        assert await count_rows(closed, "/players/") == 0

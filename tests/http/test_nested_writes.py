"""Rows that are created together with the rows that they belong to."""

from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from sqlmodel import Field, Relationship, SQLModel

from examples.league import Player, Team
from modelwire import ConfigurationError, Database, Resource
from tests.conftest import MakeClient, make_app
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store
from tests.zoo import Author, Book, Category, Chapter, City, Country, Group, Person


class Ship(SQLModel, table=True):
    """Has one captain at most, whose key the client names."""

    __tablename__ = "nested_ships"

    name: str = Field(primary_key=True)
    captain: "Captain" = Relationship(
        back_populates="ship", sa_relationship_kwargs={"uselist": False}
    )


class Captain(SQLModel, table=True):
    __tablename__ = "nested_captains"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    ship_name: str = Field(foreign_key="nested_ships.name", unique=True)
    ship: Ship = Relationship(back_populates="captain")


class PlayerToCreate(BaseModel):
    """A schema of the user's own, which requires the key of the team."""

    name: str = Field(min_length=2)
    team_id: int


LEAGUE = (
    Resource(Team, includes=["players"], nested_writes=["players"]),
    Resource(Player, includes=["team"], nested_writes=["team"]),
)
LIBRARY = (
    Resource(Author, includes=["books"], nested_writes=["books"]),
    Resource(Book, includes=["chapters", "author"], nested_writes=["chapters", "author"]),
    Resource(Chapter),
)
ANN = {"name": "Ann"}


async def count_all(client: httpx2.AsyncClient, *paths: str) -> list[int]:
    return [await count_rows(client, path) for path in paths]


async def test_children(make_client: MakeClient) -> None:
    """Children are stored with their parent, which they need not name."""
    client = await make_client(*LEAGUE)
    body = {"name": "Red", "players": [ANN, {"name": "Bo", "position": "x"}]}
    answer = await client.post("/teams/?include=players", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["players"] == [
        {"id": 1, "name": "Ann", "position": None, "team_id": 1},
        {"id": 2, "name": "Bo", "position": "x", "team_id": 1},
    ]
    assert answer.json() == (await client.get("/teams/1?include=players")).json()


async def test_answer_without_include(make_client: MakeClient) -> None:
    """The answer has the row's own columns unless more is asked for."""
    client = await make_client(*LEAGUE)
    answer = await client.post("/teams/", json={"name": "Red", "players": [ANN]})
    assert answer.json() == {"id": 1, "name": "Red", "city": None}
    assert await count_rows(client, "/players/?team_id=1") == 1


async def test_parent(make_client: MakeClient) -> None:
    """A relation to one row takes that row, which is stored first."""
    client = await make_client(*LEAGUE)
    body = {"name": "Ann", "team": {"name": "Red", "city": "Oslo"}}
    answer = await client.post("/players/?include=team", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["team"] == {"id": 1, "name": "Red", "city": "Oslo"}
    assert answer.json()["team_id"] == 1


async def test_only_child(make_client: MakeClient) -> None:
    """A relation to one row that refers to this one takes it too; null and absence are none."""
    client = await make_client(
        Resource(Ship, includes=["captain"], nested_writes=["captain"]), Resource(Captain)
    )
    url = "/nested_ships/?include=captain"
    answer = await client.post(url, json={"name": "Argo", "captain": {"name": "Jason"}})
    assert answer.json()["captain"] == {"id": 1, "name": "Jason", "ship_name": "Argo"}
    without = await client.post(url, json={"name": "Raft", "captain": None})
    assert (without.status_code, without.json()["captain"]) == (201, None)


async def test_several_levels(make_client: MakeClient) -> None:
    """Rows nest through several relations, up and down."""
    client = await make_client(*LIBRARY)
    chapters = [{"heading": "1"}, {"heading": "2"}]
    body = {"name": "Ann", "books": [{"title": "a", "chapters": chapters}, {"title": "b"}]}
    answer = await client.post("/authors/?include=books.chapters", json=body)
    assert answer.status_code == 201, answer.text
    assert [len(book["chapters"]) for book in answer.json()["books"]] == [2, 0]
    book = {"title": "c", "author": {"name": "Bo"}, "chapters": [{"heading": "3"}]}
    answer = await client.post("/books/?include=author,chapters", json=book)
    assert answer.json()["author"]["name"] == "Bo"
    assert [chapter["heading"] for chapter in answer.json()["chapters"]] == ["3"]


async def test_many_parents(make_client: MakeClient, statements: list[str]) -> None:
    """In a bulk create each child goes to its own parent, in one statement for each table."""
    client = await make_client(*LEAGUE)
    rows: list[dict[str, Any]] = [
        {"name": f"T{i}", "players": [{"name": f"P{i}.{j}"} for j in range(i % 4)]}
        for i in range(20)
    ]
    rows[7].pop("players")
    statements.clear()
    answer = await client.post("/teams/bulk/?include=players", json=rows)
    assert answer.status_code == 201, answer.text
    for given, stored in zip(rows, answer.json(), strict=True):
        names = [player["name"] for player in stored["players"]]
        assert names == [player["name"] for player in given.get("players", [])]
    assert [text.split()[0] for text in statements] == ["INSERT", "INSERT", "SELECT"]


async def test_many_to_many(make_client: MakeClient) -> None:
    """Rows at the other end of a many-to-many relation are created and linked, beside keys."""
    client = await make_client(
        Resource(Group, includes=["members"], nested_writes=["members"]), Resource(Person)
    )
    await client.post("/people/", json={"first_name": "a", "last_name": "b"})
    members = [{"first_name": "c", "last_name": "d", "password_hash": "x"}, 1]
    body = {"name": "g", "members": members}
    answer = await client.post("/groups/?include=members", json=body)
    assert answer.status_code == 201, answer.text
    assert [row["first_name"] for row in answer.json()["members"]] == ["a", "c"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"players": [ANN, {"name": ""}]}, ("/players/1/name", "string_too_short")),
        ({"players": [ANN, {}]}, ("/players/1/name", "missing")),
        ({"players": [ANN, {"name": "x", "id": 1}]}, ("/players/1/id", "unknown_field")),
        ({"players": [ANN, 1]}, ("/players/1", "model_type")),
        ({"players": ANN}, ("/players", "list_type")),
        ({"players": None}, ("/players", "list_type")),
        ({"players": [{"name": "x", "team_id": 1}]}, ("/players/0/team_id", "other_parent")),
        ({"players": [ANN], "city": 1}, ("/city", "string_type")),
    ],
)
async def test_invalid_child(
    make_client: MakeClient, body: dict[str, Any], fault: tuple[str, str]
) -> None:
    """A wrong child is named by its pointer, and nothing is stored."""
    client = await make_client(*LEAGUE)
    await client.post("/teams/", json={"name": "Old"})
    answer = await client.post("/teams/", json={"name": "Red", **body})
    assert faults_of(read_problem(answer, 422, "invalid")) == [fault]
    assert await count_all(client, "/teams/", "/players/") == [1, 0]


async def test_every_fault_at_once(make_client: MakeClient) -> None:
    """The faults of all levels are named in one answer."""
    client = await make_client(*LIBRARY)
    body = {"nmae": "Ann", "books": [{"title": 1}, {"title": "a", "chapters": [{"heading": None}]}]}
    problem = read_problem(await client.post("/authors/", json=body), 422, "invalid")
    pointers = {pointer for pointer, _ in faults_of(problem)}
    assert pointers == {"/nmae", "/name", "/books/0/title", "/books/1/chapters/0/heading"}


async def test_refused_child(make_client: MakeClient, database: Database) -> None:
    """A constraint that refuses a child names it, in a single and a bulk create alike."""
    resources = (
        Resource(Country, nested_writes=["cities"]),
        Resource(City, includes=["country"]),
    )
    client = await make_client(*resources)
    twice = {"code": "no", "name": "x", "cities": [{"name": "Oslo"}, {"name": "Oslo"}]}
    problem = read_problem(await client.post("/countries/", json=twice), 400, "already_exists")
    assert faults_of(problem)[-1] == ("/cities/1/name", "already_exists")
    rows = [{"code": "se", "name": "y", "cities": [{"name": "Lund"}]}, twice]
    problem = read_problem(
        await client.post("/countries/bulk/", json={"countries": rows}), 400, "already_exists"
    )
    assert faults_of(problem)[-1] == ("/countries/1/cities/1/name", "already_exists")
    assert await count_all(client, "/countries/", "/cities/") == [0, 0]


async def test_parent_that_the_client_names(make_client: MakeClient) -> None:
    """A child may name its parent where the parent's key is the client's, and no other."""
    client = await make_client(Resource(Country, nested_writes=["cities"]), Resource(City))
    body = {"code": "no", "name": "x", "cities": [{"name": "Oslo", "country_code": "no"}]}
    assert (await client.post("/countries/", json=body)).status_code == 201
    other = {"code": "se", "name": "x", "cities": [{"name": "Lund", "country_code": "no"}]}
    problem = read_problem(await client.post("/countries/", json=other), 422, "invalid")
    assert faults_of(problem) == [("/cities/0/country_code", "other_parent")]


async def test_two_parents(make_client: MakeClient, database: Database) -> None:
    """A row can't have both the key of its parent and the parent itself."""
    client = await make_client(*LEAGUE)
    await store(database, Team(name="Old"))
    body = {"name": "Ann", "team_id": 1, "team": {"name": "Red"}}
    problem = read_problem(await client.post("/players/", json=body), 422, "invalid")
    assert faults_of(problem) == [("/team_id", "other_parent")]
    assert (await client.post("/players/", json={**ANN, "team_id": 1})).status_code == 201
    assert await count_rows(client, "/teams/") == 1


async def test_parent_of_a_row_below_another(make_client: MakeClient) -> None:
    """A row below another one can't bring a parent of its own in that one's place."""
    client = await make_client(*LEAGUE)
    await client.post("/teams/", json={"name": "Old"})
    child = {"name": "Ann", "team": {"name": "Red"}}
    answer = await client.post("/teams/1/players/", json=child)
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/team", "other_parent")]
    answer = await client.post("/teams/", json={"name": "Blue", "players": [child]})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/players/0/team", "other_parent")]
    assert await count_all(client, "/teams/", "/players/") == [1, 0]


async def test_relation_that_is_not_open(make_client: MakeClient) -> None:
    """A relation that the resource does not open is an unknown field in every write."""
    client = await make_client(Resource(Team, includes=["players"]), Resource(Player))
    body = {"name": "Red", "players": [ANN]}
    await client.post("/teams/", json={"name": "Old"})
    for method, url, sent in (
        ("POST", "/teams/", body),
        ("POST", "/teams/bulk/", [body]),
        ("PUT", "/teams/1", body),
        ("PATCH", "/teams/1", body),
        ("PATCH", "/teams/bulk/", [{"id": 1, **body}]),
    ):
        answer = await client.request(method, url, json=sent)
        faults = faults_of(read_problem(answer, 422, "invalid"))
        assert [code for _, code in faults] == ["unknown_field"]
        assert faults[0][0].endswith("/players")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_children_in_a_change(make_client: MakeClient, method: str) -> None:
    """Rows can be nested in creates only."""
    client = await make_client(*LEAGUE)
    await client.post("/teams/", json={"name": "Red"})
    answer = await client.request(method, "/teams/1", json={"players": [ANN]})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/players", "unknown_field")]


async def test_depth(make_client: MakeClient) -> None:
    """Rows nest through as many relations as paths may have."""
    client = await make_client(Resource(Category, nested_writes=["children"]))
    body: dict[str, Any] = {"name": "N0"}
    for level in range(1, 4):
        body = {"name": f"N{level}", "children": [body]}
    answer = await client.post("/categories/", json=body)
    assert answer.status_code == 201, answer.text
    body = {"name": "N4", "children": [body]}
    problem = read_problem(await client.post("/categories/", json=body), 422, "invalid")
    assert faults_of(problem) == [("/children/0/children/0/children/0/children/0", "too_deep")]
    assert await count_rows(client, "/categories/") == 4


async def test_too_many_rows(make_client: MakeClient) -> None:
    """Nested rows count as rows of their resource."""
    client = await make_client(
        Resource(Team, nested_writes=["players"]), Resource(Player, max_bulk_rows=2)
    )
    answer = await client.post("/teams/", json={"name": "Red", "players": [ANN] * 3})
    read_problem(answer, 413, "too_large")


async def test_schema_of_the_users_own(make_client: MakeClient) -> None:
    """A schema that requires the parent's key is fitted without it below that parent."""
    client = await make_client(
        Resource(Team, nested_writes=["players"]),
        Resource(Player, create_schema=PlayerToCreate),
    )
    answer = await client.post("/teams/", json={"name": "Red", "players": [ANN]})
    assert answer.status_code == 201, answer.text
    answer = await client.post("/teams/1/players/", json={"name": "B"})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/name", "string_too_short")]
    assert (await client.post("/players/", json=ANN)).status_code == 422


def test_misdeclared(database: Database) -> None:
    """Relations that can't be written through are refused at start-up, by name."""
    for resource, words in (
        (Resource(Team, nested_writes=["player"]), "did you mean `players`"),
        (Resource(Team, nested_writes=["players"]), "its target is not a resource"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            make_app(database, "direct", (resource,), {})

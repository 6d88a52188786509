"""Link tables that are resources with columns of their own: a key, and what the server sets."""

from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import read_problem
from tests.http.rows import store


class Casting(SQLModel, table=True):
    """A link with a key of its own, so the same one may be there twice."""

    __tablename__ = "castings"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    film_id: int = Field(foreign_key="films.id")
    actor_id: int = Field(foreign_key="actors.id")
    added_by: str | None = None
    number: int | None = Field(default=None, unique=True)


class Film(SQLModel, table=True):
    __tablename__ = "films"

    id: int | None = Field(default=None, primary_key=True)
    studio_id: int | None = Field(default=None, foreign_key="actors.id")
    actors: list["Actor"] = Relationship(
        back_populates="films", sa_relationship_kwargs={"secondary": "castings"}
    )


class Actor(SQLModel, table=True):
    __tablename__ = "actors"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    films: list[Film] = Relationship(
        back_populates="actors", sa_relationship_kwargs={"secondary": "castings"}
    )
    owned: list[Film] = Relationship()


async def fill(database: Database) -> None:
    """A film and three actors."""
    await store(database, Film(), *(Actor(name=name) for name in "abc"))


async def test_assigned_in_links(make_client: MakeClient, database: Database) -> None:
    """However rows are linked, the server sets in each link what it sets in such rows."""
    numbers = count(1)
    assigned = {"added_by": lambda: "server", "number": lambda: next(numbers)}
    casting = Resource(Casting, assign_on_create=assigned)
    client = await make_client(casting, Resource(Film, includes=["actors"]), Resource(Actor))
    await fill(database)
    assert (await client.put("/films/1/actors/1")).status_code == 204
    answer = await client.patch("/films/1", json={"actors": [1, 2, 3]})
    assert answer.status_code == 200, answer.text
    answer = await client.post("/films/", json={"actors": [2]})
    assert answer.status_code == 201, answer.text
    answer = await client.post("/films/1/actors/", json={"name": "d"})
    assert answer.status_code == 201, answer.text
    links = (await client.get("/castings/")).json()["items"]
    assert {link["added_by"] for link in links} == {"server"}
    assert len({link["number"] for link in links}) == len(links) == 5


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_assigned_end(make_client: MakeClient, database: Database, method: str) -> None:
    """With an assigned end of links, rows are linked to no other."""
    casting = Resource(Casting, assign_on_create={"actor_id": lambda: 2})
    client = await make_client(casting, Resource(Film, includes=["actors"]), Resource(Actor))
    await fill(database)
    for actor, status in ((3, 403), (2, 200)):
        if method == "PUT":
            answer = await client.put(f"/films/1/actors/{actor}")
        else:
            answer = await client.patch("/films/1", json={"actors": [actor]})
        if status == 403:
            problem = read_problem(answer, 403, "forbidden")
            assert problem["detail"] == "You may not create this casting"
        assert answer.status_code in {status, 204 if method == "PUT" else status}
    links = (await client.get("/castings/")).json()["items"]
    assert [link["actor_id"] for link in links] == [2]


@pytest.mark.parametrize("path", ["/actors/3/owned/", "/actors/", "/films/"])
async def test_assigned_reference(make_client: MakeClient, database: Database, path: str) -> None:
    """With an assigned reference, a row stands below no other row."""
    films = Resource(Film, assign_on_create={"studio_id": lambda: 2})
    client = await make_client(films, Resource(Actor, nested_writes=["owned"]))
    await fill(database)
    body = {"name": "d", "owned": [{}]} if path == "/actors/" else {}
    answer = await client.post(path, json=body)
    if path == "/films/":
        assert (answer.status_code, answer.json()["studio_id"]) == (201, 2)
        answer = await client.post("/actors/2/owned/", json={})
        assert (answer.status_code, answer.json()["studio_id"]) == (201, 2)
    else:
        read_problem(answer, 403, "forbidden")
        assert (await client.get("/films/")).json()["total"] == 1


async def test_included_once(make_client: MakeClient, database: Database) -> None:
    """A row that is linked twice is included once, as a sub-collection has it once."""
    client = await make_client(
        Resource(Casting), Resource(Film, includes=["actors"]), Resource(Actor, includes=["films"])
    )
    await fill(database)
    for actor in (1, 2, 1):
        answer = await client.post("/castings/", json={"film_id": 1, "actor_id": actor})
        assert answer.status_code == 201, answer.text
    rows = (await client.get("/films/1/actors/")).json()["items"]
    assert [row["id"] for row in rows] == [1, 2]
    for path in ("/films/1", "/films/"):
        answer = (await client.get(f"{path}?include=actors")).json()
        found = answer["items"][0] if "items" in answer else answer
        assert found["actors"] == rows
    answer = await client.get("/actors/1?include=films.actors")
    assert [film["actors"] for film in answer.json()["films"]] == [rows]

"""Classes over views are served, and only read."""

import pytest
from fastapi import FastAPI
from sqlalchemy import MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import ConfigurationError, Database, Resource, mount
from tests import worlds
from tests.worlds import World


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Author(Base, table=True):
    __tablename__ = "authors"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    tally: "Tally" = Relationship(sa_relationship_kwargs={"viewonly": True, "uselist": False})


class Book(Base, table=True):
    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    author_id: int = Field(foreign_key="authors.id")


class Tally(Base, table=True):
    """Number of books of each author."""

    __tablename__ = "tallies"
    __table_args__ = {"info": {"is_view": True}}

    author_id: int = Field(primary_key=True, foreign_key="authors.id")
    books: int


RESOURCES = (Resource(Author, includes=["tally"]), Resource(Book), Resource(Tally))

VIEW = """\
CREATE VIEW tallies AS
SELECT authors.id AS author_id, count(books.id) AS books
FROM authors LEFT JOIN books ON books.author_id = authors.id GROUP BY authors.id"""

world = worlds.make_world_fixture("views", Base.metadata, worlds.on_lanes(RESOURCES))


@pytest.mark.both_lanes
async def test_view(world: World, lane: str) -> None:
    """It is read, listed, streamed, added up, included, and follows its tables; never written."""
    client = world.clients[lane]
    async with world.database.engine.begin() as connection:
        await connection.execute(text("DROP VIEW IF EXISTS tallies"))
        assert (await connection.execute(text("DELETE FROM books"))) is not None
        assert (await connection.execute(text("DELETE FROM authors"))) is not None
        await connection.execute(text(VIEW))
    await world.database.init_db()
    for name in "AB":
        assert (await client.post("/authors/", json={"name": name})).is_success
    ann, ben = [row["id"] for row in (await client.get("/authors/")).json()["items"]]
    for _ in range(3):
        assert (await client.post("/books/", json={"author_id": ann})).is_success
    rows = [{"author_id": ann, "books": 3}, {"author_id": ben, "books": 0}]
    assert (await client.get("/tallies/")).json()["items"] == rows
    assert (await client.get("/tallies/?books__gt=0")).json()["items"] == rows[:1]
    assert (await client.get("/tallies/stream/")).json() == rows
    assert (await client.get(f"/tallies/{ann}")).json() == rows[0]
    sums = await client.get("/tallies/aggregate?measures=books:sum")
    assert sums.json()["items"] == [{"books:sum": 3}]
    shown = await client.get(f"/authors/{ann}?include=tally")
    assert shown.json()["tally"] == rows[0]
    paths = (await client.get("/openapi.json")).json()["paths"]
    methods = {m for path, known in paths.items() if path.startswith("/tallies") for m in known}
    assert methods == {"get", "post"}
    assert "post" not in paths["/tallies/"]
    for method, path in (("POST", "/tallies/"), ("PATCH", "/tallies/1"), ("DELETE", "/tallies/1")):
        assert (await client.request(method, path, json={})).status_code == 405
    assert (await client.delete(f"/authors/{ben}")).status_code == 204
    assert (await client.get("/tallies/")).json()["items"] == rows[:1]


def test_no_operation_writes() -> None:
    """Writing operations on a view are refused, with those it can have."""
    database = Database("sqlite://", metadata=Base.metadata)
    wrong = Resource(Tally, operations=["list", "update"])
    with pytest.raises(ConfigurationError, match="takes no `update`; it can have read, list"):
        mount(FastAPI(), database, wrong)

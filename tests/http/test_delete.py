"""Deleting one row, and what goes with it."""

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, read_problem
from tests.http.rows import store
from tests.zoo import (
    Author,
    Book,
    Category,
    Chapter,
    City,
    Country,
    Group,
    Membership,
    OrderLine,
    Person,
    Review,
)


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Shelf(Base, table=True):
    """Its jars go with it, its stickers do not."""

    __tablename__ = "delete_shelves"

    id: int | None = Field(default=None, primary_key=True)
    jars: list["Jar"] = Relationship(cascade_delete=True)


class Jar(Base, table=True):
    __tablename__ = "delete_jars"

    id: int | None = Field(default=None, primary_key=True)
    shelf_id: int = Field(foreign_key="delete_shelves.id")


class Sticker(Base, table=True):
    __tablename__ = "delete_stickers"

    id: int | None = Field(default=None, primary_key=True)
    shelf_id: int | None = Field(default=None, foreign_key="delete_shelves.id")
    jar_id: int | None = Field(default=None, foreign_key="delete_jars.id")


class Folder(Base, table=True):
    """A tree whose branches go with their root."""

    __tablename__ = "delete_folders"

    id: int | None = Field(default=None, primary_key=True)
    parent_id: int | None = Field(default=None, foreign_key="delete_folders.id")
    folders: list["Folder"] = Relationship(cascade_delete=True)


async def test_deleted_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A deleted row is 204 without a body, and gone."""
    await store(
        database, User(id=1, username="ann", email="a"), User(id=2, username="bob", email="b")
    )
    answer = await client.delete("/users/1")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get("/users/1")).status_code == 404
    assert await count_rows(client, "/users/") == 1


async def test_missing_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that does not exist, or no longer, is 404."""
    await store(database, User(id=1, username="ann", email="a"))
    await client.delete("/users/1")
    document = read_problem(await client.delete("/users/1"), 404, "not_found")
    assert document["detail"] == "User not found"


async def test_composite_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A row is deleted by the whole of its composite key."""
    await store(database, Country(code="de", name="x"))
    await store(database, City(country_code="de", name="a/b"), City(country_code="de", name="c"))
    assert (await zoo_client.delete("/cities/de,a%2Fb")).status_code == 204
    items = (await zoo_client.get("/cities/")).json()["items"]
    assert [item["name"] for item in items] == ["c"]


async def test_referenced_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that others refer to stays until they are gone, and they stay as they are."""
    await store(database, Team(id=1, name="Red"), Player(id=1, name="Ann", team_id=1))
    document = read_problem(await client.delete("/teams/1"), 409, "still_referenced")
    assert document["detail"] == "Team is still referenced by players"
    assert (await client.get("/players/1?include=team")).json()["team"]["name"] == "Red"
    assert (await client.delete("/players/1")).status_code == 204
    assert (await client.delete("/teams/1")).status_code == 204


async def test_referenced_from_elsewhere(make_client: MakeClient, database: Database) -> None:
    """Rows of tables that are no resources hold a row as well, and are not named."""
    client = await make_client(Resource(Team))
    await store(database, Team(id=1, name="Red"), Player(id=1, name="Ann", team_id=1))
    document = read_problem(await client.delete("/teams/1"), 409, "still_referenced")
    assert document["detail"] == "Team is still referenced"


async def test_nullable_reference(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A child whose reference could be NULL holds its parent too, and is never set to NULL."""
    await store(database, Category(id=1, name="tools"))
    await store(database, OrderLine(id=1, sku="a", category_id=1))
    document = read_problem(await zoo_client.delete("/categories/1"), 409, "still_referenced")
    assert document["detail"] == "Category is still referenced by order lines"
    assert (await zoo_client.get("/order_lines/1")).json()["category_id"] == 1


async def test_tree(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A node with children stays, and they with it; a leaf can be deleted."""
    await store(database, Category(id=1, name="root"))
    await store(database, Category(id=2, name="leaf", parent_id=1))
    document = read_problem(await zoo_client.delete("/categories/1"), 409, "still_referenced")
    assert document["detail"] == "Category is still referenced by categories"
    assert (await zoo_client.get("/categories/2")).json()["parent_id"] == 1
    assert (await zoo_client.delete("/categories/2")).status_code == 204
    assert (await zoo_client.delete("/categories/1")).status_code == 204


async def store_library(database: Database) -> None:
    """Two authors, each with two books of two chapters, and a review."""
    for author in (1, 2):
        await store(database, Author(id=author, name="x"))
        await store(database, Review(text="x", author_id=author))
        for book in (10 * author, 10 * author + 1):
            await store(database, Book(id=book, title="x", author_id=author))
            await store(database, *(Chapter(heading="x", book_id=book) for _ in range(2)))


async def test_cascade(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Declared cascades apply, at any depth, and to no other rows."""
    await store_library(database)
    assert (await zoo_client.delete("/authors/1")).status_code == 204
    authors = (await zoo_client.get("/books/")).json()["items"]
    assert {book["author_id"] for book in authors} == {2}
    chapters = (await zoo_client.get("/chapters/")).json()["items"]
    assert sorted(chapter["book_id"] for chapter in chapters) == [20, 20, 21, 21]


async def test_cascade_from_the_middle(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A book takes its chapters with it, and leaves its author."""
    await store_library(database)
    assert (await zoo_client.delete("/books/10")).status_code == 204
    assert await count_rows(zoo_client, "/chapters/") == 6
    assert (await zoo_client.get("/authors/1")).status_code == 200


async def test_cascade_of_the_database(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Rows whose foreign key says ON DELETE CASCADE go with the row that they refer to."""
    await store_library(database)
    assert (await zoo_client.delete("/authors/1")).status_code == 204
    reviews = (await zoo_client.get("/reviews/")).json()["items"]
    assert [review["author_id"] for review in reviews] == [2]


async def test_cascade_to_tables_that_are_no_resources(
    make_client: MakeClient, database: Database
) -> None:
    """Cascades apply to tables that are not served, too."""
    client = await make_client(Resource(Author))
    await store_library(database)
    assert (await client.delete("/authors/1")).status_code == 204
    async with database.session() as session:
        assert await session.get(Book, 10) is None
        assert await session.get(Book, 20) is not None


async def test_cascade_of_a_tree(make_client: MakeClient, database: Database) -> None:
    """A tree that is declared to go with its root goes whole."""
    client = await make_client(Resource(Folder))
    for folder, parent in ((1, None), (2, 1), (3, 2), (4, 2), (5, None)):
        await store(database, Folder(id=folder, parent_id=parent))
    assert (await client.delete("/delete_folders/1")).status_code == 204
    items = (await client.get("/delete_folders/")).json()["items"]
    assert [item["id"] for item in items] == [5]


@pytest.mark.parametrize("path", ["/groups/1", "/people/1"])
async def test_links(zoo_client: httpx2.AsyncClient, database: Database, path: str) -> None:
    """The links of a many-to-many relation go with either end; the other end stays."""
    for key in (1, 2):
        await store(database, Group(id=key, name=f"g{key}"))
        await store(database, Person(id=key, first_name="x", last_name=f"{key}"))
    links = [(1, 1), (1, 2), (2, 1), (2, 2)]
    await store(database, *(Membership(group_id=g, person_id=p) for g, p in links))
    assert (await zoo_client.delete(path)).status_code == 204
    assert await count_rows(zoo_client, "/memberships/") == 2
    counts = [await count_rows(zoo_client, other) for other in ("/groups/", "/people/")]
    assert sorted(counts) == [1, 2]


@pytest.mark.parametrize("reference", ["shelf_id", "jar_id"])
async def test_nothing_is_half_deleted(
    make_client: MakeClient, database: Database, reference: str
) -> None:
    """A row that has to stay keeps all that would have gone with it."""
    client = await make_client(Resource(Shelf), Resource(Jar), Resource(Sticker))
    await store(database, Shelf(id=1))
    await store(database, Jar(id=1, shelf_id=1), Jar(id=2, shelf_id=1))
    await store(database, Sticker(id=1, **{reference: 1}))
    read_problem(await client.delete("/delete_shelves/1"), 409, "still_referenced")
    assert await count_rows(client, "/delete_jars/") == 2
    assert (await client.get("/delete_stickers/1")).json()[reference] == 1


async def test_referenced_in_a_cascade(make_client: MakeClient, database: Database) -> None:
    """A restricted cascade names the row that restricts it."""
    client = await make_client(Resource(Shelf), Resource(Jar), Resource(Sticker))
    await store(database, Shelf(id=1))
    await store(database, Jar(id=1, shelf_id=1))
    await store(database, Sticker(id=1, jar_id=1))
    answer = await client.delete("/delete_shelves/1")
    assert "referenced by delete stickers" in answer.json()["detail"]


async def test_unknown_parameter(client: httpx2.AsyncClient, database: Database) -> None:
    """A parameter that means nothing is 422, and the row stays."""
    await store(database, User(id=1, username="ann", email="a"))
    document = read_problem(await client.delete("/users/1?force=true"), 422, "invalid")
    assert document["errors"][0]["parameter"] == "force"
    assert await count_rows(client, "/users/") == 1

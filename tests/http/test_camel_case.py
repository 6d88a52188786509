"""Names that an alias generator makes: one for each field and relation, in all that clients see."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic import Field as PublicField
from pydantic.alias_generators import to_camel
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import ConfigurationError, Database, Resource, mount
from modelwire.catalog.read import read_catalog
from tests.conftest import open_client, use_sessions
from tests.http.problems import read_problem

camel = registry()


class Base(SQLModel, registry=camel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)  # type: ignore[assignment]


class PostTag(Base, table=True):
    post_id: int | None = Field(default=None, foreign_key="blogpost.id", primary_key=True)
    tag_id: int | None = Field(default=None, foreign_key="posttopic.id", primary_key=True)


class PostTopic(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    tag_name: str


class BlogAuthor(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    full_name: str
    blog_posts: list["BlogPost"] = Relationship(back_populates="post_author")


class BlogPost(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    post_title: str
    author_id: int | None = Field(default=None, foreign_key="blogauthor.id")
    post_author: BlogAuthor | None = Relationship(back_populates="blog_posts")
    post_topics: list[PostTopic] = Relationship(link_model=PostTag)


def resources() -> list[Resource]:
    return [
        Resource(BlogAuthor, includes=["blog_posts"], nested_writes=["blog_posts"]),
        Resource(BlogPost, includes=["post_author", "postTopics"]),
        Resource(PostTopic),
    ]


async def serve(database: Database, lane: str, *served: Resource) -> FastAPI:
    app = FastAPI()
    mount(app, database, *served)
    if lane == "session":
        use_sessions(app, database)
    async with database.engine.begin() as connection:
        await connection.run_sync(camel.metadata.create_all)
    return app


@pytest.fixture
async def client(database: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    app = await serve(database, lane, *resources())
    async with open_client(app) as client:
        author = {"fullName": "Ann", "blogPosts": [{"postTitle": "B"}, {"postTitle": "A"}]}
        answer = await client.post("/blogauthor/?include=blogPosts", json=author)
        assert answer.status_code == 201, answer.text
        assert [p["postTitle"] for p in answer.json()["blogPosts"]] == ["B", "A"]
        yield client
    async with database.engine.begin() as connection:
        await connection.run_sync(camel.metadata.drop_all)


async def read(client: httpx2.AsyncClient, url: str) -> Any:
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_shown_is_what_is_taken(client: httpx2.AsyncClient) -> None:
    """Each name that an answer shows can be asked for, filtered and sorted by."""
    (post,) = (await read(client, "/blogpost/?include=postAuthor&limit=1"))["items"]
    assert set(post) == {"id", "postTitle", "authorId", "postAuthor"}
    assert post["postAuthor"] == {"id": 1, "fullName": "Ann"}
    url = "/blogpost/?postAuthor.fullName=Ann&sort=postAuthor.fullName,-postTitle&fields=postTitle"
    assert (await read(client, url))["items"] == [{"postTitle": "B"}, {"postTitle": "A"}]
    found = await read(client, "/blogauthor/?blogPosts.postTitle__icontains=a&include=blogPosts")
    assert len(found["items"][0]["blogPosts"]) == 2
    logic = "/blogpost/?or=(postAuthor.fullName:Bob,postTitle:A)"
    assert [p["postTitle"] for p in (await read(client, logic))["items"]] == ["A"]


async def test_rows_below_a_row(client: httpx2.AsyncClient) -> None:
    """Lists below a row, new rows there, and links are at the names that answers show."""
    below = await client.get("/blogauthor/1/blogPosts/?sort=postTitle&limit=1")
    assert below.json()["items"][0]["postTitle"] == "A"
    assert "/blogauthor/1/blogPosts/?" in below.headers["link"]
    made = await client.post("/blogauthor/1/blogPosts/", json={"postTitle": "C"})
    assert made.json()["authorId"] == 1
    assert (await client.post("/posttopic/", json={"tagName": "x"})).status_code == 201
    assert (await client.put("/blogpost/1/postTopics/1")).status_code in (200, 201, 204)
    assert (await read(client, "/blogpost/1?include=postTopics"))["postTopics"] == [
        {"id": 1, "tagName": "x"}
    ]
    changed = await client.patch("/blogpost/1?include=postTopics", json={"postTopics": []})
    assert changed.json()["postTopics"] == []


async def test_rows_sent_back(client: httpx2.AsyncClient) -> None:
    """A row with what it includes can be sent back as it was read."""
    row = await read(client, "/blogpost/1?include=postAuthor")
    answer = await client.put("/blogpost/1", json=row)
    assert answer.status_code == 200, answer.text


async def test_csv_and_document(client: httpx2.AsyncClient) -> None:
    """The columns of CSV and the document have the same names, and no others."""
    csv = (await client.get("/blogpost/stream/?format=csv&include=postAuthor")).text
    assert csv.splitlines()[0] == "id,postTitle,authorId,postAuthor"
    document = json.dumps(await read(client, "/openapi.json"))
    document = re.sub(r'"operationId": "\w+"', "", document)  # they have a case of their own
    assert '"/blogauthor/{id}/blogPosts/"' in document
    for name in ("blog_posts", "post_author", "post_topics", "post_title", "full_name"):
        assert name not in document


async def test_errors_name_what_was_sent(client: httpx2.AsyncClient) -> None:
    """Errors use the names that were sent; names of Python are unknown."""
    body = {"fullName": "Bob", "blogPosts": [{"postTitle": "x"}, {"postTitle": None}]}
    problem = read_problem(await client.post("/blogauthor/", json=body), 422, "invalid")
    assert [e["pointer"] for e in problem["errors"]] == ["/blogPosts/1/postTitle"]
    answer = await client.get("/blogpost/?include=post_author")
    problem = read_problem(answer, 422, "invalid")
    assert "did you mean `postAuthor`?" in problem["errors"][0]["message"]
    assert (await client.get("/blogpost/?post_author.fullName=Ann")).status_code == 422
    assert (await client.get("/blogauthor/1/blog_posts/")).status_code == 404


class AuthorPublic(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))
    full_name: str


class PostPublic(BaseModel):
    id: int
    post_title: str
    post_author: AuthorPublic | None = PublicField(default=None, serialization_alias="writtenBy")


async def test_names_of_a_read_schema(database: Database, lane: str) -> None:
    """A relation has the name of the read schema everywhere."""
    served = Resource(BlogPost, read_schema=PostPublic), Resource(BlogAuthor)
    app = await serve(database, lane, *served)
    async with open_client(app) as client:
        await client.post("/blogauthor/", json={"fullName": "Ann"})
        await client.post("/blogpost/", json={"postTitle": "A", "authorId": 1})
        (row,) = (await read(client, "/blogpost/?include=writtenBy"))["items"]
        assert row["writtenBy"] == {"fullName": "Ann"}
        assert (await read(client, "/blogpost/1"))["writtenBy"] == {"fullName": "Ann"}
        found = await read(client, "/blogpost/?writtenBy.fullName=Ann")
        assert len(found["items"]) == 1
    async with database.engine.begin() as connection:
        await connection.run_sync(camel.metadata.drop_all)


def test_two_relations_of_one_name() -> None:
    """Relations that would have one name on the wire are refused at start."""

    class Other(SQLModel, registry=registry()):
        model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))  # type: ignore[assignment]

    class Leaf(Other, table=True):
        id: int | None = Field(default=None, primary_key=True)
        root_id: int | None = Field(default=None, foreign_key="root.id")

    class Root(Other, table=True):
        id: int | None = Field(default=None, primary_key=True)
        leaves: list[Leaf] = Relationship()
        leaves_: list[Leaf] = Relationship(sa_relationship_kwargs={"viewonly": True})

    with pytest.raises(ConfigurationError, match="2 relationships are called `leaves`"):
        read_catalog([Resource(Root)])

"""Changes under conditions: `If-Match`, versions, resources that require them."""

import asyncio

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from examples.league import Player, Team, User
from modelwire import ConfigurationError, Database, Resource
from tests.conftest import MakeClient, make_app
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import Group, Person


class Base(SQLModel, registry=registry(metadata=SQLModel.metadata)):
    """Classes of their own, whatever those of other tests are called."""


class Account(Base, table=True):
    __tablename__ = "conditional_accounts"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    balance: int = 0
    rev: int = Field(default=7)
    edits: int | None = None


class AlbumTrack(Base, table=True):
    __tablename__ = "conditional_album_tracks"

    album_id: int = Field(foreign_key="conditional_albums.id", primary_key=True)
    track_id: int = Field(foreign_key="conditional_tracks.id", primary_key=True)


class Track(Base, table=True):
    __tablename__ = "conditional_tracks"

    id: int | None = Field(default=None, primary_key=True)


class Album(Base, table=True):
    """Its version counts its links too."""

    __tablename__ = "conditional_albums"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    rev: int = 1
    tracks: list[Track] = Relationship(link_model=AlbumTrack)


ACCOUNT = Resource(Account, version="rev", read_only=["balance"])
METHODS = pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])


async def change(
    client: httpx2.AsyncClient, method: str, url: str, tag: str | None, header: str = "if-match"
) -> httpx2.Response:
    headers = {header: tag} if tag is not None else {}
    body = None if method == "DELETE" else {"full_name": "new"}
    answer: httpx2.Response = await client.request(method, url, json=body, headers=headers)
    return answer


@METHODS
async def test_same_row(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """A row that is as the client knows it is changed."""
    await store_users(database, ann="Ann")
    tag = (await client.get("/users/1")).headers["etag"]
    assert (await change(client, method, "/users/1", tag)).status_code in (200, 204)


@METHODS
async def test_a_quoted_asterisk(
    client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """`"*"` is a tag that no row has, not the wildcard `*`."""
    await store_users(database, ann="Ann")
    read_problem(await change(client, method, "/users/1", '"*"'), 412, "changed")
    assert (await change(client, method, "/users/1", "*")).status_code in (200, 204)


@METHODS
async def test_changed_row(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """A row that has changed since is 412, and stays as it is."""
    await store_users(database, ann="Ann")
    tag = (await client.get("/users/1")).headers["etag"]
    await client.patch("/users/1", json={"full_name": "Other"})
    read_problem(await change(client, method, "/users/1", tag), 412, "changed")
    assert (await client.get("/users/1")).json()["full_name"] == "Other"


@METHODS
@pytest.mark.parametrize(
    ("form", "matches"),
    [
        ("{}", True),
        ('"x", {}', True),
        ("{} , W/{}", True),
        ("*", True),
        (" * ", True),
        ("W/{}", False),
        ('"x"', False),
        ('"x", "y"', False),
        ("x", False),
        ("", False),
    ],
)
async def test_forms_of_tags(
    client: httpx2.AsyncClient, database: Database, method: str, form: str, matches: bool
) -> None:
    """Tags stand in lists, `*` is any, and weak tags never match."""
    await store_users(database, ann="Ann")
    tag = (await client.get("/users/1")).headers["etag"]
    answer = await change(client, method, "/users/1", form.replace("{}", tag))
    assert (answer.status_code == 412) is not matches, answer.text


@METHODS
async def test_missing_row(client: httpx2.AsyncClient, method: str) -> None:
    """A row that is not there is 404, whatever the condition."""
    read_problem(await change(client, method, "/users/9", "*"), 404, "not_found")


async def test_tag_of_a_write(client: httpx2.AsyncClient, database: Database) -> None:
    """The tag that a write answers holds for the next one, with a body and without."""
    await store(database, Team(name="Red"))
    tag = (await client.post("/users/", json={"username": "a", "email": "a@b"})).headers["etag"]
    for prefer in ("", "return=minimal", ""):
        headers = {"if-match": tag, "prefer": prefer}
        answer = await client.patch("/users/1", json={"full_name": f"x{prefer}"}, headers=headers)
        assert answer.status_code in (200, 204)
        assert (await client.get("/users/1")).headers["etag"] == answer.headers["etag"]
        tag = answer.headers["etag"]


async def test_changed_children(client: httpx2.AsyncClient, database: Database) -> None:
    """A tag of a row with its children still matches when a child has changed."""
    await store(database, Team(name="Red"))
    await store(database, Player(name="Ann", team_id=1))
    tag = (await client.get("/teams/1")).headers["etag"]
    await client.patch("/players/1", json={"name": "Bo"})
    assert (await client.get("/teams/1")).headers["etag"] != tag
    answer = await client.patch("/teams/1", json={"city": "Oslo"}, headers={"if-match": tag})
    assert answer.status_code == 200


async def test_tag_of_some_fields(client: httpx2.AsyncClient, database: Database) -> None:
    """A tag stands for the row whatever fields are shown of it."""
    await store_users(database, ann="Ann")
    tag = (await client.get("/users/1?fields=username")).headers["etag"]
    assert (await change(client, "PATCH", "/users/1", tag)).status_code == 200


@METHODS
async def test_if_none_match(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """A change whose `If-None-Match` fits the row is 412; any other tag lets it through."""
    await store_users(database, ann="Ann")
    tag = (await client.get("/users/1")).headers["etag"]
    for given in (tag, f"W/{tag}", "*"):
        answer = await change(client, method, "/users/1", given, "if-none-match")
        read_problem(answer, 412, "changed")
    assert (await change(client, method, "/users/1", '"x"', "if-none-match")).status_code < 300


@METHODS
async def test_required(make_client: MakeClient, database: Database, method: str) -> None:
    """A resource can require `If-Match`: without it a change is 428."""
    client = await make_client(Resource(User, require_if_match=True))
    await store_users(database, ann="Ann")
    read_problem(await change(client, method, "/users/1", None), 428, "precondition_required")
    assert await count_rows(client, "/users/?full_name=Ann") == 1
    tag = (await client.get("/users/1")).headers["etag"]
    assert (await change(client, method, "/users/1", tag)).status_code < 300


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_required_for_links(make_client: MakeClient, database: Database, method: str) -> None:
    """With `If-Match` required, links are set and removed under it too."""
    client = await make_client(
        Resource(Group, includes=["members"], require_if_match=True), Resource(Person)
    )
    await store(database, Group(name="a"), Person(first_name="Ann", last_name="B"))
    url = "/groups/1/members/1"
    read_problem(await client.request(method, url), 428, "precondition_required")
    tag = (await client.get("/groups/1")).headers["etag"]
    answer = await client.request(method, url, headers={"if-match": tag})
    assert answer.status_code == 204, answer.text


async def test_required_for_many(make_client: MakeClient, database: Database) -> None:
    """With `If-Match` required, many rows can't be changed at once."""
    client = await make_client(Resource(User, require_if_match=True))
    await store_users(database, ann="Ann")
    for method, url, body in (
        ("PATCH", "/users/bulk/", [{"id": 1}]),
        ("DELETE", "/users/bulk/", [1]),
        ("PATCH", "/users/?id=1", {}),
        ("DELETE", "/users/?id=1", None),
    ):
        headers = {"prefer": "max-affected=5"}
        answer = await client.request(method, url, json=body, headers=headers)
        read_problem(answer, 428, "precondition_required")
    answer = await client.post("/users/", json={"username": "b", "email": "b"})
    assert answer.status_code == 201


async def test_condition_on_many(client: httpx2.AsyncClient, database: Database) -> None:
    """A tag can't be compared with many rows: that is 412, and nothing changes."""
    await store_users(database, ann="Ann")
    tag = (await client.get("/users/1")).headers["etag"]
    body = [{"id": 1, "full_name": "x"}]
    answer = await client.patch("/users/bulk/", json=body, headers={"if-match": tag})
    read_problem(answer, 412, "changed")
    assert await count_rows(client, "/users/?full_name=Ann") == 1


async def test_links_under_a_condition(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A link can be made under the condition that the row in the path is the same."""
    await store(database, Group(name="g"), Person(first_name="a", last_name="b"))
    url = "/groups/1/members/1"
    read_problem(await zoo_client.put(url, headers={"if-match": '"x"'}), 412, "changed")
    tag = (await zoo_client.get("/groups/1")).headers["etag"]
    assert (await zoo_client.put(url, headers={"if-match": tag})).status_code == 204


async def test_one_of_many_clients(client: httpx2.AsyncClient, database: Database) -> None:
    """Of clients that change the same version at once, exactly one succeeds."""
    await store_users(database, ann="0")
    for turn in range(1, 21):
        tag = (await client.get("/users/1")).headers["etag"]
        body, headers = {"full_name": str(turn)}, {"if-match": tag}
        writes = [client.patch("/users/1", json=body, headers=headers) for _ in range(10)]
        statuses = [answer.status_code for answer in await asyncio.gather(*writes)]
        assert sorted(statuses) == [200] + [412] * 9


async def test_version(make_client: MakeClient) -> None:
    """A version starts from its default and is counted up by every change, of whatever kind."""
    client = await make_client(ACCOUNT)
    url = "/conditional_accounts/"
    rows = await client.post(f"{url}bulk/", json=[{"name": "a"}, {"name": "b"}])
    assert [row["rev"] for row in rows.json()] == [7, 7]
    for method, target, body in (
        ("PATCH", "1", {"name": "x"}),
        ("PUT", "1", {"name": "y"}),
        ("PATCH", "bulk/", [{"id": 1, "name": "z"}, {"id": 2, "name": "z"}]),
        ("PATCH", "?name=z", {"name": "q"}),
    ):
        headers = {"prefer": "max-affected=5"}
        answer = await client.request(method, url + target, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    shown = (await client.get(url)).json()["items"]
    assert [row["rev"] for row in shown] == [11, 9]


async def test_version_of_links(make_client: MakeClient) -> None:
    """Links that are replaced are a change of their row, with its fields and without."""
    album = Resource(Album, version="rev", nested_writes=["tracks"])
    client = await make_client(album, Resource(Track))
    url = "/conditional_albums/"
    await client.post("/conditional_tracks/bulk/", json=[{}, {}])
    await client.post(f"{url}bulk/", json=[{}, {}])
    for target, body, revs in (
        ("1", {"tracks": [1]}, [2, 1]),
        ("1", {"tracks": [2], "name": "x"}, [3, 1]),
        ("bulk/", [{"id": 1, "tracks": [1]}, {"id": 2, "tracks": [1]}], [4, 2]),
        ("bulk/", [{"id": 1, "tracks": []}, {"id": 2, "name": "x"}], [5, 3]),
    ):
        answer = await client.patch(url + target, json=body)
        assert answer.status_code == 200, answer.text
        shown = (await client.get(url)).json()["items"]
        assert [row["rev"] for row in shown] == revs, body


async def test_version_without_a_change(make_client: MakeClient) -> None:
    """A patch that sets nothing leaves the version and the tag alone."""
    client = await make_client(ACCOUNT)
    made = await client.post("/conditional_accounts/", json={"name": "a"})
    answer = await client.patch("/conditional_accounts/1", json={})
    assert (answer.json()["rev"], answer.headers["etag"]) == (7, made.headers["etag"])


async def test_version_without_a_default(make_client: MakeClient, database: Database) -> None:
    """A version without a default starts from 1, and from 0 where it was NULL."""
    client = await make_client(Resource(Account, version="edits"))
    await store(database, Account(name="a"))
    answer = await client.patch("/conditional_accounts/1", json={"name": "b"})
    assert answer.json()["edits"] == 1
    answer = await client.post("/conditional_accounts/", json={"name": "b"})
    assert answer.json()["edits"] == 1


@pytest.mark.parametrize("field", ["rev", "balance"])
async def test_fields_that_are_kept(make_client: MakeClient, field: str) -> None:
    """A version and a read-only field are shown, and unknown in every body."""
    client = await make_client(ACCOUNT)
    url, body = "/conditional_accounts/", {"name": "a", field: 1}
    assert field in (await client.post(url, json={"name": "a"})).json()
    for method, target, sent, start in (
        ("POST", "", body, ""),
        ("PUT", "1", body, ""),
        ("PATCH", "1", body, ""),
        ("POST", "bulk/", [body], "/0"),
        ("PATCH", "bulk/", [{"id": 1, **body}], "/0"),
        ("PATCH", "?id=1", body, ""),
    ):
        headers = {"prefer": "max-affected=5"}
        answer = await client.request(method, url + target, json=sent, headers=headers)
        faults = faults_of(read_problem(answer, 422, "invalid"))
        assert faults == [(f"{start}/{field}", "unknown_field")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"version": "name"}, "should be an int"),
        ({"version": "revv"}, "did you mean `rev`"),
        ({"read_only": ["balanc"]}, "did you mean `balance`"),
    ],
)
def test_misdeclared(database: Database, options: dict[str, object], words: str) -> None:
    """A version that is no integer, and fields that there are not, are refused at start-up."""
    with pytest.raises(ConfigurationError, match=words):
        make_app(database, "direct", (Resource(Account, **options),), {})  # type: ignore[arg-type]

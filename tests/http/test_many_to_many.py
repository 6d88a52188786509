"""Links between rows of a many-to-many relation."""

import asyncio

import httpx2
import pytest
import pytest_asyncio
from fastapi import Depends, HTTPException
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import faults_of, read_problem
from tests.http.rows import store
from tests.zoo import Group, Membership, Person


class Seat(SQLModel, table=True):
    """A link that asks for more than the keys of its ends."""

    __tablename__ = "links_seats"

    plane_id: int | None = Field(default=None, foreign_key="links_planes.id", primary_key=True)
    guest_id: int | None = Field(default=None, foreign_key="links_guests.id", primary_key=True)
    number: int


class Plane(SQLModel, table=True):
    __tablename__ = "links_planes"

    id: int | None = Field(default=None, primary_key=True)
    guests: list["Guest"] = Relationship(back_populates="planes", link_model=Seat)


class Guest(SQLModel, table=True):
    __tablename__ = "links_guests"

    id: int | None = Field(default=None, primary_key=True)
    planes: list[Plane] = Relationship(back_populates="guests", link_model=Seat)


@pytest_asyncio.fixture
async def people(database: Database) -> None:
    """A group, g, and three people."""
    rows = [Person(first_name=name, last_name="x") for name in ("a", "b", "c")]
    await store(database, Group(name="g"), *rows)


async def members_of(client: httpx2.AsyncClient, group: int = 1) -> list[int]:
    """The keys of a group's members."""
    answer = await client.get(f"/groups/{group}?include=members")
    return [person["id"] for person in answer.json()["members"]]


@pytest.mark.usefixtures("people")
async def test_link(zoo_client: httpx2.AsyncClient) -> None:
    """A link is there once, however often it is made, and gone, however often it is taken away."""
    for _ in range(2):
        answer = await zoo_client.put("/groups/1/members/2")
        assert (answer.status_code, answer.content) == (204, b"")
    await zoo_client.put("/groups/1/members/3")
    assert await members_of(zoo_client) == [2, 3]
    for _ in range(2):
        answer = await zoo_client.delete("/groups/1/members/2/")
        assert (answer.status_code, answer.content) == (204, b"")
    assert await members_of(zoo_client) == [3]


@pytest.mark.usefixtures("people")
async def test_defaults_of_a_link(zoo_client: httpx2.AsyncClient) -> None:
    """Other columns of the link table get their defaults."""
    await zoo_client.put("/people/2/groups/1")
    answer = await zoo_client.get("/memberships/1,2")
    assert answer.json() == {"group_id": 1, "person_id": 2, "role": "member"}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "detail"),
    [("/groups/9/members/1", "Group not found"), ("/groups/1/members/9", "Person not found")],
)
async def test_missing_row(
    zoo_client: httpx2.AsyncClient, method: str, path: str, detail: str
) -> None:
    """A missing row at either end is 404."""
    answer = await zoo_client.request(method, path)
    assert read_problem(answer, 404, "not_found")["detail"] == detail


@pytest.mark.parametrize(
    ("path", "parameter"), [("/groups/x/members/1", "id"), ("/groups/1/members/x", "id")]
)
async def test_bad_key(zoo_client: httpx2.AsyncClient, path: str, parameter: str) -> None:
    """A malformed key is 422."""
    problem = read_problem(await zoo_client.put(path), 422, "invalid")
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


@pytest.mark.usefixtures("people")
async def test_keys_in_a_create(zoo_client: httpx2.AsyncClient) -> None:
    """A new row can be linked to rows by their keys; one that stands twice counts once."""
    body = {"name": "h", "members": [3, "1", 3]}
    answer = await zoo_client.post("/groups/?include=members", json=body)
    assert answer.status_code == 201, answer.text
    assert [person["id"] for person in answer.json()["members"]] == [1, 3]
    rows = [{"name": "i", "members": [2]}, {"name": "j"}, {"name": "k", "members": []}]
    answer = await zoo_client.post("/groups/bulk/?include=members", json=rows)
    assert [[p["id"] for p in row["members"]] for row in answer.json()] == [[2], [], []]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_keys_in_a_change(zoo_client: httpx2.AsyncClient, method: str) -> None:
    """A change replaces the links by those that it names, and leaves them where it names none."""
    for keys in ([1, 2], [2, 3], [2, 3], []):
        url = "/groups/1?include=members"
        answer = await zoo_client.request(method, url, json={"members": keys})
        assert answer.status_code == 200, answer.text
        assert [person["id"] for person in answer.json()["members"]] == keys
    await zoo_client.put("/groups/1/members/1")
    await zoo_client.request(method, "/groups/1", json={"name": "z"})
    assert await members_of(zoo_client) == [1]


@pytest.mark.usefixtures("people")
async def test_null_of_a_relation(zoo_client: httpx2.AsyncClient) -> None:
    """Null leaves the links alone in PUT, and is no array in PATCH."""
    await zoo_client.put("/groups/1/members/1")
    answer = await zoo_client.put("/groups/1", json={"members": None})
    assert answer.status_code == 200
    answer = await zoo_client.patch("/groups/1", json={"members": None})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/members", "list_type")]
    assert await members_of(zoo_client) == [1]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("method", "url", "start"),
    [
        ("POST", "/groups/", ""),
        ("PUT", "/groups/1", ""),
        ("PATCH", "/groups/1", ""),
        ("POST", "/groups/bulk/", "/0"),
        ("PATCH", "/groups/bulk/", "/0"),
    ],
)
async def test_missing_member(
    zoo_client: httpx2.AsyncClient, method: str, url: str, start: str
) -> None:
    """A key under the relation's name that no row has is named, and nothing is changed."""
    await zoo_client.put("/groups/1/members/2")
    body = {"name": "new", "members": [1, 9, 2]}
    if start:
        body = [{"id": 1, **body} if method == "PATCH" else body]  # type: ignore[assignment]
    answer = await zoo_client.request(method, url, json=body)
    problem = read_problem(answer, 400, "parent_not_found")
    assert problem["detail"] == "Person not found"
    assert faults_of(problem) == [(f"{start}/members/1", "parent_not_found")]
    assert await members_of(zoo_client) == [2]
    assert (await zoo_client.get("/groups/")).json()["items"] == [{"id": 1, "name": "g"}]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ([1, "x"], ("/members/1", "invalid_key")),
        ([1, None], ("/members/1", "invalid_key")),
        ([1, {"first_name": "d"}], ("/members/1", "nested_write")),
        (1, ("/members", "list_type")),
    ],
)
async def test_bad_member(
    zoo_client: httpx2.AsyncClient, members: object, fault: tuple[str, str]
) -> None:
    """A malformed key under the relation's name is 422, in creates and in changes."""
    for method, url in (("POST", "/groups/"), ("PATCH", "/groups/1")):
        answer = await zoo_client.request(method, url, json={"name": "z", "members": members})
        assert faults_of(read_problem(answer, 422, "invalid")) == [fault]


@pytest.mark.usefixtures("people")
async def test_links_go_with_their_ends(zoo_client: httpx2.AsyncClient) -> None:
    """A row that is linked can be deleted, and its links go with it."""
    await zoo_client.patch("/groups/1", json={"members": [1, 2]})
    assert (await zoo_client.delete("/people/1")).status_code == 204
    assert await members_of(zoo_client) == [2]


async def test_link_that_asks_for_more(make_client: MakeClient, database: Database) -> None:
    """Links with more required columns than two keys are rows of their own."""
    client = await make_client(
        Resource(Plane, includes=["guests"]), Resource(Guest), Resource(Seat)
    )
    await store(database, Plane(), Guest())
    assert (await client.put("/links_planes/1/guests/1")).status_code == 404
    answer = await client.patch("/links_planes/1", json={"guests": [1]})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/guests", "unknown_field")]
    seat = {"plane_id": 1, "guest_id": 1, "number": 3}
    assert (await client.post("/links_seats/", json=seat)).status_code == 201


@pytest.mark.usefixtures("people")
async def test_guards(make_client: MakeClient) -> None:
    """Links belong to `update`, and what guards the target runs before them; a body, before which
    it does not run, can't name them."""

    def refuse() -> None:
        raise HTTPException(403)

    guarded = Resource(Group, operation_dependencies={"update": [Depends(refuse)]})
    client = await make_client(guarded, Resource(Person))
    assert (await client.put("/groups/1/members/1")).status_code == 403
    client = await make_client(Resource(Group), Resource(Person, dependencies=[Depends(refuse)]))
    assert (await client.put("/groups/1/members/1")).status_code == 403
    answer = await client.patch("/groups/1", json={"members": [1]})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/members", "unknown_field")]


@pytest.mark.usefixtures("people")
async def test_two_sets_at_once(zoo_client: httpx2.AsyncClient) -> None:
    """Of sets that are written at once, one is the outcome, never a mix."""
    for _ in range(20):
        sets: tuple[list[int], ...] = ([1], [2, 3], [1, 2, 3], [])
        writes = [zoo_client.patch("/groups/1", json={"members": keys}) for keys in sets]
        answers = await asyncio.gather(*writes)
        assert {answer.status_code for answer in answers} == {200}
        assert await members_of(zoo_client) in sets


@pytest.mark.usefixtures("people")
async def test_linking_at_once(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A link that many make at once is there once."""
    for _ in range(5):
        answers = await asyncio.gather(*(zoo_client.put("/groups/1/members/1") for _ in range(10)))
        assert {answer.status_code for answer in answers} == {204}
        answer = await zoo_client.get("/memberships/")
        assert answer.json()["total"] == 1
        await zoo_client.delete("/groups/1/members/1")


async def test_membership_by_itself(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """The link table can be a resource of its own beside the relation."""
    await store(database, Group(name="g"), Person(first_name="a", last_name="x"))
    await store(database, Membership(group_id=1, person_id=1, role="chair"))
    assert (await zoo_client.put("/groups/1/members/1")).status_code == 204
    assert (await zoo_client.get("/memberships/1,1")).json()["role"] == "chair"

"""Constraints of link tables, beside those that every link has."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import CheckConstraint
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.documents import read_document
from tests.http.problems import read_problem
from tests.http.rows import store

pytestmark = pytest.mark.both_lanes


class StayKind(SQLModel, table=True):
    __tablename__ = "stay_kinds"

    code: str = Field(primary_key=True)


class Stay(SQLModel, table=True):
    """A guest stays in one room, and the third guest in none."""

    __tablename__ = "stays"
    __table_args__ = (CheckConstraint("guest_id <> 3"),)

    room_id: int | None = Field(default=None, foreign_key="stay_rooms.id", primary_key=True)
    guest_id: int | None = Field(
        default=None, foreign_key="stay_guests.id", primary_key=True, unique=True
    )
    kind: str = Field(default="short", foreign_key="stay_kinds.code")


class Room(SQLModel, table=True):
    __tablename__ = "stay_rooms"

    id: int | None = Field(default=None, primary_key=True)
    guests: list["Visitor"] = Relationship(back_populates="rooms", link_model=Stay)


class Visitor(SQLModel, table=True):
    __tablename__ = "stay_guests"

    id: int | None = Field(default=None, primary_key=True)
    rooms: list[Room] = Relationship(back_populates="guests", link_model=Stay)


RESOURCES = (
    Resource(Room, includes=["guests"], nested_writes=["guests"]),
    Resource(Visitor, includes=["rooms"], nested_writes=["rooms"]),
)
ELSEWHERE = "Guests already exist for another room"
ONLY_ONE = "Rooms already exist for this visitor, which can have only one"
CHECKED = "Guests have values that a check refuses"


@pytest_asyncio.fixture
async def hotel(make_client: MakeClient, database: Database) -> httpx2.AsyncClient:
    """Three rooms and five guests, of whom the fourth stays in the first room."""
    await store(database, StayKind(code="short"), *(Room() for _ in range(3)))
    await store(database, *(Visitor() for _ in range(5)))
    await store(database, Stay(room_id=1, guest_id=4))
    client: httpx2.AsyncClient = await make_client(*RESOURCES)
    return client


async def guests_of(client: httpx2.AsyncClient) -> dict[int, list[int]]:
    """The keys of the guests of each room that has any."""
    answer = await client.get("/stay_rooms/?include=guests")
    rows = answer.json()["items"]
    return {row["id"]: [g["id"] for g in row["guests"]] for row in rows if row["guests"]}


@pytest.mark.parametrize(
    ("method", "url", "body", "detail", "place"),
    [
        ("PUT", "/stay_rooms/2/guests/4", None, ELSEWHERE, {"parameter": "id"}),
        ("PUT", "/stay_guests/4/rooms/2", None, ONLY_ONE, {"parameter": "id"}),
        ("PUT", "/stay_rooms/3/guests/3", None, CHECKED, {"parameter": "id"}),
        ("PATCH", "/stay_rooms/2", {"guests": [1, 4]}, ELSEWHERE, {"pointer": "/guests/1"}),
        ("PUT", "/stay_rooms/2", {"guests": [1, 3]}, CHECKED, {"pointer": "/guests/1"}),
        ("POST", "/stay_rooms/", {"guests": [1, 4]}, ELSEWHERE, {"pointer": "/guests/1"}),
        ("POST", "/stay_guests/", {"rooms": [{}, {}]}, ONLY_ONE, {"pointer": "/rooms/1"}),
        (
            "POST",
            "/stay_rooms/bulk/",
            [{"guests": [1]}, {"guests": [2, 1]}],
            ELSEWHERE,
            {"pointer": "/1/guests/1"},
        ),
        (
            "PATCH",
            "/stay_rooms/bulk/",
            [{"id": 2, "guests": [1]}, {"id": 3, "guests": [2, 3]}],
            CHECKED,
            {"pointer": "/1/guests/1"},
        ),
    ],
)
async def test_refused_link(
    hotel: httpx2.AsyncClient,
    method: str,
    url: str,
    body: Any,
    detail: str,
    place: dict[str, str],
) -> None:
    """A constraint of the link table names the relation and the link, and nothing is changed."""
    answer = (
        await hotel.request(method, url, json=body) if body else await hotel.request(method, url)
    )
    status, code = (422, "check") if detail == CHECKED else (400, "already_exists")
    problem = read_problem(answer, status, code)
    assert problem["detail"] == detail
    assert problem["errors"] == [{**place, "code": code, "message": detail}]
    assert await guests_of(hotel) == {1: [4]}


async def test_documented(hotel: httpx2.AsyncClient) -> None:
    """Refusals of links are in the document."""
    paths = (await read_document(hotel))["paths"]
    (link,) = (paths[path] for path in paths if path.startswith("/stay_rooms/{id}/guests/{"))
    assert {"400", "404", "409", "412", "422"} <= set(link["put"]["responses"])
    assert {"404", "409", "412", "422"} <= set(link["delete"]["responses"])


async def test_child_that_can_be_linked_no_more(hotel: httpx2.AsyncClient) -> None:
    """A row that is created below one that can have no other is refused."""
    answer = await hotel.post("/stay_guests/4/rooms/", json={})
    assert read_problem(answer, 400, "already_exists")["detail"] == ONLY_ONE
    assert (await hotel.get("/stay_rooms/")).json()["total"] == 3


async def test_row_of_many_for_itself(hotel: httpx2.AsyncClient) -> None:
    """In a request for each row, one whose links are refused is named alone."""
    rows = [{"id": 2, "guests": [1, 4]}, {"id": 3, "guests": [2]}]
    answer = await hotel.patch("/stay_rooms/bulk/?atomic=false", json=rows)
    refused, written = answer.json()["items"]
    assert (refused["status"], written["status"]) == (400, 200)
    assert [error["pointer"] for error in refused["problem"]["errors"]] == ["/0/guests"]
    assert await guests_of(hotel) == {1: [4], 3: [2]}


@pytest.mark.parametrize(
    ("served", "detail"),
    [
        ((), "A row that Guests refer to was not found"),
        ((Resource(StayKind),), "Stay kind not found"),
    ],
)
async def test_link_that_refers_to_more(
    make_client: MakeClient,
    hotel: httpx2.AsyncClient,
    database: Database,
    served: tuple[Resource, ...],
    detail: str,
) -> None:
    """A missing row that the link table refers to besides both ends is named, if served."""
    async with database.session() as session:
        for row in (await session.get(Stay, (1, 4)), await session.get(StayKind, "short")):
            await session.delete(row)
            await session.commit()
    client = await make_client(*RESOURCES, *served)
    answer = await client.patch("/stay_rooms/2", json={"guests": [1]})
    problem = read_problem(answer, 400, "parent_not_found")
    assert problem["detail"] == detail
    assert [error["pointer"] for error in problem["errors"]] == ["/guests/0"]


async def test_one_link_that_is_replaced(hotel: httpx2.AsyncClient) -> None:
    """A row's only possible link doesn't prevent its replacement."""
    answer = await hotel.patch("/stay_guests/4?include=rooms", json={"rooms": [3]})
    assert answer.status_code == 200, answer.text
    assert [room["id"] for room in answer.json()["rooms"]] == [3]


async def test_links_that_are_exchanged(hotel: httpx2.AsyncClient) -> None:
    """Rows of one request can exchange what only one of them can have."""
    await hotel.put("/stay_rooms/3/guests/5")
    rows = [{"id": 1, "guests": [5]}, {"id": 3, "guests": [4]}]
    answer = await hotel.patch("/stay_rooms/bulk/", json=rows)
    assert answer.status_code == 200, answer.text
    assert await guests_of(hotel) == {1: [5], 3: [4]}

"""Refusals that take priority over a precondition: a missing row, and a forbidden result."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import update
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Changes, Policy, Resource, everyone
from tests.changes.exact import clear_log
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Mark(Base, table=True):
    __tablename__ = "weighed_marks"

    letter_id: str = Field(foreign_key="weighed_letters.id", primary_key=True)
    label_id: str = Field(foreign_key="weighed_labels.id", primary_key=True)


class Label(Base, table=True):
    __tablename__ = "weighed_labels"

    id: str = Field(primary_key=True)
    letters: list["Letter"] = Relationship(back_populates="labels", link_model=Mark)


class Letter(Base, table=True):
    """One that is sent is changed no more, and the last one is not to be seen."""

    __tablename__ = "weighed_letters"

    id: str = Field(primary_key=True)
    state: str = "draft"
    number: int = Field(default=0, unique=True)
    labels: list[Label] = Relationship(back_populates="letters", link_model=Mark)


class Box(Base, table=True):
    """One that is closed is not to be seen."""

    __tablename__ = "weighed_boxes"

    id: str = Field(primary_key=True)
    is_open: bool = True


class Sheet(Base, table=True):
    """One that lies in an open box may be changed."""

    __tablename__ = "weighed_sheets"

    id: str = Field(primary_key=True)
    box_id: str = Field(foreign_key="weighed_boxes.id")
    box: Box = Relationship()


class Strict(Base, table=True):
    __tablename__ = "weighed_stricts"

    id: str = Field(primary_key=True)
    state: str = "draft"


weighed_world = make_world_fixture(
    "weighed",
    Base.metadata,
    on_lanes(
        (
            Resource(Label),
            Resource(
                Mark,
                policy=Policy(
                    read=everyone,
                    create=col(Mark.label_id) != "barred",
                    delete=col(Mark.label_id) != "fixed",
                ),
            ),
            Resource(Box, policy=Policy(read=col(Box.is_open).is_(True), create=everyone)),
            Resource(
                Sheet,
                policy=Policy(
                    read=everyone, create=everyone, update=col(Sheet.box).has(col(Box.is_open))
                ),
            ),
            Resource(
                Letter,
                includes=["labels"],
                policy=Policy(read=everyone, update=col(Letter.state) != "sent", create=everyone),
                changes=Changes(history=True),
            ),
            Resource(
                Strict,
                policy=Policy(read=everyone, update=col(Strict.state) != "sent", create=everyone),
                require_if_match=True,
            ),
        )
    ),
    keeps_log=True,
)

OLD = {"If-Match": '"of another time"'}
SENT = {"state": "sent"}


async def prepare(world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(world.database)
    await clear_log(world.database)
    client = world.clients[lane]
    for path, row in (
        ("labels", {"id": "1"}),
        ("labels", {"id": "barred"}),
        ("labels", {"id": "fixed"}),
        ("boxes", {"id": "1"}),
        ("boxes", {"id": "closed"}),
        ("sheets", {"id": "1", "box_id": "1"}),
        ("letters", {"id": "1", "number": 1, "labels": ["fixed"]}),
        ("letters", {"id": "2", "number": 2}),
        ("stricts", {"id": "1"}),
    ):
        assert (await client.post(f"/weighed_{path}/", json=row)).status_code == 201
    async with world.database.engine.begin() as connection:
        closed = update(Box).where(col(Box.id) == "closed").values(is_open=False)
        await connection.execute(closed)
    return client


CASES: list[tuple[str, str, Any, int, str]] = [
    ("PATCH", "/weighed_letters/1", SENT, 403, "forbidden"),
    ("PUT", "/weighed_letters/1", SENT, 403, "forbidden"),
    ("PATCH", "/weighed_letters/1", {"state": "done"}, 412, "changed"),
    ("PATCH", "/weighed_letters/1", {"number": 2}, 412, "changed"),
    ("PATCH", "/weighed_letters/1", {**SENT, "number": 2}, 412, "changed"),
    ("PATCH", "/weighed_letters/1", {}, 412, "changed"),
    ("PATCH", "/weighed_letters/9", SENT, 404, "not_found"),
    ("PUT", "/weighed_letters/1/labels/1", None, 412, "changed"),
    ("PUT", "/weighed_letters/1/labels/9", None, 404, "not_found"),
    ("DELETE", "/weighed_letters/1/labels/9", None, 404, "not_found"),
    ("PUT", "/weighed_letters/1/labels/barred", None, 403, "forbidden"),
    ("DELETE", "/weighed_letters/1/labels/fixed", None, 403, "forbidden"),
    ("PATCH", "/weighed_letters/1", {"labels": ["fixed", "barred"]}, 403, "forbidden"),
    ("PATCH", "/weighed_letters/1", {"labels": []}, 403, "forbidden"),
    ("PUT", "/weighed_letters/1", {"state": "done", "labels": ["1"]}, 403, "forbidden"),
    ("PATCH", "/weighed_letters/1", {"labels": ["fixed", "1"]}, 412, "changed"),
    ("PATCH", "/weighed_letters/1", {"labels": ["fixed", "9"]}, 412, "changed"),
    ("PATCH", "/weighed_sheets/1", {"box_id": "closed"}, 412, "changed"),
    ("PATCH", "/weighed_sheets/1", {"box_id": "9"}, 412, "changed"),
]


@pytest.mark.both_lanes
@pytest.mark.parametrize("in_batch", [False, True])
@pytest.mark.parametrize(("method", "url", "body", "status", "code"), CASES)
async def test_if_match(
    weighed_world: World,
    lane: str,
    method: str,
    url: str,
    body: Any,
    status: int,
    code: str,
    in_batch: bool,
) -> None:
    """404, then 403, then 412; and nothing is changed."""
    client = await prepare(weighed_world, lane)
    if in_batch:
        part = {"method": method, "path": url, "headers": OLD}
        part |= {} if body is None else {"body": body}
        answer = await client.post("/batch", json={"requests": [part]})
    else:
        answer = await client.request(method, url, json=body, headers=OLD)
    problem = read_problem(answer, status, code)
    if body == SENT and not in_batch and status == 403:
        assert problem["errors"][0]["pointer"] == "/state"
    assert (await client.get("/weighed_letters/1?include=labels")).json() == {
        "id": "1",
        "state": "draft",
        "number": 1,
        "labels": [{"id": "fixed"}],
    }
    assert (await client.get("/weighed_sheets/1")).json() == {"id": "1", "box_id": "1"}


@pytest.mark.both_lanes
async def test_required(weighed_world: World, lane: str) -> None:
    """403, then 428."""
    client = await prepare(weighed_world, lane)
    read_problem(await client.patch("/weighed_stricts/1", json=SENT), 403, "forbidden")
    answer = await client.patch("/weighed_stricts/1", json={"state": "done"})
    read_problem(answer, 428, "precondition_required")


@pytest.mark.both_lanes
async def test_reverted(weighed_world: World, lane: str) -> None:
    """A change that has left the row in a forbidden state can't be reverted, changed or not."""
    client = await prepare(weighed_world, lane)
    for state in ("done", "draft", "later"):
        assert (await client.patch("/weighed_letters/1", json={"state": state})).is_success
    async with weighed_world.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE weighed_letters SET state = 'sent' WHERE id = '2'")
        await connection.exec_driver_sql(
            "UPDATE weighed_letters SET state = 'draft' WHERE id = '2'"
        )
        await connection.exec_driver_sql("UPDATE weighed_letters SET state = 'x' WHERE id = '2'")
    changes = (await client.get("/weighed_letters/2/history/")).json()["items"]
    undone = next(c for c in changes if c["changed"].get("state", {}).get("old") == "sent")
    url = f"/weighed_letters/2/history/{undone['number']}/revert"
    read_problem(await client.post(url), 403, "forbidden")
    changes = (await client.get("/weighed_letters/1/history/")).json()["items"]
    undone = next(c for c in changes if c["changed"]["state"]["new"] == "draft")
    url = f"/weighed_letters/1/history/{undone['number']}/revert"
    read_problem(await client.post(url), 409, "changed_since")

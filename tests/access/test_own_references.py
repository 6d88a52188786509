"""References of objects in the session of a caller: set by the server, and visible."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import pytest
import pytest_asyncio
from fastapi import FastAPI, Header
from httpx2 import Response
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import ForeignKeyConstraint, text
from sqlalchemy.orm import load_only, selectinload
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire import Caller, CallerSessionDep, Database, Policy, Resource, everyone, mount
from tests.conftest import open_client, use_sessions
from tests.http.rows import store

from .two_worlds.planted import find_plants


class ReferredWriter(SQLModel, table=True):
    __tablename__ = "referred_writers"

    id: int | None = Field(default=None, primary_key=True)
    letters: list["ReferredLetter"] = Relationship(back_populates="writer")


class ReferredBox(SQLModel, table=True):
    """Seen by its owner alone."""

    __tablename__ = "referred_boxes"

    street: int = Field(primary_key=True)
    number: str = Field(primary_key=True)
    owner_id: int


class ReferredLetter(SQLModel, table=True):
    """Seen by all; the server says who has written it."""

    __tablename__ = "referred_letters"
    __table_args__ = (
        ForeignKeyConstraint(["street", "box"], ["referred_boxes.street", "referred_boxes.number"]),
    )

    id: int | None = Field(default=None, primary_key=True)
    street: int = 1
    box: str | None = None
    text: str = ""
    deleted_at: dt.datetime | None = None
    writer_id: int | None = Field(default=None, foreign_key="referred_writers.id")
    writer: ReferredWriter | None = Relationship(back_populates="letters")


class ReferredStamp(SQLModel, table=True):
    """The server says by whom; the model has a way of its own to write that."""

    __tablename__ = "referred_stamps"

    model_config = ConfigDict(validate_assignment=True)  # type: ignore[assignment]

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""

    @field_validator("name")
    @classmethod
    def lower(cls, name: str) -> str:
        return name.lower()


class Sorter(BaseModel):
    id: int
    name: str = "Ann"


async def read_sorter(x_sorter: Annotated[int, Header()]) -> Sorter:
    return Sorter(id=x_sorter)


me = Caller(read_sorter)
RESOURCES = (
    Resource(ReferredWriter, policy=Policy(read=everyone)),
    Resource(ReferredBox, policy=Policy(read=ReferredBox.owner_id == me.id)),
    Resource(
        ReferredLetter,
        policy=Policy(read=everyone, update=ReferredLetter.text != "sealed", delete=everyone),
        assign_on_create={"writer_id": me.id},
        soft_delete="deleted_at",
    ),
    Resource(
        ReferredStamp,
        policy=Policy(read=everyone),
        assign_on_create={"name": me.name},
        assign_on_update={"name": me.name},
    ),
)
Work = Callable[[AsyncSession], Awaitable[None]]
Run = Callable[[Work], Awaitable[Response]]


@pytest_asyncio.fixture
async def run(database: Database, lane: str) -> AsyncIterator[Run]:
    """Run some work in the session of the first writer; there are two, and two letters."""
    app, works = FastAPI(), list[Work]()

    @app.post("/own")
    async def own(session: CallerSessionDep) -> None:
        await works[-1](session)

    mount(app, database, *RESOURCES, caller=me)
    if lane == "session":
        use_sessions(app, database)
    boxes = [ReferredBox(street=1, number=n, owner_id=o) for n, o in (("seen", 1), ("hidden", 2))]
    await store(database, ReferredWriter(), ReferredWriter(), *boxes)
    await store(database, ReferredLetter(), ReferredLetter(text="sealed"))
    async with open_client(app) as client:

        async def send(work: Work) -> Response:
            works.append(work)
            return await client.post("/own", headers={"x-sorter": "1"})

        yield send


async def read_letters(database: Database) -> list[tuple[Any, ...]]:
    query = text("SELECT id, box, text, writer_id FROM referred_letters ORDER BY id")
    async with database.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def write_by_object(session: AsyncSession, writer: int) -> None:
    found = await session.get(ReferredWriter, writer)
    session.add(ReferredLetter(text="new", writer=found))


async def write_below(session: AsyncSession, writer: int) -> None:
    options = [selectinload(ReferredWriter.letters)]  # type: ignore[arg-type]
    found = await session.get_one(ReferredWriter, writer, options=options)
    found.letters.append(ReferredLetter(text="new"))


WRITING = (write_by_object, write_below)


@pytest.mark.parametrize("write", WRITING)
async def test_no_relationship_sets_what_the_server_does(
    run: Run, database: Database, write: Any
) -> None:
    before = await read_letters(database)
    refused = await run(lambda session: write(session, 2))
    assert refused.status_code == 403
    assert refused.json()["code"] == "forbidden"
    assert await read_letters(database) == before
    assert (await run(lambda session: write(session, 1))).status_code == 200
    assert (await read_letters(database))[-1][1:] == (None, "new", 1)


@pytest.mark.parametrize("write", WRITING)
async def test_planted(
    run: Run, database: Database, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants = {str(plant): plant for plant in find_plants()}
    name = "execute/own/flush.py:FlushCheck._check_assigned:raise refuse:0"
    plants[name].install(monkeypatch)
    with pytest.raises(AssertionError):
        await test_no_relationship_sets_what_the_server_does(run, database, write)


async def send_unread(session: AsyncSession, box: str) -> None:
    """A part of what the letter refers to is not loaded."""
    query = select(ReferredLetter).options(load_only(ReferredLetter.id))  # type: ignore[arg-type]
    (await session.exec(query.where(ReferredLetter.id == 1))).one().box = box


async def send_deleted(session: AsyncSession, box: str) -> None:
    letter = await session.get_one(ReferredLetter, 1)
    letter.deleted_at, letter.box = dt.datetime.now(dt.UTC), box


@pytest.mark.parametrize("send", [send_unread, send_deleted])
async def test_what_may_not_be_seen_is_missing(run: Run, database: Database, send: Any) -> None:
    before = await read_letters(database)
    hidden = await run(lambda session: send(session, "hidden"))
    missing = await run(lambda session: send(session, "missing"))
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
    assert hidden.json()["code"] == "parent_not_found"
    assert await read_letters(database) == before
    assert (await run(lambda session: send(session, "seen"))).status_code == 200


async def test_what_models_make_of_assigned_values(run: Run, database: Database) -> None:
    """A model that validates what is assigned may change it."""

    async def write(session: AsyncSession) -> None:
        stamp = ReferredStamp(name="x")
        session.add(stamp)
        await session.flush()
        stamp.name = "y"

    answer = await run(write)
    assert answer.status_code == 200, answer.text
    async with database.session() as session:
        assert (await session.exec(select(ReferredStamp.name))).all() == ["ann"]


async def test_more_than_a_delete(run: Run, database: Database) -> None:
    """A caller who may soft-delete a row, but not change it, does nothing else to it."""

    async def delete(session: AsyncSession, words: str) -> None:
        letter = await session.get_one(ReferredLetter, 2)
        letter.deleted_at, letter.text = dt.datetime.now(dt.UTC), words

    refused = await run(lambda session: delete(session, "opened"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await read_letters(database))[1][2] == "sealed"
    assert (await run(lambda session: delete(session, "sealed"))).status_code == 200

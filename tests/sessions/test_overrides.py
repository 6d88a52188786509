"""Sessions that tests of user code put in place of the application's."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from examples.league import User
from modelwire import Changes, Database, Resource, SessionDep, UnitOfWorkDep, get_session, mount
from modelwire.testing import open_client, rolled_back_session
from tests.conftest import LEAGUE, MakeURL
from tests.lanes import DIALECTS

ANN: dict[str, Any] = {"username": "ann", "email": "ann@example.com"}
BOB: dict[str, Any] = {"username": "bob", "email": "bob@example.com"}


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = FastAPI()
    mount(app, database, *LEAGUE)

    @app.get("/names")
    async def names(session: SessionDep) -> list[str]:
        return [user.username for user in (await session.exec(select(User))).all()]

    @app.post("/bob")
    async def bob(session: UnitOfWorkDep) -> None:
        session.add(User(**BOB))

    return app


def returning(session: AsyncSession) -> Callable[[], Any]:
    def override() -> AsyncSession:
        return session

    return override


def returning_async(session: AsyncSession) -> Callable[[], Any]:
    async def override() -> AsyncSession:
        return session

    return override


def yielding(session: AsyncSession) -> Callable[[], Any]:
    def override() -> Iterator[AsyncSession]:
        yield session

    return override


def yielding_async(session: AsyncSession) -> Callable[[], Any]:
    async def override() -> AsyncIterator[AsyncSession]:
        yield session

    return override


@pytest.mark.parametrize("make", [returning, returning_async, yielding, yielding_async])
async def test_override_reaches_every_endpoint(
    app: FastAPI, database: Database, make: Callable[[AsyncSession], Callable[[], Any]]
) -> None:
    """An override serves generated endpoints and the user's own, however it gives its session."""
    async with rolled_back_session(database) as session:
        app.dependency_overrides[get_session] = make(session)
        async with open_client(app) as client:
            assert (await client.post("/users/", json=ANN)).status_code == 201
            assert (await client.post("/bob")).status_code == 200
            assert (await client.get("/names")).json() == ["ann", "bob"]
            assert (await client.get("/users/")).json()["total"] == 2
            rows = (await session.exec(select(User))).all()
            assert [user.username for user in rows] == ["ann", "bob"]
    app.dependency_overrides.clear()
    async with open_client(app) as client:
        assert (await client.get("/users/")).json()["total"] == 0


async def test_everything_is_rolled_back(app: FastAPI, database: Database) -> None:
    """Creates, changes, refusals and deletes inside a rolled-back session leave nothing behind."""
    async with rolled_back_session(database) as session, open_client(app, session) as client:
        created = await client.post("/users/", json=ANN)
        assert (await client.post("/users/", json=ANN)).status_code == 400
        path = created.headers["location"]
        patched = await client.patch(path, json={"full_name": "Ann"})
        assert patched.json()["full_name"] == "Ann"
        bulk = await client.post("/users/bulk/", json=[BOB, {**ANN, "email": "a@example.com"}])
        assert bulk.json()["errors"][0]["pointer"] == "/1/username"
        assert (await client.get("/users/")).json()["total"] == 1
        assert (await client.delete(path)).status_code == 204
        streamed = await client.get("/users/stream/")
        assert streamed.json() == []
    async with open_client(app) as client:
        assert (await client.get("/users/")).json()["total"] == 0


async def test_rows_that_were_only_added_are_seen(app: FastAPI, database: Database) -> None:
    """Objects that a test has added but not flushed are there for generated endpoints."""
    async with rolled_back_session(database) as session, open_client(app, session) as client:
        session.add(User(**ANN))
        assert (await client.get("/users/")).json()["total"] == 1


async def test_objects_of_the_test_stay_readable(app: FastAPI, database: Database) -> None:
    """An object of the test can be read and refreshed after an endpoint changed its row."""
    async with rolled_back_session(database) as session, open_client(app, session) as client:
        user = User(**ANN)
        session.add(user)
        await session.commit()
        await client.patch(f"/users/{user.id}", json={"full_name": "Ann"})
        await session.refresh(user)
        assert user.full_name == "Ann"


async def test_client_restores_the_application(app: FastAPI, database: Database) -> None:
    """The client's session is in the way for as long as the client is open, and no longer."""
    async with rolled_back_session(database) as session:
        async with open_client(app, session):
            assert get_session in app.dependency_overrides
        assert get_session not in app.dependency_overrides


async def read_state(client: httpx2.AsyncClient) -> tuple[int, Any]:
    return (await client.get("/users/")).json()["total"], (await client.get("/names")).json()


async def test_failed_endpoint_is_undone(app: FastAPI, database: Database) -> None:
    """An own endpoint that fails leaves nothing behind, and the session goes on, as it would be
    with a session of its own."""

    @app.post("/ann")
    async def ann(session: SessionDep, fails: str = "") -> None:
        session.add(User(**ANN))
        if fails == "before":
            await session.flush()
            raise HTTPException(409, "Not now")
        try:
            await session.commit()
        except IntegrityError:
            raise HTTPException(409, "She is there") from None

    async with rolled_back_session(database) as session, open_client(app, session) as client:
        assert (await client.post("/ann?fails=before")).status_code == 409
        assert await read_state(client) == (0, [])
        assert (await client.post("/ann")).status_code == 200
        assert (await client.post("/ann")).status_code == 409
        assert await read_state(client) == (1, ["ann"])


async def test_forgotten_commit_is_lost(
    app: FastAPI, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What an own endpoint doesn't commit is lost in tests too, and they say so; what the test
    itself has added stays."""

    @app.post("/forget")
    async def forget(session: SessionDep) -> None:
        session.add(User(**ANN))

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404)

    async with rolled_back_session(database) as session, open_client(app, session) as client:
        assert (await client.post("/forget")).status_code == 200
        assert await read_state(client) == (0, [])
        assert "forget has returned without a commit" in caplog.text
        session.add(user := User(**BOB))
        assert (await client.get("/missing")).status_code == 404
        assert user.username == "bob"
        assert await read_state(client) == (1, ["bob"])


class Base(SQLModel, registry=registry()):
    pass


class Entry(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str = ""


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_history_in_a_session_of_another_engine(dialect: str, make_url: MakeURL) -> None:
    """The history of rows is read in a test's session, whose transaction has made the log itself.

    Another transaction would wait for it.
    """
    url = await make_url(dialect, "history_in_tests")
    own, tests = (Database(url, metadata=Entry.metadata, statement_timeout_s=5) for _ in range(2))
    app = FastAPI()
    mount(app, own, Resource(Entry, changes=Changes()))
    async with rolled_back_session(tests) as session, open_client(app, session) as client:
        session.add(Entry(text="unlogged"))
        await session.commit()
        assert (await client.get("/entry/1/history/")).json()["items"] == []
        assert (await client.patch("/entry/1", json={"text": "logged"})).status_code == 200
        (found,) = (await client.get("/entry/1/history/")).json()["items"]
        assert found["changed"] == {"text": {"old": "unlogged", "new": "logged"}}
        past = await client.get("/entry/1", params={"as_of": found["at"]})
        assert past.json()["text"] == "logged"
    for each in (own, tests):
        await each.close_db()

"""Sessions that tests of user code put in place of the application's."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from examples.league import User
from modelwire import Database, SessionDep, UnitOfWorkDep, get_session, mount
from modelwire.testing import open_client, rolled_back_session
from tests.conftest import LEAGUE

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

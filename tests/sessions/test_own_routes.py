"""Routes of the user's own beside the generated ones."""

import pytest
from fastapi import APIRouter, FastAPI

from modelwire import Database, mount
from modelwire.errors import NotFound
from tests.conftest import LEAGUE, open_client


@pytest.mark.parametrize("first", ["own", "mount"])
async def test_spelt_out_path_wins(database: Database, first: str) -> None:
    """`/users/me` is never taken for the user whose key is `me`, wherever it is declared."""
    app = FastAPI()
    if first == "mount":
        mount(app, database, *LEAGUE)

    @app.get("/users/me")
    async def me() -> str:
        return "it is you"

    if first == "own":
        mount(app, database, *LEAGUE)
    async with open_client(app) as client:
        assert (await client.get("/users/me")).json() == "it is you"
        assert (await client.get("/users/you")).status_code == 422
        assert (await client.get("/users/1")).status_code == 404


async def test_spelt_out_path_in_a_router_wins(database: Database) -> None:
    """A router of the user's own is looked into as well."""
    app, router = FastAPI(), APIRouter(prefix="/users")
    router.add_api_route("/me", lambda: "it is you")
    mount(app, database, *LEAGUE)
    app.include_router(router)
    async with open_client(app) as client:
        assert (await client.get("/users/me")).json() == "it is you"
        assert (await client.get("/users/you")).status_code == 422


async def test_route_that_is_added_later(database: Database) -> None:
    """A route that is added while the application runs wins from then on."""
    app = FastAPI()
    mount(app, database, *LEAGUE)
    async with open_client(app) as client:
        assert (await client.get("/teams/first")).status_code == 422
        app.add_api_route("/teams/first", lambda: "the first")
        assert (await client.get("/teams/first")).json() == "the first"


async def test_errors_of_modelwire_in_own_endpoints(database: Database) -> None:
    """An endpoint may raise the errors that generated ones answer with."""
    app = FastAPI()
    mount(app, database, *LEAGUE)

    @app.get("/champion")
    async def champion() -> None:
        raise NotFound("Team not found")

    async with open_client(app) as client:
        answer = await client.get("/champion")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert answer.json()["detail"] == "Team not found"


async def test_own_health_route_stays(database: Database) -> None:
    """A health route that the application has already is left alone."""
    app = FastAPI()
    app.add_api_route("/health", lambda: {"status": "my own"})
    mount(app, database, *LEAGUE[:1])
    mount(app, database, *LEAGUE[1:])
    async with open_client(app) as client:
        assert (await client.get("/health")).json() == {"status": "my own"}
        assert (await client.get("/users/")).status_code == 200
        assert (await client.get("/teams/")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 200

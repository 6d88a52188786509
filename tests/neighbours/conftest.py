"""One application with modelwire and what others bring, in either order."""

from collections.abc import Callable
from typing import Protocol

import pytest
from fastapi import FastAPI

from modelwire import Database, Resource, mount
from tests.conftest import LEAGUE, use_sessions

Add = Callable[[FastAPI], object]


class Share(Protocol):
    """Makes an application that another library shares, of the league or of other resources."""

    def __call__(self, add: Add, *resources: Resource) -> FastAPI: ...


@pytest.fixture(params=["before", "after"])
def place(request: pytest.FixtureRequest) -> str:
    """The place where another library is added: before `mount`, or after it."""
    return str(request.param)


@pytest.fixture
def share(database: Database, lane: str, place: str) -> Share:
    """Make an application of the league that another library shares."""

    def make(add: Add, *resources: Resource) -> FastAPI:
        app = FastAPI()
        if place == "before":
            add(app)
        mount(app, database, *(resources or LEAGUE))
        if lane == "session":
            use_sessions(app, database)
        if place == "after":
            add(app)
        return app

    return make

"""Resources that can't be served as they are declared: refused at start-up, with advice."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlmodel import SQLModel

from examples.league import Player, Team, User
from modelwire import ConfigurationError, Database, Resource, mount


class NoTable(SQLModel):
    name: str


class NoSQLModel(BaseModel):
    name: str


def refusal(*resources: Resource, **options: Any) -> str:
    """What mounting some resources is refused with."""
    with pytest.raises(ConfigurationError) as caught:
        mount(FastAPI(), Database("sqlite://"), *resources, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filters": {"usrname": "eq"}}, ["User", "filters", "usrname", "username"]),
        ({"filters": {"username": "icontain"}}, ["User", "username", "icontain", "icontains"]),
        ({"filters": {"is_active": "gt"}}, ["User", "is_active", "gt", "eq"]),
        ({"hidden": ["emial"]}, ["User", "hidden", "emial", "email"]),
        ({"includes": ["posts"]}, ["User", "includes", "posts"]),
        ({"operations": ["raed"]}, ["User", "raed", "read"]),
    ],
)
def test_name_that_nothing_has(options: dict[str, Any], words: list[str]) -> None:
    """A misspelt name is refused, with the option, the name and those that would be right."""
    message = refusal(Resource(User, **options))
    assert [word for word in words if word not in message] == []


def test_unknown_include() -> None:
    """An unknown relation is refused with the relations that there are."""
    message = refusal(Resource(Team, includes=["player"]), Resource(Player))
    assert "`player`" in message
    assert "`players`" in message


def test_include_of_no_resource() -> None:
    """A relation can be included only where its target is served; the message names it."""
    message = refusal(Resource(Team, includes=["players"]))
    assert "Team" in message
    assert "players" in message


def test_include_by_default_without_include() -> None:
    """What is shown unasked must be among what may be asked for."""
    message = refusal(Resource(Team, include_by_default=["players"]), Resource(Player))
    assert "include_by_default" in message
    assert "players" in message


def test_same_table_twice() -> None:
    """A table is served once."""
    assert "same table" in refusal(Resource(User), Resource(User, path="/others"))


def test_same_path_twice() -> None:
    """A path is given to one resource."""
    message = refusal(Resource(User, path="/x"), Resource(Team, path="x/"))
    assert "/x" in message
    assert "path=" in message


@pytest.mark.parametrize("model", [NoTable, NoSQLModel, int])
def test_model_without_a_table(model: Any) -> None:
    """A model that is no table is refused, with how to declare one."""
    message = refusal(Resource(model))
    assert model.__name__ in message
    assert "table=True" in message


def test_second_database() -> None:
    """An application takes one database."""
    app = FastAPI()
    mount(app, Database("sqlite://"), Resource(User))
    with pytest.raises(ConfigurationError, match="database"):
        mount(app, Database("sqlite://"), Resource(Team))

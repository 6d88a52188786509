"""Resources that can't be served as they are declared: refused at start-up, with advice."""

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from examples.league import Player, Team, User
from modelwire import (
    Caller,
    Changes,
    ConfigurationError,
    Cors,
    Database,
    FieldPolicy,
    Hooks,
    Mcp,
    Policy,
    Resource,
    mount,
    row_of,
)
from modelwire.statement.changes import CHANGES
from modelwire.statement.idempotency import KEYS
from modelwire.statement.places import PLACES
from modelwire.statement.secrets import SECRETS
from tests.classes import make_class


class NoTable(SQLModel):
    name: str


class NoSQLModel(BaseModel):
    name: str


def refusal(*resources: Resource, **options: Any) -> str:
    """Return the error of mounting some resources."""
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
        ({"includes_back": ["team"]}, ["User", "includes_back", "team", "nothing"]),
    ],
)
def test_name_that_nothing_has(options: dict[str, Any], words: list[str]) -> None:
    """A misspelt name is refused, with the option, the name and those that would be right."""
    message = refusal(Resource(User, **options))
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"operations": "read"}, "a list of names"),
        ({"includes": "posts"}, "a list of names"),
        ({"hidden": [User.email]}, "a list of names"),
        ({"includes_back": "team"}, "a list of names"),
        ({"tags": "people"}, "a list of names, or None"),
        ({"filters": ["username"]}, "operators by field, as in {'name': 'icontains'}"),
        ({"path": "/{tenant}/users"}, "a path such as '/things', without parameters"),
        ({"path": "/"}, "a path such as '/things', without parameters"),
        ({"path": 5}, "a path such as '/things', without parameters"),
        ({"version": ["number"]}, "the name of a field"),
        ({"read_schema": dict}, "a Pydantic model that is not a table, or None"),
        ({"dependencies": [open]}, "a list of Depends(…)"),
        ({"dependencies": Depends(open)}, "a list of Depends(…)"),
        ({"operation_dependencies": {"read": Depends(open)}}, "lists of Depends(…) by operation"),
        ({"max_limit": 0}, "a number from 1 on"),
        ({"default_limit": "10"}, "a number from 1 on"),
        ({"max_bulk_rows": -1}, "a number from 1 on"),
    ],
)
def test_argument_of_the_wrong_kind(options: dict[str, Any], expected: str) -> None:
    """An argument of the wrong kind is refused where it is written, with what it should be."""
    with pytest.raises(ConfigurationError) as caught:
        Resource(User, **options)
    (name,) = options
    assert str(caught.value).startswith(f"Resource(User, {name}=")
    assert f"should be {expected}" in str(caught.value)


def test_relationship_that_never_leads_back() -> None:
    """A relationship to many rows need not be opened: it never leads straight back."""
    team = Resource(Team, includes=["players"], includes_back=["players"])
    message = refusal(team, Resource(Player, includes=["team"]))
    assert "includes_back=['players']" in message
    assert "leave it out" in message


@pytest.mark.parametrize(
    ("declared", "misspelt", "hint"),
    [
        (Resource, "include", "(did you mean `includes`?); it has model, path, operations, "),
        (mount, "prefx", "(did you mean `prefix`?); it has app, database, *resources, caller, "),
        (mount, "resources", "(did you mean `*resources`?); it has app, database, *resources, "),
        (Policy, "updates", "(did you mean `update`?); it has read, create, update, delete, "),
        (FieldPolicy, "reads", "(did you mean `read`?); it has read, write"),
        (Caller, "keys", "(did you mean `key`?); it has dependency, key"),
        (Hooks, "after_creation", "(did you mean `after_create`?); it has before_create, "),
        (Changes, "days", "(did you mean `keep_days`?); it has history, live, keep_days"),
        (Database, "pol_size", "(did you mean `pool_size`?); it has url, pool_size, "),
        (Mcp, "urls", "(did you mean `url`?); it has path, authorization_servers, url, "),
        (Cors, "orgins", "(did you mean `origins`?); it has origins, "),
        (row_of, "option", "(did you mean `options`?); it has model, action, options"),
    ],
)
def test_argument_that_is_unknown(declared: Any, misspelt: str, hint: str) -> None:
    """A misspelt argument of any declaration is told with the closest one and all that there are.

    The error has the class of Python's own.
    """
    with pytest.raises(TypeError) as caught:
        declared(**{misspelt: None})
    assert f"{declared.__name__}() has no argument `{misspelt}` {hint}" in str(caught.value)


def test_more_rows_by_default_than_at_most() -> None:
    """A `max_limit` below the default of `default_limit` says what to give as well."""
    with pytest.raises(ConfigurationError, match=r"give default_limit=5 or less"):
        Resource(User, max_limit=5)
    assert Resource(User, max_limit=5, default_limit=5).default_limit == 5


def test_row_in_place_of_its_class() -> None:
    """A row is no model, and its values are not told."""
    with pytest.raises(ConfigurationError) as caught:
        Resource(Team(name="Red"))  # type: ignore[arg-type]
    assert "Team should be a class" in str(caught.value)
    assert "Red" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"app": APIRouter()}, "mount(app=…): APIRouter should be a FastAPI application"),
        ({"database": "sqlite://"}, "mount(database=…): 'sqlite://' should be a Database"),
        (
            {"resources": [User]},
            "mount(resources=…): the class User should be a Resource, as in Resource(User).",
        ),
        (
            {"resources": [[Resource(User)]]},
            "mount(resources=…): list should be separate arguments",
        ),
        ({"prefix": "api"}, "mount(prefix=…): 'api' should be a path that starts with a slash"),
        ({"prefix": "/{tenant}"}, "mount(prefix=…): '/{tenant}' should be a path"),
        ({"health": "health"}, "mount(health=…): 'health' should be a path that starts with"),
        ({"dependencies": [open]}, "mount(dependencies=…): list should be a list of Depends(…)"),
        ({"max_body_bytes": 0}, "mount(max_body_bytes=…): 0 should be a number of bytes from 1"),
        ({"conflict_status": 500}, "mount(conflict_status=…): 500 should be 400, 409 or None"),
    ],
)
def test_argument_of_mount_of_the_wrong_kind(options: dict[str, Any], expected: str) -> None:
    """An argument of `mount` that can't be used is refused with what it should be."""
    app, database = options.pop("app", FastAPI()), options.pop("database", Database("sqlite://"))
    resources = options.pop("resources", [Resource(User)])
    with pytest.raises(ConfigurationError) as caught:
        mount(app, database, *resources, **options)
    assert str(caught.value).startswith(expected)


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
    """A default include must be among the allowed ones."""
    message = refusal(Resource(Team, include_by_default=["players"]), Resource(Player))
    assert "include_by_default" in message
    assert "players" in message


def test_same_table_twice() -> None:
    """A table is served once."""
    assert "same table, users;" in refusal(Resource(User), Resource(User, path="/others"))


def test_same_path_twice() -> None:
    """A path is given to one resource."""
    message = refusal(Resource(User, path="/x"), Resource(Team, path="x/"))
    assert "/x" in message
    assert "path=" in message


@pytest.mark.parametrize("model", [NoTable, NoSQLModel, int])
def test_model_without_a_table(model: Any) -> None:
    """A model that is not a table is refused, with how to declare one."""
    message = refusal(Resource(model))
    assert model.__name__ in message
    assert "table=True" in message


@pytest.mark.parametrize("own", [CHANGES, KEYS, PLACES, SECRETS], ids=lambda own: own.name)
def test_table_of_modelwires_own(own: Table) -> None:
    """The log has whole rows, hidden columns included; secrets are nobody's to read."""
    columns = {"id": Field(primary_key=True), "__annotations__": {"id": int}}
    body = {**columns, "__tablename__": own.name, "__module__": __name__}
    base = make_class("Base", SQLModel, {"__module__": __name__}, registry=registry())
    message = refusal(Resource(make_class("Own", base, body, table=True)))
    assert message.startswith("Own: names that begin with modelwire_")
    assert f"Don't serve {own.name}" in message


LATE = """
{start}
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

class Base(SQLModel, registry=registry()):
    pass

class Crew(Base, table=True):
    id: int = Field(primary_key=True)
    members: {many} = Relationship(back_populates="crew")

class Member(Base, table=True):
    id: int = Field(primary_key=True)
    crew_id: int = Field(foreign_key="crew.id")
    crew: {one} = Relationship(back_populates="members")
"""
FUTURE = "from __future__ import annotations"


@pytest.mark.parametrize(
    ("start", "many", "one", "fault"),
    [
        (
            FUTURE,
            "list[Member]",
            "Crew | None",
            "Crew can't be mapped: the annotation `list[Member]`",
        ),
        (FUTURE, "list[Member]", "Crew", "Crew can't be mapped: the annotation `list[Member]`"),
        ("", "'list[Member]'", "Crew", "Crew can't be mapped: the annotation `list[Member]`"),
        (
            "",
            "list['Member']",
            "'Crew | None'",
            "Member can't be mapped: the annotation `Crew | None`",
        ),
        ("", "list['Member']", "Crew", None),
    ],
)
def test_relationship_whose_annotation_is_a_text(
    start: str, many: str, one: str, fault: str | None
) -> None:
    """SQLAlchemy would tell to annotate with `Mapped`, which is not SQLModel's way."""
    names: dict[str, Any] = {"__name__": __name__}
    exec(LATE.format(start=start, many=many, one=one), names)
    resources = [Resource(names["Crew"]), Resource(names["Member"])]
    if fault is None:
        mount(FastAPI(), Database("sqlite://"), *resources)
        return
    message = refusal(*resources)
    assert message.startswith(fault)
    assert FUTURE in message


def test_model_derived_from_a_table() -> None:
    """A class that derives from a table is refused by the reason: SQLModel maps no such class."""
    derived = type("Keeper", (User,), {"__module__": __name__, "__annotations__": {}})
    message = refusal(Resource(derived))
    assert "Keeper" in message
    assert "derives from a table, User" in message


def test_second_database() -> None:
    """An application takes one database."""
    app = FastAPI()
    mount(app, Database("sqlite://"), Resource(User))
    with pytest.raises(ConfigurationError, match="database"):
        mount(app, Database("sqlite://"), Resource(Team))

"""Columns that must have a value, which nothing gives: they are told of at start-up."""

from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import (
    Change,
    Database,
    FieldPolicy,
    Hooks,
    Policy,
    Resource,
    everyone,
    mount,
    nobody,
)
from tests.conftest import MakeURL, make_app, open_client
from tests.http.problems import read_problem
from tests.lanes import DIALECTS


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Medal(Base, table=True):
    __tablename__ = "unfilled_medals"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    rank: int
    level: int = 3
    text: str = Field(sa_column_kwargs={"server_default": "x"})
    note: str | None = None


class MedalCreate(BaseModel):
    name: str


def closed(*names: str, **more: Any) -> Policy:
    rules = {name: FieldPolicy(write=nobody) for name in names}
    return Policy(read=everyone, fields=rules, **more)


async def fill(change: Change) -> None:
    for row in change.rows:
        assert row.new is not None
        row.new["rank"] = 1


TOLD: dict[str, tuple[dict[str, Any], Sequence[str]]] = {
    "open": ({}, ()),
    "policy": ({"policy": closed("rank")}, ["rank"]),
    "several": ({"policy": closed("name", "rank", "level", "text", "note")}, ["name", "rank"]),
    "filled": ({"policy": closed("level", "text", "note")}, ()),
    "read_only": ({"read_only": ["rank"]}, ["rank"]),
    "schema": ({"create_schema": MedalCreate}, ["rank"]),
    "hook": ({"read_only": ["rank"], "hooks": Hooks(before_create=[fill])}, ()),
    "assigned": ({"assign_on_create": {"rank": lambda: 1}}, ()),
    "not created": ({"read_only": ["rank"], "operations": ["read", "list", "update"]}, ()),
    "nobody creates": ({"policy": closed("rank", create=nobody)}, ()),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_is_told(caplog: pytest.LogCaptureFixture, case: str) -> None:
    """The warning names the fields, and says what to write."""
    options, names = TOLD[case]
    mount(FastAPI(), Database("sqlite://", metadata=Base.metadata), Resource(Medal, **options))
    told = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    if not names:
        assert told == []
        return
    (message,) = told
    named = ", ".join(f"`{name}`" for name in names)
    assert message.startswith(f"Resource(Medal): {named} must have a value")
    assert f'assign_on_create={{"{names[0]}": …}}' in message


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_refused(make_url: MakeURL, lane: str, dialect: str) -> None:
    """The warning is right: nothing can be created, as no one may set the field."""
    database = Database(await make_url(dialect, "unfilled"), metadata=Base.metadata)
    await database.init_db()
    resources = (Resource(Medal, policy=closed("rank")),)
    async with open_client(make_app(database, lane, resources, {})) as client:
        body = {"name": "a"}
        read_problem(await client.post("/unfilled_medals/", json=body), 422, "not_null")
        answer = await client.post("/unfilled_medals/", json={**body, "rank": 1})
        read_problem(answer, 422, "invalid")
    await database.close_db()

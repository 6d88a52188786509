"""Fields that are hidden because of their names: which, and how that is told."""

import logging
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount
from modelwire.catalog.read import read_catalog
from tests.classes import make_class
from tests.conftest import open_client, use_sessions

NAMES = ["token{}", "{}_secrets", "password_{}", "api_key{}", "{}Hashed", "PassPhrase{}"]


class Algorithm(StrEnum):
    ARGON = "argon2id"
    BCRYPT = "bcrypt"


OPEN = [int, float, Decimal, bool, datetime, date, time, timedelta, Algorithm, int | None]
CLOSED = [str, bytes, uuid.UUID, str | None]


@pytest.fixture
def base() -> type[SQLModel]:
    """A base whose tables no other test has."""

    class Base(SQLModel, registry=registry()):
        pass

    return Base


def make_model(base: type[SQLModel], name: str, annotation: Any) -> type[SQLModel]:
    body = {
        "__annotations__": {"id": int | None, name: annotation},
        "id": Field(default=None, primary_key=True),
        "__module__": __name__,
    }
    return make_class("Thing", base, body, table=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("annotation", [*OPEN, *CLOSED], ids=str)
def test_what_can_be_no_secret_is_shown(base: type[SQLModel], name: str, annotation: Any) -> None:
    """Texts, bytes and UUIDs are hidden by these names; what counts, dates or chooses is not."""
    name = name.format("x")
    model = make_model(base, name, annotation)
    table = read_catalog([Resource(model)]).tables["thing"]
    assert (name in table.readable) is (annotation in OPEN)
    shown = read_catalog([Resource(model, shown=[name])]).tables["thing"]
    assert name in shown.readable


@pytest.mark.parametrize("annotation", [int, int | None, Decimal], ids=str)
@pytest.mark.parametrize(
    ("name", "is_shown"),
    [
        ("token", False),
        ("reset_token", False),
        ("rowHash", False),
        ("api_key", False),
        ("vaultPassword", False),
        ("token_count", True),
        ("total_tokens", True),
        ("hash_rounds", True),
        ("passwords", True),
    ],
)
def test_numbers(base: type[SQLModel], name: str, annotation: Any, is_shown: bool) -> None:
    """A number is hidden where its whole name, or the end of it, says that it is a secret."""
    table = read_catalog([Resource(make_model(base, name, annotation))]).tables["thing"]
    assert (name in table.readable) is is_shown


def test_json_is_hidden() -> None:
    class Base(SQLModel, registry=registry()):
        pass

    class Box(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        secrets: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON))

    assert "secrets" not in read_catalog([Resource(Box)]).tables["box"].readable


def test_foreign_keys_are_what_they_refer_to() -> None:
    """A key that is shown may be referred to under any name; a secret that is a key may not."""

    class Base(SQLModel, registry=registry()):
        pass

    class Vault(Base, table=True):
        id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
        password: str = Field(unique=True)

    class Entry(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        secret_id: uuid.UUID | None = Field(default=None, foreign_key="vault.id")
        opened_by: str | None = Field(default=None, foreign_key="vault.password")

    class Look(Base, table=True):
        entry: str | None = Field(default=None, foreign_key="entry.opened_by", primary_key=True)

    catalog = read_catalog([Resource(Vault), Resource(Entry), Resource(Look)])
    assert [*catalog.tables["entry"].readable] == ["id", "secret_id"]
    assert catalog.hidden_by_name == ["vault.password", "entry.opened_by", "look.entry"]


def make_hero() -> type[SQLModel]:
    class Base(SQLModel, registry=registry()):
        pass

    class Hero(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        secret_name: str
        total_tokens: int = 0
        password_changed_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
        nick_hash: str = Field(default="", exclude=True)
        team_secret: str = ""

    return Hero


def test_what_is_hidden_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each mount says in one line what it hides for its name alone, and how that is shown."""
    with caplog.at_level(logging.INFO, "modelwire"):
        hero = make_hero()
        mount(FastAPI(), Database("sqlite://"), Resource(hero, hidden=["team_secret"]))
        (line,) = [record.getMessage() for record in caplog.records]
        assert ": hero.secret_name. " in line
        assert "Resource(shown=[...])" in line
        assert "--show" in line
        caplog.clear()
        shown = Resource(hero, hidden=["team_secret"], shown=["secret_name"])
        mount(FastAPI(), Database("sqlite://"), shown)
        assert not caplog.records


async def test_hidden_and_shown_on_the_wire(database: Database, lane: str) -> None:
    """A field that is no secret is shown, filtered and sorted; a possible secret is neither."""
    hero = make_hero()
    app = FastAPI()
    mount(app, database, Resource(hero))
    if lane == "session":
        use_sessions(app, database)
    async with database.engine.begin() as connection:
        await connection.run_sync(hero.metadata.create_all)
    try:
        async with open_client(app) as client:
            row = {"secret_name": "Dive", "total_tokens": 3}
            answer = await client.post("/hero/", json=row)
            assert answer.status_code == 201
            assert set(answer.json()) == {"id", "total_tokens", "password_changed_at"}
            found = await client.get("/hero/?total_tokens__gt=2&sort=-password_changed_at")
            assert len(found.json()["items"]) == 1
            assert (await client.get("/hero/?secret_name=Dive")).status_code == 422
    finally:
        async with database.engine.begin() as connection:
            await connection.run_sync(hero.metadata.drop_all)

"""Keys that count up, as each way of declaring them has it, and what SQLite can't count."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import BIGINT, BigInteger, Column, Identity, Integer, SmallInteger
from sqlalchemy.orm import registry
from sqlalchemy.schema import Sequence
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from modelwire import ConfigurationError, Database, Resource
from tests.classes import make_class
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Wide(TypeDecorator[int]):
    """A user-defined type."""

    impl = BigInteger
    cache_ok = True


COUNTED: dict[str, Any] = {
    "plain": lambda: Column(Integer, primary_key=True),
    "big": lambda: Column(BigInteger, primary_key=True),
    "bigint": lambda: Column(BIGINT, primary_key=True),
    "small": lambda: Column(SmallInteger, primary_key=True),
    "own": lambda: Column(Wide, primary_key=True, autoincrement=True),
    "identity": lambda: Column(BigInteger, Identity(), primary_key=True),
    "always": lambda: Column(BigInteger, Identity(always=True), primary_key=True),
    "sequence": lambda: Column(BigInteger, Sequence("counted"), primary_key=True),
}


def make_model(base: type[SQLModel], name: str, **columns: Column[Any]) -> type[SQLModel]:
    """A table with some columns, and one more."""
    fields = {key: Field(default=None, sa_column=column) for key, column in columns.items()}
    annotations = {**dict.fromkeys(columns, int | None), "label": str}
    body = {
        "__annotations__": annotations,
        "__module__": __name__,
        "label": Field(default="x"),
        **fields,
    }
    return make_class(name.title(), base, body, table=True)


MODELS = {name: make_model(Base, name, id=make()) for name, make in COUNTED.items()}
RESOURCES = tuple(map(Resource, MODELS.values()))
counting_world = make_world_fixture("counting", Base.metadata, on_lanes(RESOURCES))


@pytest.fixture
async def client(counting_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(counting_world.database)
    return counting_world.clients[lane]


@pytest.mark.parametrize("name", COUNTED)
async def test_key_counts_up(client: httpx2.AsyncClient, name: str) -> None:
    """New rows have new keys, one by one and many at once."""
    first = await client.post(f"/{name}/", json={})
    assert first.status_code == 201, first.text
    more = await client.post(f"/{name}/bulk/", json=[{}, {"label": "y"}])
    assert more.status_code == 201, more.text
    keys = [first.json()["id"], *(row["id"] for row in more.json())]
    assert keys == [keys[0], keys[0] + 1, keys[0] + 2]
    assert (await client.get(first.headers["location"])).json() == first.json()


MAIN, PUBLIC = {"schema": "main"}, {"schema": "public"}


def numbered() -> Sequence:
    return Sequence("numbers")


@pytest.mark.parametrize(
    "columns",
    [
        {"id": lambda: Column(Integer, primary_key=True), "n": lambda: Column(Integer, Identity())},
        {"id": lambda: Column(Integer, primary_key=True), "n": lambda: Column(Integer, numbered())},
        {
            "k": lambda: Column(Integer, primary_key=True),
            "n": lambda: Column(Integer, Identity(), primary_key=True),
        },
        {"n": lambda: Column(Integer, primary_key=True, server_default=numbered().next_value())},
    ],
)
async def test_what_sqlite_can_not_count(columns: dict[str, Any], tmp_path: Path) -> None:
    """The column is named at start, with what to write."""
    base = make_class("Base", SQLModel, {}, registry=registry())
    make_model(base, "paper", **{name: make() for name, make in columns.items()})
    await refuse(base, tmp_path, r"^paper\.n can't count up on SQLite.+ primary_key=True")


async def test_schema_that_sqlite_does_not_have(tmp_path: Path) -> None:
    """The table is named at start, with what to write; `main` is there."""

    class Own(SQLModel, registry=registry()):
        pass

    class Kept(Own, table=True):
        __table_args__ = MAIN
        id: int | None = Field(default=None, primary_key=True)

    database = Database(f"sqlite:///{tmp_path}/kept.db", metadata=Own.metadata)
    await database.init_db()
    await database.close_db()

    class Paper(Own, table=True):
        __table_args__ = PUBLIC
        id: int | None = Field(default=None, primary_key=True)

    await refuse(Own, tmp_path, r"public\.paper is in a schema, public.+Leave `schema` out")


async def test_tables_of_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A key that was created as BIGINT, and so gives new rows none, is named in the log."""
    file = tmp_path / "others.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE big (id BIGINT PRIMARY KEY, label TEXT NOT NULL)")
        connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, label TEXT NOT NULL)")
    database = Database(f"sqlite:///{file}", metadata=Base.metadata)
    await database.init_db()
    await database.close_db()
    (message,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert message.startswith(
        "New rows of big need a key that nothing gives them: id is of the type"
    )


async def refuse(base: type[SQLModel], directory: Path, message: str) -> None:
    database = Database(f"sqlite:///{directory}/paper.db", metadata=base.metadata)
    with pytest.raises(ConfigurationError, match=message):
        await database.init_db()
    await database.close_db()

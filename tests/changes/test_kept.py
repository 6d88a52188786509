"""Retention of changes, and missing triggers."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import make_url
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire import Changes, ConfigurationError, Database, Resource, get_session, mount
from modelwire.execute.log.log import PRUNED
from modelwire.statement.changes import CHANGES
from tests.changes.exact import check_exact, read_log, run_sql
from tests.conftest import PATIENT, MakeURL, create_postgres_database, open_client
from tests.lanes import DIALECTS


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Item(Base, table=True):
    __tablename__ = "kept_items"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""


TABLE = Item.__table__  # type: ignore[attr-defined]


@pytest.fixture(params=DIALECTS)
async def empty(request: pytest.FixtureRequest, make_url: MakeURL) -> str:
    """The URL of a database without tables."""
    return await make_url(request.param, "keeping")


def make_app(database: Database, changes: Changes | None) -> FastAPI:
    app = FastAPI()
    mount(app, database, Resource(Item, changes=changes))
    return app


async def create(client: httpx2.AsyncClient, count: int = 1) -> None:
    answer = await client.post("/kept_items/bulk/", json=[{}] * count)
    assert answer.status_code == 201, answer.text


class Keyed(Base, table=True):
    """A key of texts that databases spell in their own ways."""

    __tablename__ = "kept_keyed"

    id: uuid.UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    size: Decimal = Field(primary_key=True, max_digits=8, decimal_places=2)
    name: str = ""


class Weighed(Base, table=True):
    __tablename__ = "kept_weighed"

    id: int | None = Field(default=None, primary_key=True)
    weight: float = 1.5


async def test_connections_that_have_not_written(empty: str) -> None:
    """A connection that has noted no change yet reads what others have."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = FastAPI()
    mount(app, database, Resource(Weighed, changes=Changes()))
    async with open_client(app) as client:
        assert (await client.post("/kept_weighed/", json={})).status_code == 201
        path = "/kept_weighed/1/history/"
        answers = await asyncio.gather(*(client.get(path) for _ in range(3)))
    await database.close_db()
    assert [answer.status_code for answer in answers] == [200] * 3


async def test_keys_of_other_types(empty: str) -> None:
    """The history of a row is found by its key, whatever that is made of."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = FastAPI()
    mount(app, database, Resource(Keyed, changes=Changes()))
    key = {"id": "00000000-0000-0000-0000-0000000000aa", "day": "2026-02-03", "size": "1.50"}
    path = f"/kept_keyed/{','.join(key.values())}"
    async with open_client(app) as client:
        assert (await client.post("/kept_keyed/", json=key)).status_code == 201
        assert (await client.patch(path, json={"name": "n"})).status_code == 200
        items = (await client.get(f"{path}/history/")).json()["items"]
        assert [item["operation"] for item in items] == ["update", "create"]
        now = {"as_of": "2100-01-01T00:00:00Z"}
        assert (await client.get(path, params=now)).json() == {**key, "name": "n"}
        back = await client.post(f"{path}/history/{items[0]['number']}/revert")
        assert back.json()["name"] == ""
        assert (await client.delete(path)).status_code == 204
        items = (await client.get(f"{path}/history/")).json()["items"]
        back = await client.post(f"{path}/history/{items[0]['number']}/revert")
        assert back.json() == {**key, "name": ""}
    await database.close_db()


async def test_old_entries_go(empty: str) -> None:
    """Old entries are removed with writes, some at a time, and no others."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    async with open_client(make_app(database, Changes(keep_days=2))) as client:
        for _ in range(2):
            await create(client, 600)
        days = "now() - interval '3 days'"
        if database.dialect == "sqlite":
            days = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-3 days')"
        await run_sql(database, f"UPDATE {CHANGES.name} SET at = {days}")
        database.tracking.log.add(database.tracking.log.tables[TABLE.fullname])
        await create(client)
        assert len(await read_log(database)) == 1201 - PRUNED
        await create(client)
        assert [entry.key for entry in await read_log(database)] == ["[1201]", "[1202]"]
        old = {"as_of": "2020-01-01T00:00:00Z"}
        assert (await client.get("/kept_items/1", params=old)).status_code == 422
    await database.close_db()


async def test_old_entries_of_many_tables_go(empty: str) -> None:
    """One write removes entries of one table, whatever the number of tables."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app, kept = FastAPI(), Changes(keep_days=2)
    mount(app, database, Resource(Item, changes=kept), Resource(Weighed, changes=kept))
    async with open_client(app) as client:
        await create(client, 3)
        for _ in range(3):
            assert (await client.post("/kept_weighed/", json={})).status_code == 201
        days = "now() - interval '3 days'"
        if database.dialect == "sqlite":
            days = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-3 days')"
        await run_sql(database, f"UPDATE {CHANGES.name} SET at = {days}")
        log = database.tracking.log
        for noted in [*log.tables.values()]:
            log.add(noted)
        counts = []
        for _ in range(3):
            await create(client)
            counts.append(len(await read_log(database)))
    await database.close_db()
    # Of each table the last entry of then stays; each write adds one.
    assert counts == [6 + 1 - 2, 5 + 1 - 2, 4 + 1]


async def test_a_log_is_read_before_the_first_write(empty: str) -> None:
    """A row that was stored when nobody kept changes has a history: that it has none."""
    for changes, path in ((None, ""), (Changes(), "/history"), (Changes(), "?as_of=now")):
        database = Database(empty, metadata=Base.metadata, **PATIENT)
        await database.init_db()
        async with open_client(make_app(database, changes)) as client:
            if changes is None:
                await create(client)
            else:
                moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
                answer = await client.get(f"/kept_items/1{path.replace('now', moment)}")
                assert answer.status_code == 200, answer.text
        await database.close_db()


async def test_the_first_write_begins_the_log(empty: str) -> None:
    """The first write creates missing triggers, by whatever way it comes."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = make_app(database, Changes())
    async with database.session() as session:
        session.add(Item(name="by a session"))
        await session.commit()
    async with open_client(app) as client:
        await create(client)
    assert len(await check_exact(database, [TABLE])) == 2
    await database.close_db()


async def test_sessions_of_another_engine(empty: str) -> None:
    """Writes in a session of another engine are logged too."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = make_app(database, Changes())
    other = Database(empty, metadata=Base.metadata, **PATIENT)

    async def override() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(other.engine) as session:
            yield session

    app.dependency_overrides[get_session] = override
    async with open_client(app) as client:
        await create(client, 2)
        headers = {"X-Request-ID": "this-one"}
        answer = await client.patch("/kept_items/1", json={"name": "n"}, headers=headers)
        assert answer.status_code == 200
        assert len((await client.get("/kept_items/1/history/")).json()["items"]) == 2
    entries = await check_exact(database, [TABLE])
    assert [entry.operation for entry in entries] == ["create", "create", "update"]
    assert entries[-1].request == "this-one"
    await other.close_db()
    await database.close_db()


async def test_tables_that_are_made_anew(empty: str) -> None:
    """Changes of a table that is dropped and created again are logged all the same."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    async with open_client(make_app(database, Changes())) as client:
        await create(client)
        async with database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
            await connection.run_sync(Base.metadata.create_all)
        await run_sql(database, f"DELETE FROM {CHANGES.name}")
        await create(client)
    assert len(await check_exact(database, [TABLE])) == 1
    await database.close_db()


async def test_tables_that_a_transaction_has_made(empty: str) -> None:
    """Writes to a table in the transaction that has created it are logged, too."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    app = make_app(database, Changes())
    async with database.session() as session:
        connection = await session.connection()
        await connection.run_sync(Base.metadata.create_all)
        session.add(Item(name="at once"))
        await session.commit()
    async with database.session() as session:
        session.add(Item(name="later"))
        await session.commit()
    async with open_client(app) as client:
        await create(client)
    assert len(await check_exact(database, [TABLE])) == 3
    await database.close_db()


class Interrupted:
    """A connection beside whose first look something happens.

    Args:
        raw: The driver's own connection.
        happens: What happens before the look's answer is read.
    """

    def __init__(self, raw: Any, happens: Callable[[], Awaitable[None]]) -> None:
        self._raw = raw
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    async def fetch(self, text: str, *values: object) -> Any:
        rows = await self._raw.fetch(text, *values)
        await self._happens()
        return rows


async def test_tables_that_are_made_beside_a_look(make_url: MakeURL) -> None:
    """A table that is made anew while a process looks at it is looked at once more."""
    url = await make_url("postgresql", "keeping")
    database = Database(url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    async with open_client(make_app(database, Changes())) as client:
        await create(client)

        async def make_anew() -> None:
            async with database.engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
                await connection.run_sync(Base.metadata.create_all)

        database.tracking.log.forget()
        looking = await asyncpg.connect(url)
        await database.tracking.log.prepare(Interrupted(looking, make_anew))
        await looking.close()
        await run_sql(database, f"DELETE FROM {CHANGES.name}")
        await create(client)
    assert len(await check_exact(database, [TABLE])) == 1
    await database.close_db()


async def test_off_by_default(empty: str) -> None:
    """Without a declaration there is no log, and no table for it."""
    database = Database(empty, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    async with open_client(make_app(database, None)) as client:
        await create(client)
    names = "SELECT name FROM sqlite_master"
    if database.dialect == "postgresql":
        names = "SELECT relname FROM pg_class"
    assert CHANGES.name not in {name for (name,) in await run_sql(database, names)}
    await database.close_db()


async def test_a_role_that_owns_nothing(postgres_server: str, worker_id: str) -> None:
    """Writes are refused where what notes them is missing and can't be created; once it is there,
    the same role writes."""
    name = f"modelwire_poor_{worker_id}"
    url = await create_postgres_database(postgres_server, name)
    owner = Database(url, metadata=Base.metadata, **PATIENT)
    await owner.init_db()
    admin = await asyncpg.connect(url)
    await admin.execute(
        f"DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN PASSWORD 'x'; "
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}; "
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {name}"
    )
    own_url = make_url(url).set(username=name, password="x")
    poor = Database(
        own_url.render_as_string(hide_password=False), metadata=Base.metadata, **PATIENT
    )
    async with open_client(make_app(poor, Changes())) as client:
        answer = await client.post("/kept_items/", json={})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert (await client.get("/kept_items/")).json()["total"] == 0
        make_app(owner, Changes())
        await owner.init_db()
        await admin.execute(
            f"GRANT SELECT, INSERT ON {CHANGES.name} TO {name}; "
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {name}"
        )
        assert (await client.post("/kept_items/", json={})).status_code == 201
    assert len(await check_exact(owner, [TABLE])) == 1
    await poor.close_db()
    await owner.close_db()
    await admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    await admin.close()


@pytest.mark.parametrize(
    "arguments",
    [{"keep_days": 0}, {"keep_days": True}, {"keep_days": "9"}, {"history": 1}, {"live": None}],
)
def test_declarations(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Changes(**arguments)  # type: ignore[arg-type]


class Seen(Base, table=True):
    """Rows of a view."""

    __tablename__ = "kept_seen"
    __table_args__ = {"info": {"is_view": True}}

    id: int = Field(primary_key=True)


class Teller(Base, table=True):
    __tablename__ = "kept_tellers"

    id: int | None = Field(default=None, primary_key=True)
    history: list["Told"] = Relationship(back_populates="teller")


class Told(Base, table=True):
    __tablename__ = "kept_told"

    id: int | None = Field(default=None, primary_key=True)
    teller_id: int | None = Field(default=None, foreign_key="kept_tellers.id")
    teller: Teller | None = Relationship(back_populates="history")


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ([Resource(Seen, operations=["read"], changes=Changes())], "it is a view"),
        ([Resource(Teller, changes=Changes()), Resource(Told)], r"Changes\(history=False\)"),
    ],
    ids=["view", "relationship"],
)
def test_what_can_not_be_kept(tmp_path: Path, resources: list[Resource], sentence: str) -> None:
    database = Database(f"sqlite:///{tmp_path}/refused.db", metadata=Base.metadata)
    with pytest.raises(ConfigurationError, match=sentence):
        mount(FastAPI(), database, *resources)


def test_a_resource_takes_nothing_else() -> None:
    with pytest.raises(ConfigurationError, match="changes=True"):
        Resource(Item, changes=True)  # type: ignore[arg-type]

"""The secret that seals cursors: a setting, or one that the database keeps."""

import asyncio
import logging
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateTable

from examples.league import Team
from modelwire import ConfigurationError, Database, mount
from modelwire.statement.secrets import SECRETS
from modelwire.testing import open_client as open_test_client
from modelwire.testing import rolled_back_session
from tests.conftest import LEAGUE, PATIENT, MakeURL, create_postgres_database, make_app, open_client
from tests.http.problems import read_problem
from tests.http.rows import store
from tests.lanes import DIALECTS

pytestmark = pytest.mark.both_lanes

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "lists.md"
SECRET = "of this secret nobody guesses any"


def app_of(database: Database, lane: str = "direct") -> FastAPI:
    return make_app(database, lane, LEAGUE, {})


async def read_page(app: FastAPI, cursor: str = "") -> httpx2.Response:
    async with open_client(app) as client:
        return await client.get("/teams/", params={"cursor": cursor, "limit": 1})


async def read_stored(database: Database) -> list[bytes]:
    """The secrets that a database keeps."""
    async with database.engine.connect() as connection:
        return [row.value for row in await connection.execute(SECRETS.select())]


@pytest.fixture(params=DIALECTS)
async def url(request: pytest.FixtureRequest, make_url: MakeURL) -> str:
    """An empty database."""
    return await make_url(request.param, "secrets")


@pytest.fixture
async def fresh(url: str) -> AsyncIterator[Database]:
    """A database with the tables of the models alone, and two teams."""
    database = Database(url, **PATIENT)
    async with database.engine.begin() as connection:
        await connection.run_sync(Team.metadata.create_all)
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    yield database
    await database.close_db()


@pytest.mark.parametrize("value", ["", "short", SECRET[:31], f"{SECRET},", f"{SECRET},{'x' * 31}"])
def test_short_secret_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that can be guessed is refused at start, with what to write, and is not printed."""
    monkeypatch.setenv("MODELWIRE_SECRET", value)
    with pytest.raises(ConfigurationError, match=r"MODELWIRE_SECRET.*32 characters") as raised:
        Database("sqlite://")
    assert value == "" or value not in str(raised.value)


def test_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the database nor its settings show the secret."""
    monkeypatch.setenv("MODELWIRE_SECRET", SECRET)
    database = Database("sqlite://")
    shown = f"{database!r} {database.settings!r} {database.settings} {database.secrets!r}"
    assert SECRET not in shown
    assert database.secrets.known == (SECRET.encode(),)


async def test_start_makes_one_secret(url: str) -> None:
    """The first start makes a secret of 32 bytes, which later ones find."""
    found = []
    for _ in range(2):
        database = Database(url)
        await database.init_db()
        found += [*database.secrets.known, *await read_stored(database)]
        await database.close_db()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(found[0]) == 32


async def test_no_secret_is_stored_beside_a_setting(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting, the database needs no secret, nor the table for it."""
    monkeypatch.setenv("MODELWIRE_SECRET", SECRET)
    database = Database(url)
    await database.init_db()
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    page = await read_page(app_of(database))
    assert (await read_page(app_of(database), page.json()["next"])).status_code == 200
    async with database.engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert SECRETS.name not in names
    await database.close_db()


async def test_first_page_makes_the_secret(fresh: Database, lane: str) -> None:
    """Without a start that creates tables, the first page by cursor makes the secret."""
    page = await read_page(app_of(fresh, lane))
    assert page.status_code == 200, page.text
    assert (await read_page(app_of(fresh, lane), page.json()["next"])).status_code == 200
    assert await read_stored(fresh) == list(fresh.secrets.known)


async def test_first_page_in_a_batch_makes_the_secret(fresh: Database, lane: str) -> None:
    """In a batch it is stored in the same transaction, for which any other one would wait."""
    app = app_of(fresh, lane)
    write = {"method": "PATCH", "path": "/teams/1", "body": {"name": "Green"}}
    page = {"method": "GET", "path": "/teams/?cursor=&limit=1"}
    refused = {"method": "DELETE", "path": "/teams/99"}
    async with open_client(app) as client:
        answer = await client.post("/batch", json={"requests": [write, page, refused]})
        assert answer.status_code == 404, answer.text
        assert fresh.secrets.known == ()
        answer = await client.post("/batch", json={"requests": [write, page]})
        assert answer.status_code == 200, answer.text
    cursor = answer.json()["responses"][1]["body"]["next"]
    assert (await read_page(app, cursor)).status_code == 200
    assert len(await read_stored(fresh)) == 1


async def test_list_without_cursor_needs_none(fresh: Database, lane: str) -> None:
    """Other pages have nothing to do with it."""
    async with open_client(app_of(fresh, lane)) as client:
        assert (await client.get("/teams/?limit=1")).json()["total"] == 2
    assert fresh.secrets.known == ()


MAKE = """
import asyncio, sys
from modelwire import Database

async def main():
    database = Database(sys.argv[1])
    sys.stdin.readline()
    secrets = await database.secrets.find()
    sys.stdout.write(secrets[0].hex())
    await database.close_db()

asyncio.run(main())
"""


async def test_processes_that_start_at_once_agree(fresh: Database, url: str) -> None:
    """Of many processes that make the secret at once, all have the same one afterwards."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MAKE, url, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(6)
    ]
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    (stored,) = await read_stored(fresh)
    assert {output for output, _ in outputs} == {stored.hex().encode()}


async def test_many_at_once_in_one_process(fresh: Database, lane: str) -> None:
    """The same for requests, and for applications, of one process."""
    other = Database(fresh.settings.database_url.get_secret_value(), **PATIENT)
    apps = [app_of(fresh, lane), app_of(other)]
    pages = await asyncio.gather(*(read_page(apps[i % 2]) for i in range(10)))
    assert {page.status_code for page in pages} == {200}
    assert len({page.json()["next"] for page in pages}) == 1
    await other.close_db()


async def test_secret_is_in_no_log(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even a log of every statement with its values shows the secret."""
    database = Database(url, echo=True)
    with caplog.at_level(logging.INFO):
        await database.init_db()
    (secret,) = database.secrets.known
    assert f"INSERT INTO {SECRETS.name}" in caplog.text
    assert repr(bytes(secret))[2:-1] not in caplog.text
    assert secret.hex() not in caplog.text
    await database.close_db()


async def test_session_of_another_database(fresh: Database, tmp_path: Path) -> None:
    """With a session on another database the secret is that one's: in tests there is no other."""
    gone = "sqlite:////nowhere/gone.db"
    if fresh.dialect == "postgresql":
        gone = "postgresql://nobody@127.0.0.1:1/none?sslmode=disable"
    app = FastAPI()
    mount(app, Database(gone, pool_timeout_s=0.5), *LEAGUE)
    async with (
        rolled_back_session(fresh) as session,
        open_test_client(app, session) as client,
    ):
        page = await client.get("/teams/?cursor=&limit=1")
        assert page.status_code == 200, page.text
        following = await client.get("/teams/", params={"cursor": page.json()["next"]})
        assert following.json()["items"] == [{"id": 2, "name": "Blue", "city": None}]


async def test_database_in_memory() -> None:
    """A database in memory keeps none: its secret ends with the process, as it does."""
    database = Database("sqlite://")
    await database.init_db()
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    page = await read_page(app_of(database))
    assert (await read_page(app_of(database), page.json()["next"])).status_code == 200
    assert len(database.secrets.known[0]) == 32
    await database.close_db()


# ---- where none can be made ---------------------------------------------------------------------


async def check_refusal(
    database: Database, lane: str, caplog: pytest.LogCaptureFixture, reason: str
) -> None:
    """At start and at the first page one line says what to do; other requests are served."""
    app = app_of(database, lane)
    app.router.lifespan_context = database.lifespan
    for create in (True, False):
        database.settings = database.settings.model_copy(update={"create_tables": create})
        caplog.clear()
        with caplog.at_level(logging.WARNING, "modelwire"):
            async with database.lifespan(app):
                lines = [r.getMessage() for r in caplog.records if SECRETS.name in r.getMessage()]
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert reason in lines[0]
    assert "MODELWIRE_SECRET" in lines[0]
    caplog.clear()
    problem = read_problem(await read_page(app), 503, "unavailable")
    assert "cursor" in problem["detail"]
    assert reason in caplog.text
    async with open_client(app) as client:
        assert (await client.get("/teams/")).status_code == 200


async def test_file_that_can_not_be_written(
    tmp_path: Path, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A SQLite database that is only to be read has no secret, and says so."""
    path = tmp_path / "read.db"
    writable = Database(f"sqlite:///{path}")
    async with writable.engine.begin() as connection:
        await connection.run_sync(Team.metadata.create_all)
    await writable.close_db()
    database = Database(f"sqlite:///file:{path}?mode=ro&uri=true", create_tables=False)
    await check_refusal(database, lane, caplog, "readonly")
    await database.close_db()


@pytest.fixture
async def limited(postgres_server: str, worker_id: str) -> AsyncIterator[tuple[Database, Any]]:
    """PostgreSQL as a role sees it that may read and write the tables of the models, and no more;
    and a connection of one who may do anything."""
    url = await create_postgres_database(postgres_server, f"modelwire_reader_{worker_id}")
    owner, role = await asyncpg.connect(url), f"modelwire_reader_{worker_id}"
    powerful = Database(url)
    await powerful.init_db()
    await powerful.close_db()
    await owner.execute(
        f"DROP TABLE {SECRETS.name}; REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
        f"CREATE ROLE {role} LOGIN PASSWORD 'x';"
        f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}"
    )
    own_url = make_url(url).set(username=role, password="x")
    database = Database(own_url.render_as_string(hide_password=False))
    yield database, owner
    await database.close_db()
    await owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await owner.close()


async def test_role_that_may_create_no_table(
    limited: tuple[Database, Any], lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A role without rights to create the table has no secret, and says so."""
    await check_refusal(limited[0], lane, caplog, "permission denied")


async def test_role_that_may_not_read_the_table(
    limited: tuple[Database, Any], lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The same where the table is there, and closed to the role."""
    database, owner = limited
    await owner.execute(str(CreateTable(SECRETS).compile(dialect=postgresql.dialect())))
    await check_refusal(database, lane, caplog, "permission denied")


def documented_table() -> Sequence[str]:
    """The statements that the documentation has for who creates tables otherwise."""
    found = re.search(r"^CREATE TABLE .*? TO service;$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0].split(";")[:-1]


async def test_table_of_the_documentation(limited: tuple[Database, Any], lane: str) -> None:
    """With the table and the rights that the documentation names, there is a secret."""
    database, owner = limited
    for statement in documented_table():
        await owner.execute(statement.replace("TO service", f"TO {database.url.username}"))
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    page = await read_page(app_of(database, lane))
    assert (await read_page(app_of(database, lane), page.json()["next"])).status_code == 200


def test_documented_table_is_the_one_that_is_created() -> None:
    """The documentation shows the table as it is created."""
    created = str(CreateTable(SECRETS).compile(dialect=postgresql.dialect()))
    assert "".join(created.split()) == "".join(documented_table()[0].split())


async def test_database_that_is_away(tmp_path: Path) -> None:
    """A database that can't be reached is answered as for any other request."""
    database = Database("postgresql://nobody@127.0.0.1:1/none?sslmode=disable", pool_timeout_s=0.5)
    problem = read_problem(await read_page(app_of(database)), 503, "unavailable")
    assert problem["detail"] == "The database is not available"
    await database.close_db()


async def test_secret_that_is_gone_is_found_again(fresh: Database) -> None:
    """A process knows its secret, whatever becomes of the table."""
    page = await read_page(app_of(fresh))
    async with fresh.engine.begin() as connection:
        await connection.execute(text(f"DROP TABLE {SECRETS.name}"))
    assert (await read_page(app_of(fresh), page.json()["next"])).status_code == 200

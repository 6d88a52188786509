"""The table of keys where the service may not create tables."""

import logging
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import httpx2
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from modelwire import Database
from modelwire.statement.idempotency import KEYS
from tests.conftest import LEAGUE, create_postgres_database, make_app, open_client
from tests.http.problems import read_problem

pytestmark = pytest.mark.both_lanes

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "retry-safely.md"


class Limited:
    """PostgreSQL as a user sees it who may use the tables of the league, and create none.

    Attributes:
        database: The database, as that user.
        role: The user.
        owner: A connection of one who may do anything.
    """

    def __init__(self, database: Database, role: str, owner: asyncpg.Connection) -> None:
        self.database = database
        self.role = role
        self.owner = owner


@pytest.fixture
async def limited(postgres_server: str, worker_id: str) -> AsyncIterator[Limited]:
    url = await create_postgres_database(postgres_server, f"modelwire_limited_{worker_id}")
    all_powerful, role = Database(url), f"modelwire_limited_{worker_id}"
    await all_powerful.init_db()
    await all_powerful.close_db()
    owner = await asyncpg.connect(url)
    await owner.execute(
        f"DROP TABLE {KEYS.name}; REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
        f"CREATE ROLE {role} LOGIN PASSWORD 'x';"
        f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    )
    own_url = make_url(url).set(username=role, password="x")
    database = Database(own_url.render_as_string(hide_password=False))
    yield Limited(database, role, owner)
    await database.close_db()
    await owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await owner.close()


async def post(limited: Limited, lane: str, *keys: str | None) -> Sequence[httpx2.Response]:
    """Create a team for each key; None for none."""
    async with open_client(make_app(limited.database, lane, LEAGUE, {})) as client:
        return [
            await client.post(
                "/teams/",
                json={"name": f"Team {key}"},
                headers={"Idempotency-Key": key} if key else {},
            )
            for key in keys
        ]


async def test_table_that_can_not_be_created(
    limited: Limited, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The service starts, with a warning; requests with a key are 503, and others are served."""
    with caplog.at_level(logging.WARNING, "modelwire"):
        await limited.database.init_db()
    assert KEYS.name in caplog.text
    assert "permission denied" in caplog.text
    caplog.clear()
    refused, done = await post(limited, lane, "k", None)
    read_problem(refused, 503, "unavailable")
    assert done.status_code == 201
    assert "permission denied" in caplog.text


async def test_table_of_the_documentation(limited: Limited, lane: str) -> None:
    """With the table and the rights that the documentation names, keys are kept."""
    found = re.search(r"^CREATE TABLE .*? TO service;$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    await limited.owner.execute(found[0].replace("TO service", f"TO {limited.role}"))
    await limited.database.init_db()
    first, again = await post(limited, lane, "k", "k")
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


def test_documented_table_is_the_one_that_is_created() -> None:
    """The documentation shows the table and the index as they are created."""
    elements: list[ExecutableDDLElement] = [CreateTable(KEYS), *map(CreateIndex, KEYS.indexes)]
    created = "".join(f"{element.compile(dialect=postgresql.dialect())};" for element in elements)
    assert "".join(created.split()) in "".join(PAGE.read_text().split())

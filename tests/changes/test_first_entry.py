"""The first entry of a log, which a trigger of the user's own has led to."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import MetaData, text
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource
from tests.changes.test_triggers import run_script
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS

PATH = "/first_entry_parts/"
TRIGGER = {
    "postgresql": """
CREATE FUNCTION own_part() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE first_entry_parts SET name = name || '+' WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER own_part AFTER INSERT ON first_entry_parts
  FOR EACH ROW EXECUTE FUNCTION own_part();
""",
    "sqlite": """
CREATE TRIGGER own_part AFTER INSERT ON first_entry_parts BEGIN
  UPDATE first_entry_parts SET name = name || '+' WHERE id = NEW.id;
END;
""",
}


class FirstEntry(SQLModel):
    metadata = MetaData()


class FirstEntryPart(FirstEntry, table=True):
    __tablename__ = "first_entry_parts"

    id: int | None = Field(default=None, primary_key=True)
    name: str


@pytest_asyncio.fixture(params=DIALECTS)
async def parts(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[Database]:
    """A database of which nothing was noted yet, with a trigger that writes to what is written."""
    database = Database(
        await make_url(request.param, "first_entry"), metadata=FirstEntry.metadata, **PATIENT
    )
    await database.init_db()
    await run_script(database, TRIGGER[database.dialect])
    yield database
    await database.close_db()


async def create(database: Database, lane: str) -> httpx2.Response:
    app = make_app(database, lane, (Resource(FirstEntryPart, changes=Changes()),), {})
    async with open_client(app) as client:
        return await client.post(PATH, json={"name": "a"})


@pytest.mark.both_lanes
async def test_order(parts: Database, lane: str) -> None:
    """It stands behind the entry of the statement that it was written for."""
    assert (await create(parts, lane)).status_code == 201
    async with parts.engine.connect() as connection:
        noted = await connection.execute(
            text("SELECT operation FROM modelwire_changes ORDER BY number")
        )
        assert noted.scalars().all() == ["create", "update"]


@pytest.mark.both_lanes
@pytest.mark.parametrize("path", ["7?as_of=2024-01-01T00:00:00Z", "7/history/"])
async def test_read_in_a_batch(parts: Database, lane: str, path: str) -> None:
    """It may be looked for in a batch, which is the only one that writes on SQLite."""
    app = make_app(parts, lane, (Resource(FirstEntryPart, changes=Changes()),), {})
    async with open_client(app) as client:
        requests = [{"method": "GET", "path": f"{PATH}{path}"}]
        answer = await client.post("/batch", json={"requests": requests})
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("parts", ["postgresql"], indirect=True)
async def test_role(parts: Database, lane: str) -> None:
    """A role that may write to the log, and use its sequence, need not be able to read that."""
    assert (await create(parts, lane)).status_code == 201
    async with parts.engine.begin() as connection:
        for step in (
            "CREATE ROLE first_entry_writer",
            "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO first_entry_writer",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO first_entry_writer",
            "SET LOCAL ROLE first_entry_writer",
            "INSERT INTO first_entry_parts (name) VALUES ('b')",
            "RESET ROLE",
            "DROP OWNED BY first_entry_writer",
            "DROP ROLE first_entry_writer",
        ):
            await connection.execute(text(step))
        noted = await connection.execute(
            text("SELECT operation FROM modelwire_changes ORDER BY number")
        )
        assert noted.scalars().all() == ["create", "update"] * 2

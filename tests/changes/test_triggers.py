"""Writes of a user's own triggers are in the log, after the writes that fired them."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from modelwire import Database
from tests.changes.exact import check_exact, run_sql
from tests.changes.tables import TABLES

POSTGRESQL = """
CREATE FUNCTION own_bill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE bills SET note = coalesce(note, '') || '.' WHERE id = NEW.id AND coalesce(note, '') = '';
  UPDATE firms SET secret_note = coalesce(secret_note, '') || NEW.id WHERE id = NEW.firm_id;
  RETURN NULL;
END $$;
CREATE FUNCTION own_firm() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE firms SET name = name || '+' WHERE id = NEW.id AND name NOT LIKE '%+';
  UPDATE marks SET name = name || '*' WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER own_bill AFTER INSERT OR UPDATE ON bills FOR EACH ROW EXECUTE FUNCTION own_bill();
CREATE TRIGGER own_firm AFTER INSERT OR UPDATE ON firms FOR EACH ROW EXECUTE FUNCTION own_firm();
"""
SQLITE = """
CREATE TRIGGER own_bill AFTER INSERT ON bills BEGIN
  UPDATE bills SET note = coalesce(note, '') || '.' WHERE id = NEW.id;
  UPDATE firms SET secret_note = coalesce(secret_note, '') || NEW.id WHERE id = NEW.firm_id;
END;
CREATE TRIGGER own_firm AFTER UPDATE ON firms BEGIN
  UPDATE firms SET name = name || '+' WHERE id = NEW.id AND name NOT LIKE '%+';
  UPDATE marks SET name = name || '*' WHERE id = NEW.id;
END;
"""
CLEAN_UP = {
    "postgresql": "DROP FUNCTION own_bill() CASCADE; DROP FUNCTION own_firm() CASCADE",
    "sqlite": "DROP TRIGGER own_bill; DROP TRIGGER own_firm",
}


@pytest.fixture
async def triggered(database: Database) -> AsyncIterator[Database]:
    """The database, with triggers that write to the rows that were written, and to others."""
    await run_script(database, POSTGRESQL if database.dialect == "postgresql" else SQLITE)
    yield database
    await run_script(database, CLEAN_UP[database.dialect])


async def run_script(database: Database, script: str) -> None:
    if database.dialect == "postgresql":
        await run_sql(database, f"DO $do$ BEGIN EXECUTE $x${script}$x$; END $do$")
        return
    async with database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.executescript(script)


@pytest.mark.both_lanes
async def test_nested_writes(client: httpx2.AsyncClient, triggered: Database) -> None:
    """The order of the log is that in which rows have become what they are."""
    await client.post("/marks/bulk/", json=[{"name": "m"}, {"name": "n"}])
    for method, path, body in (
        ("POST", "/firms/bulk/", [{"name": "a"}, {"name": "b"}]),
        ("PATCH", "/firms/bulk/", [{"id": 1, "name": "c"}, {"id": 2, "name": "d"}]),
        ("POST", "/bills/bulk/", [{"code": "x", "firm_id": 1}, {"code": "y", "firm_id": 2}]),
        ("POST", "/bills/", {"code": "z", "firm_id": 1, "posts": [{}]}),
        ("PATCH", "/bills/1", {"note": None}),
        ("PATCH", "/bills/1", {"firm_id": 2}),
        ("DELETE", "/firms/1", None),
    ):
        answer = await client.request(method, path, json=body)
        assert answer.is_success, answer.text
        await check_exact(triggered, TABLES)
    entries = await check_exact(triggered, TABLES)
    assert any(entry.table == "marks" and entry.operation == "update" for entry in entries)

"""A database on which the first row of a table meets a serialization failure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from modelwire import Database
from tests.conftest import empty_tables

_FAIL_ONCE = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fail_once BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail_once();
"""
_CLEAN_UP = "DROP FUNCTION IF EXISTS fail_once CASCADE; DROP SEQUENCE IF EXISTS attempts"


@asynccontextmanager
async def contend(database: Database, table: str) -> AsyncIterator[Database]:
    """PostgreSQL, emptied, where the first new row of a table fails within the block."""
    await empty_tables(database)
    connection = await asyncpg.connect(database.settings.database_url.get_secret_value())
    await connection.execute(_FAIL_ONCE.format(table=table))
    yield database
    await connection.execute(_CLEAN_UP)
    await connection.close()

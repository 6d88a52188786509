"""Many nodes start at once on an empty database: all come up, and are one service."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, inspect

from modelwire import Database
from modelwire.execute.tables import find_mismatched_columns, find_missing_tables
from modelwire.statement.changes import CHANGES
from modelwire.statement.own_tables import OWN
from tests.conftest import MakeURL
from tests.examples import THOROUGH
from tests.lanes import DIALECTS

from .starting import Base, Nodes, Train, open_nodes

NODES = 10
ROUNDS = 30 if THOROUGH else 2


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Processes that start the application as they are told to."""
    with open_nodes(NODES) as opened:
        yield opened


def find_indexes(connection: Connection) -> set[str]:
    """The indexes of the tables of the models."""
    inspector = inspect(connection)
    return {str(i["name"]) for name in Base.metadata.tables for i in inspector.get_indexes(name)}


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_first_start(nodes: Nodes, make_url: MakeURL, dialect: str, turn: int) -> None:
    """All come up, with one schema and one secret, and the log has the row that each creates."""
    url = await make_url(dialect, f"first_start_{turn}")
    said = nodes.start_all(url)
    assert len(set(said)) == 1, said
    assert len(bytes.fromhex(said[0])) == 32
    database = Database(url)
    async with database.engine.connect() as connection:
        indexes = await connection.run_sync(find_indexes)
        rows = (await connection.execute(Train.__table__.select())).all()  # type: ignore[attr-defined]
        logged = (await connection.execute(CHANGES.select())).all()
    for metadata in (Base.metadata, OWN):
        assert not await find_missing_tables(database.engine, metadata.tables.values())
        assert not await find_mismatched_columns(database.engine, metadata)
    await database.close_db()
    assert {str(i.name) for t in Base.metadata.tables.values() for i in t.indexes} <= indexes
    assert sorted(row.number for row in rows) == sorted(map(str, range(NODES)))
    assert [entry.operation for entry in logged] == ["create"] * NODES

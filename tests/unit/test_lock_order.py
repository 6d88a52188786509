"""Every statement that locks rows locks them in one order, so that none waits in a circle."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy.dialects import postgresql

from modelwire import Resource
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Table
from modelwire.shape.lookups import DescendShape, LookupShape
from modelwire.shape.parts import Lock
from modelwire.shape.reads import ExistingShape
from modelwire.shape.shapes import Shape
from modelwire.statement.statements import Statements
from tests import zoo

TABLES = tuple(read_catalog([Resource(model) for model in zoo.MODELS]).tables.values())
LOCKING = re.compile(r"\bFOR (NO KEY |KEY )?(UPDATE|SHARE)\b")


def locking_shapes(table: Table, lock: Lock) -> Iterator[Shape]:
    """Each look-up of many rows of a table that may lock them."""
    key = table.key_columns
    yield ExistingShape(table, table.key, lock=lock)
    for placed in (False, True):
        yield LookupShape(table.sql, key, key, lock, placed)
        # What refers to rows is found by other columns than its key.
        yield LookupShape(table.sql, key, tuple(table.sql.columns)[:2], lock, placed)
    yield DescendShape(table.sql, key, key, lock)


@pytest.mark.parametrize("lock", Lock)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_lock_order(table: Table, lock: Lock) -> None:
    """The rows are locked in the order of their keys, whatever they are found by."""
    statements = Statements(postgresql.asyncpg.dialect())
    for shape in locking_shapes(table, lock):
        text = statements.of(shape).compiled.text
        assert LOCKING.search(text), text
        _, found, ordered = text.rpartition("ORDER BY ")
        assert found, text
        columns = LOCKING.split(ordered)[0].replace('"', "").split(",")
        names = [column.strip().rpartition(".")[2] for column in columns]
        assert names == [column.name for column in table.key_columns], text

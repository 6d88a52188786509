"""Caches for shapes of queries are bounded: memory stays flat, whatever is requested."""

import gc
import sys
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from sqlalchemy.engine import Dialect

from modelwire import Database
from modelwire.catalog.read import read_catalog
from modelwire.encode.encoder import encoder_of
from modelwire.plan.reading.plans import plan_list
from modelwire.request.query import parse_query
from modelwire.statement.statements import Statements
from tests.lanes import DIALECTS

from .queries import encode
from .tables import RESOURCES

SHAPES = 2500
"""Shapes of queries, several times as many as are kept."""

QUERIES_OF_EACH = 40
"""Queries of each shape, with values of their own."""

_TEXT = ("eq", "ne", "contains", "icontains", "startswith", "iendswith", "like", "gt", "lte")
_NUMBER = ("eq", "ne", "gt", "gte", "lt", "lte")
_SORT = ("id", "-big", "ratio,-price", "day", "-mood,clock", "label.name,-alias")
_FIELDS = ("", "id", "id,name", "name,alias,day", "moment,mood", "data")
_INCLUDE = ("", "label", "albums")


def write_queries() -> Iterator[list[bytes]]:
    """All queries, those of one shape together, in an order that makes the halves alike."""
    shapes = [*product(_TEXT, _NUMBER, _SORT, _FIELDS, _INCLUDE)]
    for shape, picked in enumerate(Random(1).sample(shapes, SHAPES)):
        text, number, sort, fields, include = picked
        query = encode(
            [
                (f"alias__{text}", "vVALUE"),
                (f"big__{number}", str(shape)),
                ("label.name", "wVALUE"),
                ("sort", sort),
                *([("fields", fields)] if fields else []),
                *([("include", include)] if include else []),
            ]
        ).encode()
        yield [query.replace(b"VALUE", b"%d" % value) for value in range(QUERIES_OF_EACH)]


def dialect_of(name: str) -> Dialect:
    url = {"sqlite": "sqlite:///:memory:", "postgresql": "postgresql://nobody@127.0.0.1/none"}
    return Database(url[name]).engine.dialect


def count_blocks() -> int:
    """Blocks of memory that Python's objects take."""
    gc.collect()
    return sys.getallocatedblocks()


def test_memory_is_flat() -> None:
    """Of 100,000 distinct queries of many shapes, the second half leaves nothing behind."""
    catalog = read_catalog(RESOURCES)
    table = catalog.tables["artists"]
    written = [Statements(dialect_of(name)) for name in DIALECTS]
    blocks, distinct = [count_blocks()], set()
    for number, queries in enumerate(write_queries(), 1):
        for query in queries:
            plan: Any = plan_list(catalog, table, parse_query(query))
            for statements in written:
                statements.of(plan.shape).bind(plan.values)
            encoder_of(table, plan.includes, plan.shape.projection)
            distinct.add(hash(query))
        assert all(statements.of(plan.shape).compiled.text for statements in written)
        if number % (SHAPES // 2) == 0:
            blocks.append(count_blocks() - len(distinct))
    first, second = blocks[1] - blocks[0], blocks[2] - blocks[1]
    assert len(distinct) == SHAPES * QUERIES_OF_EACH == 100_000
    assert second < first / 10, blocks

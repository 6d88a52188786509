"""On PostgreSQL, parts of documents are found by the indexes that the page about them shows."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import JSON, Column, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from tests.conftest import create_postgres_database, make_app, open_client
from tests.query.test_indexes import log_statements, nodes

ROWS = 10_000


class Base(SQLModel):
    metadata = MetaData()


def index(name: str, sql: str, **options: Any) -> Index:
    """An index on an expression."""
    return Index(name, text(f"({sql})"), **options)


class Product(Base, table=True):
    __tablename__ = "products"
    __table_args__ = (
        index("by_colour", "meta ->> 'colour'"),
        index(
            "by_width",
            "CASE WHEN jsonb_typeof(meta -> 'size' -> 'width') = 'number' "
            "THEN (meta -> 'size' ->> 'width')::numeric END",
        ),
        index("by_tags", "meta -> 'tags'", postgresql_using="gin"),
        index("by_odd_name", "meta ->> E'it\\x27s, 100% \\\\ odd'"),
        index("by_plain_code", "plain ->> 'code'"),
        index(
            "by_plain_size",
            "CASE WHEN json_typeof(plain -> 'size') = 'number' "
            "THEN (plain ->> 'size')::numeric END",
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    meta: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    plain: dict[str, int | str] = Field(sa_column=Column(JSON, nullable=False))


@dataclass(frozen=True)
class Products:
    """Products, and what tells how they are found."""

    client: httpx2.AsyncClient
    connection: Any

    async def find_indexes(self, **asked: str) -> set[str]:
        """The indexes by which a list is read, which must have something."""
        with log_statements() as ran:
            answer = await self.client.get("/products/", params={**asked, "count": "none"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"]
        ((sql, values),) = [one for one in ran if "LIMIT" in one[0]]
        found = await self.connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
        plan = json.loads(found) if isinstance(found, str) else found
        return {node.get("Index Name", "") for node in nodes(plan[0]["Plan"])} - {""}


@pytest_asyncio.fixture(scope="module")
async def products(postgres_server: str, worker_id: str) -> AsyncIterator[Products]:
    """Products, of which few are like another one."""
    url = await create_postgres_database(postgres_server, f"modelwire_json_indexes_{worker_id}")
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    app = make_app(database, "direct", (Resource(Product),), {})
    async with open_client(app) as client, database.engine.connect() as pooled:
        connection: Any = (await pooled.get_raw_connection()).driver_connection
        await connection.execute(
            "INSERT INTO products (meta, plain) SELECT jsonb_build_object("
            "'colour', 'c' || i, 'size', jsonb_build_object('width', i), "
            "'tags', jsonb_build_array('t' || i, 'all'), E'it\\x27s, 100% \\\\ odd', 'o' || i), "
            f"json_build_object('code', 'p' || i, 'size', i) FROM generate_series(1, {ROWS}) i"
        )
        await connection.execute("VACUUM ANALYZE products")
        yield Products(client, connection)
    await database.close_db()


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"meta.colour": "c77"}, "by_colour"),
        ({"meta.colour__in": "c77,c78"}, "by_colour"),
        ({"meta.colour__between": "c77,c771"}, "by_colour"),
        ({"meta.size.width": "77"}, "by_width"),
        ({"meta.size.width__in": "77,78"}, "by_width"),
        ({"meta.size.width__gt": f"{ROWS - 5}"}, "by_width"),
        ({"or": "(meta.size.width:77,meta.colour:c78)"}, "by_colour"),
        ({"meta.tags__has": "t77"}, "by_tags"),
        ({'meta."it\'s, 100% \\\\ odd"': "o77"}, "by_odd_name"),
        ({"plain.code": "p77"}, "by_plain_code"),
        ({"plain.size__between": "77,78"}, "by_plain_size"),
    ],
    ids=str,
)
async def test_filters(products: Products, asked: dict[str, str], index: str) -> None:
    """A filter by a part of documents finds its rows by an index on the same expression."""
    assert index in await products.find_indexes(**asked)
    # The driver's own statement is prepared, and must not come to do without.
    for _ in range(7):
        await products.find_indexes(**asked)
    assert index in await products.find_indexes(**asked)

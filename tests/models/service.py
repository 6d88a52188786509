"""A project's resources as a client sees them, with what the models tell of their fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import quote

import httpx2

from modelwire import Database
from modelwire.catalog.field import Field
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Catalog, Table

Row = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """Service of one project.

    Args:
        client: A client of it.
        database: Its database.
        tables: The tables that the models declare, parents first.
        rows: The rows of each resource as they were created, by its path.
        bodies: The bodies that created them.
    """

    client: httpx2.AsyncClient
    database: Database
    tables: Sequence[Table]
    rows: Mapping[str, Sequence[Row]]
    bodies: Mapping[str, Sequence[Row]]

    async def ask(self, path: str, **parameters: Any) -> Any:
        """Ask for something that is there."""
        answer = await self.client.get(path, params=parameters)
        assert answer.status_code == 200, (path, parameters, answer.text)
        return answer.json()

    async def read_all(self, table: Table, **parameters: Any) -> list[Row]:
        """Ask for a whole list."""
        page = await self.ask(f"{table.path}/", limit=100, **parameters)
        items: list[Row] = page["items"]
        return items

    async def walk(self, table: Table, sort: str) -> list[Row]:
        """Go along a list by cursors, a row at a time."""
        found: list[Row] = []
        parameters = {"sort": sort, "limit": "1", "cursor": ""}
        while len(found) <= len(self.rows[table.path]):
            page = await self.ask(f"{table.path}/", **parameters)
            found += page["items"]
            if page["next"] is None:
                return found
            parameters["cursor"] = page["next"]
        raise AssertionError(f"{table.path} sorted by {sort} never ends")


def row_path(table: Table, row: Row) -> str:
    """The path of a row."""
    key = (quote(str(row[field.name]), safe="") for field in table.key)
    return f"{table.path}/{','.join(key)}"


def fields_of(service: Service) -> list[tuple[Table, Field]]:
    """Each field that may be filtered by, with its table."""
    return [(t, f) for t in service.tables for f in t.queryable.values()]


async def store_rows(
    client: httpx2.AsyncClient, project: ModuleType, database: Database
) -> Service:
    """Create the rows of a project."""
    catalog: Catalog = read_catalog(project.RESOURCES, dialect=database.sql_dialect)
    by_path = {table.path: table for table in catalog.tables.values()}
    rows: dict[str, list[Row]] = {}
    for path, bodies in project.ROWS.items():
        answers = [await client.post(f"{path}/", json=body) for body in bodies]
        assert [a.status_code for a in answers] == [201] * len(bodies), [a.text for a in answers]
        rows[path] = [answer.json() for answer in answers]
    return Service(client, database, [by_path[path] for path in project.ROWS], rows, project.ROWS)

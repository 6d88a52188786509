"""The same rows in both databases, whose texts compare by their code points, and on both lanes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import inspect
from sqlmodel import SQLModel

from tests import worlds

from .model import Rows
from .tables import MODELS, RESOURCES, Base


class World(worlds.World):
    """A database with its clients, whose rows are replaced."""

    async def fill(self, rows: Rows) -> None:
        """Replace all rows."""
        async with self.database.engine.begin() as connection:
            for model in reversed(MODELS):
                await connection.execute(_sql(model).delete())
            for model in MODELS:
                await _insert(connection, model, rows[str(model.__tablename__)])

    async def add(self, table: str, row: dict[str, Any]) -> None:
        """Store one more row."""
        async with self.database.engine.begin() as connection:
            await _insert(connection, _model(table), [row])

    async def remove(self, table: str, row: dict[str, Any]) -> None:
        """Delete a row."""
        sql = _sql(_model(table))
        key = [column == row[column.name] for column in sql.primary_key]
        async with self.database.engine.begin() as connection:
            await connection.execute(sql.delete().where(*key))


def _model(table: str) -> type[SQLModel]:
    return next(model for model in MODELS if model.__tablename__ == table)


def _sql(model: type[SQLModel]) -> Any:
    return inspect(model).local_table


async def _insert(connection: Any, model: type[SQLModel], rows: Any) -> None:
    # A self-reference may point to a row further down; all of a table stand in one statement.
    if rows:
        await connection.execute(_sql(model).insert().values(list(rows)))


BY_CODE_POINTS = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
"""Options of a database whose texts compare as Python's do."""

world = worlds.make_world_fixture(
    "query",
    Base.metadata,
    worlds.on_lanes(RESOURCES),
    kind=World,
    created=BY_CODE_POINTS,
)


@contextmanager
def describe(**what: object) -> Iterator[None]:
    """Say what was asked where an assertion about the answer fails."""
    try:
        yield
    except AssertionError as exc:
        for name, value in what.items():
            exc.add_note(f"{name}: {value}")
        raise

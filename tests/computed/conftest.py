"""The same rows in both databases, and a client on each lane."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert

from tests import worlds

from .tables import RESOURCES, Base, Customer, Invoice, Line


class World(worlds.World):
    """A database with its clients, whose rows are replaced."""

    async def fill(self, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Replace all rows."""
        async with self.database.engine.begin() as connection:
            for model in (Line, Invoice, Customer):
                await connection.execute(delete(model))
            for model in (Customer, Invoice, Line):
                found = rows.get(str(model.__tablename__), ())
                if found:
                    await connection.execute(insert(model), list(found))


world = worlds.make_world_fixture(
    "computed", Base.metadata, worlds.on_lanes(RESOURCES), kind=World
)

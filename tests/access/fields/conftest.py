"""Both databases with the rows of these tests, and the services that are compared."""

from functools import partial
from typing import Any

from sqlalchemy import select

from modelwire import Database
from tests import worlds
from tests.conftest import make_app

from .staff import CALLERS, TABLES, Base, me, rows, ruled, settled, stored


class World(worlds.World):
    """A database whose rows are put back."""

    async def fill(self) -> None:
        """Put all rows back as they were."""
        given = rows()
        async with self.database.engine.begin() as connection:
            for table in reversed(TABLES):
                await connection.execute(table.delete())
            for table in TABLES:
                await connection.execute(table.insert().values(given[table.name]))

    async def read(self) -> dict[str, list[dict[str, Any]]]:
        """Read all rows."""
        async with self.database.engine.connect() as connection:
            return {
                table.name: stored(row._asdict() for row in await connection.execute(select(table)))
                for table in TABLES
            }


def make_apps(database: Database) -> worlds.Makers:
    """The service with policies on each lane, and one for each caller without."""
    made = worlds.on_lanes(ruled(), caller=me)(database)
    for who in CALLERS:
        made[who] = partial(make_app, database, "direct", settled(who), {"caller": me})
    return made


world = worlds.make_world_fixture("fields", Base.metadata, make_apps, kind=World)

"""The same rows in both databases, whose texts compare by their code points, and on both lanes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert

from tests import worlds
from tests.query.conftest import BY_CODE_POINTS

from .tables import RESOURCES, Base, Box, Thing


class World(worlds.World):
    """A database with its clients, whose rows are replaced."""

    async def fill(self, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Replace all rows."""
        async with self.database.engine.begin() as connection:
            for model in (Thing, Box):
                await connection.execute(delete(model))
            for model in (Box, Thing):
                found = rows.get(str(model.__tablename__), ())
                if found:
                    await connection.execute(insert(model), list(found))


world = worlds.make_world_fixture(
    "json_columns",
    Base.metadata,
    worlds.on_lanes(RESOURCES),
    kind=World,
    created=BY_CODE_POINTS,
)

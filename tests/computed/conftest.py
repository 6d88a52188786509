"""The same rows in both databases, and a client on each lane."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert

from modelwire import Database
from tests import worlds
from tests.query.conftest import BY_CODE_POINTS

from .tables import GUARDED, RESOURCES, Base, Customer, Invoice, Line, me


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


def make_apps(database: Database) -> worlds.Makers:
    """An application on each lane, and one with policies, as in `guarded direct`."""
    plain = worlds.on_lanes(RESOURCES)(database)
    guarded = worlds.on_lanes(GUARDED, caller=me)(database)
    return {**plain, **{f"guarded {lane}": make for lane, make in guarded.items()}}


world = worlds.make_world_fixture(
    "computed", Base.metadata, make_apps, kind=World, created=BY_CODE_POINTS
)

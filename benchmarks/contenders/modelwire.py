"""modelwire: an ordinary application, with its defaults."""

import os

from fastapi import FastAPI

from benchmarks.schema import Player, Team, User
from modelwire import Database, Resource, mount

database = Database(os.environ["DATABASE_URL"])
app = FastAPI(lifespan=database.lifespan)
mount(
    app,
    database,
    Resource(User),
    Resource(Team, includes=["players"]),
    Resource(Player, includes=["team"]),
)

"""The example of leagues with a log of what becomes of its teams."""

from fastapi import FastAPI

from examples.league import Player, Team, User
from modelwire import Changes, Database, Resource, mount

database = Database()
app = FastAPI(lifespan=database.lifespan)
mount(app, database, Resource(User), Resource(Team, changes=Changes()), Resource(Player))

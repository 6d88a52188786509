"""modelwire, whose rows can be followed."""

import os

from fastapi import FastAPI

from benchmarks.contenders.no_policies import Item
from modelwire import Changes, Database, Resource, mount

database = Database(os.environ["DATABASE_URL"])
app = FastAPI(lifespan=database.lifespan)
mount(app, database, Resource(Item, changes=Changes(history=False)))

"""modelwire, whose callers may see what is of their organisation."""

import os

from fastapi import FastAPI, Request
from pydantic import BaseModel

from benchmarks.contenders.no_policies import Item
from modelwire import Caller, Database, Policy, Resource, mount


class Member(BaseModel):
    id: int
    organisation_id: int


async def read_member(request: Request) -> Member:
    organisation = request.headers.get("x-organisation", "1")
    return Member(id=1, organisation_id=int(organisation))


me = Caller(read_member)
database = Database(os.environ["DATABASE_URL"])
app = FastAPI(lifespan=database.lifespan)
mine = Policy(read=Item.organisation_id == me.organisation_id)
mount(app, database, Resource(Item, policy=mine), caller=me)

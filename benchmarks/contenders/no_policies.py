"""modelwire with the table that `policies` has, which anyone may see and change."""

import datetime as dt
import os

from fastapi import FastAPI
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount


class Item(SQLModel, table=True):
    __tablename__ = "items"

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(index=True)
    name: str = Field(max_length=50)
    note: str | None = None
    count: int = 0
    created_at: dt.datetime = Field(default_factory=lambda: dt.datetime.now(dt.UTC))


database = Database(os.environ["DATABASE_URL"])
app = FastAPI(lifespan=database.lifespan)
mount(app, database, Resource(Item))

"""modelwire with the table that `no_policies` has, under another name, whose changes are kept."""

import datetime as dt
import os

from fastapi import FastAPI
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource, mount


class KeptItem(SQLModel, table=True):
    __tablename__ = "kept_items"

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(index=True)
    name: str = Field(max_length=50)
    note: str | None = None
    count: int = 0
    created_at: dt.datetime = Field(default_factory=lambda: dt.datetime.now(dt.UTC))


database = Database(os.environ["DATABASE_URL"])
app = FastAPI(lifespan=database.lifespan)
mount(app, database, Resource(KeptItem, changes=Changes()))

"""Application for other servers: the league, and a table whose keys are text."""

from fastapi import FastAPI
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount
from tests.conftest import LEAGUE


class ServedName(SQLModel, table=True):
    __tablename__ = "served_names"

    name: str = Field(primary_key=True)


database = Database()
app = FastAPI(lifespan=database.lifespan)
mount(app, database, *LEAGUE, Resource(ServedName))

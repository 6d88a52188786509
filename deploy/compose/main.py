"""The service of the example: replace it by your own."""

from fastapi import FastAPI
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount


class Book(SQLModel, table=True):
    """A book that is for sale."""

    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(min_length=1, max_length=200)


database = Database()
app = FastAPI(title="Shop", lifespan=database.lifespan)
mount(app, database, Resource(Book))

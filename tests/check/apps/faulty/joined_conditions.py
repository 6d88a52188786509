"""Policies whose conditions are joined by Python's own operators."""

from typing import Annotated

from fastapi import FastAPI, Header
from pydantic import BaseModel
from sqlmodel import Field, SQLModel, select

from modelwire import Caller, Database, FieldPolicy, Policy, Resource, everyone, mount, nobody


class Shelf(SQLModel, table=True):
    __tablename__ = "shelves"
    id: int | None = Field(default=None, primary_key=True)
    owner: str


class Book(SQLModel, table=True):
    __tablename__ = "books"
    id: int | None = Field(default=None, primary_key=True)
    owner: str
    price: int
    shelf_id: int = Field(foreign_key="shelves.id", index=True)


class Reader(BaseModel):
    name: str
    is_editor: bool = False


def read_reader(x_name: Annotated[str, Header()]) -> Reader:
    return Reader(name=x_name)


me = Caller(read_reader, key="name")
own = Book.owner == me.name
edited = own or me.is_editor  # fault: MW703
mine = select(Shelf.id).where(
    Shelf.owner == me.name and Shelf.id > 0  # fault: MW703
)

database = Database()
app = FastAPI(lifespan=database.lifespan)
mount(
    app,
    database,
    Resource(
        Book,
        policy=Policy(
            read=own and me.is_editor,  # fault: MW703
            write=edited,
            create=Book.shelf_id.in_(mine),
            fields={"price": FieldPolicy(write=me.is_editor)},
        ),
    ),
    Resource(Shelf, policy=Policy(read=everyone, write=nobody)),
    caller=me,
)

"""Tables with JSON columns: of any documents, and of those that annotations describe."""

import datetime as dt
import enum
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NewType, NotRequired
from uuid import UUID

from pydantic import BaseModel, RootModel
from pydantic import Field as Described
from sqlalchemy import JSON, Column, MetaData, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col
from typing_extensions import TypedDict

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Colour(enum.StrEnum):
    """Declared in an order that is not that of their values."""

    RED = "red"
    BLUE = "blue"


class Size(BaseModel):
    width: int | None = None
    height: float = 0.0


class Maker(TypedDict):
    name: str
    founded: NotRequired[int]


@dataclass
class Note:
    text: str
    pinned: bool = False


class Nested(RootModel[dict[str, list[int]]]):
    pass


Aliased = NewType("Aliased", Nested)


class Spec(BaseModel):
    """A document of every kind of part."""

    size: Size = Size()
    sizes: list[Size] = []
    colour: Colour = Colour.RED
    state: Literal["new", "old"] = "new"
    maker: Maker | None = None
    notes: list[Note] = []
    prices: dict[str, float] = {}
    pair: tuple[int, str] = (0, "")
    tags: list[str] = []
    rest: Any = None
    price: Decimal = Decimal(0)
    rates: list[Decimal] = []
    at: dt.datetime | None = None
    uuid: UUID | None = None
    either: int | str | None = None
    numbers: list[int | float] = []
    aliased: Aliased | None = None
    tree: "Spec | None" = None
    day: dt.date | None = None
    long_name: str = Described(default="", alias="longName")
    under__scored: bool = False


class Box(Base, table=True):
    __tablename__ = "boxes"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    meta: Any = Field(default=None, sa_column=Column(JSON))
    things: list["Thing"] = Relationship(back_populates="box")


class Thing(Base, table=True):
    __tablename__ = "things"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str | None = None
    meta: Any = Field(default=None, sa_column=Column(JSON))
    binary: Any = Field(default=None, sa_column=Column(JSON().with_variant(JSONB(), "postgresql")))
    spec: Spec | None = Field(default=None, sa_column=Column(JSON))
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON))
    by_name: dict[str, Size] = Field(default_factory=dict, sa_column=Column(JSON))
    hidden: Any = Field(default=None, sa_column=Column(JSON))
    box_id: int | None = Field(default=None, foreign_key="boxes.id")
    box: Box = Relationship(back_populates="things")


COMPUTED: dict[str, Any] = {
    "shadow": col(Thing.binary),
    "boxed": select(col(Box.meta)).where(col(Box.id) == col(Thing.box_id)),
}
"""Documents that are computed: of the row itself, and of another one."""

RESOURCES = (
    Resource(Box, includes=["things"]),
    Resource(
        Thing, includes=["box"], hidden=["hidden"], filters={"tags": "has"}, computed=COMPUTED
    ),
)

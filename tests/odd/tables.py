"""Tables that are declared in unusual ways: names, keys, kinds and relations."""

import enum
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import NaiveDatetime
from sqlalchemy import JSON, Column, ForeignKeyConstraint, MetaData, Numeric, String
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel):
    metadata = MetaData()


class Priority(enum.IntEnum):
    """Declared in an order that is not that of the values."""

    HIGH = 10
    LOW = 1
    NONE = -1


class Size(enum.StrEnum):
    LARGE = "l"
    SMALL = "s,x"


class Word(Base, table=True):
    """Columns that are called like parameters, operators and groups."""

    __tablename__ = "odd_words"

    id: int | None = Field(default=None, primary_key=True)
    limit: int | None = None
    skip: int | None = None
    sort: str | None = None
    count: int | None = None
    cursor: str | None = None
    fields_: str | None = Field(default=None, alias="fields")
    include: str | None = None
    q: str | None = None
    or_: str | None = Field(default=None, alias="or")
    not_: str | None = Field(default=None, alias="not")
    and_: str | None = Field(default=None, alias="and")
    id__in: int | None = None
    name: str | None = Field(default=None, alias="the-name")
    dotted: str | None = Field(default=None, alias="a.b")


class Mix(Base, table=True):
    """Kinds that other tests have not."""

    __tablename__ = "odd_mixes"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    priority: Priority | None = None
    size: Size | None = None
    blob: bytes | None = None
    exact: Decimal | None = Field(default=None, sa_column=Column(Numeric(12, 4)))
    local: NaiveDatetime | None = None
    moment: datetime | None = None
    day: date | None = None
    span: timedelta | None = None
    mode: Literal["a", "b"] | None = Field(default=None, sa_column=Column(String))
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class Friend(Base, table=True):
    """The links of people with people, one-sided."""

    __tablename__ = "odd_friends"

    from_id: int = Field(foreign_key="odd_people.id", primary_key=True)
    to_id: int = Field(foreign_key="odd_people.id", primary_key=True)


class Human(Base, table=True):
    """A tree, and a many-to-many relation of a table with itself."""

    __tablename__ = "odd_people"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    api_key: str | None = None
    boss_id: int | None = Field(default=None, foreign_key="odd_people.id")
    boss: "Human" = Relationship(
        back_populates="staff", sa_relationship_kwargs={"remote_side": "Human.id"}
    )
    staff: list["Human"] = Relationship(back_populates="boss")
    friends: list["Human"] = Relationship(
        back_populates="fans",
        link_model=Friend,
        sa_relationship_kwargs={
            "primaryjoin": "Human.id == Friend.from_id",
            "secondaryjoin": "Human.id == Friend.to_id",
        },
    )
    fans: list["Human"] = Relationship(
        back_populates="friends",
        link_model=Friend,
        sa_relationship_kwargs={
            "primaryjoin": "Human.id == Friend.to_id",
            "secondaryjoin": "Human.id == Friend.from_id",
        },
    )


class Shelf(Base, table=True):
    """A composite key of a text and a date."""

    __tablename__ = "odd_shelves"

    room: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    label: str | None = None
    parcels: list["Parcel"] = Relationship(back_populates="shelf")


class Parcel(Base, table=True):
    """A key of a Decimal; a composite foreign key that may be NULL in part."""

    __tablename__ = "odd_parcels"
    __table_args__ = (
        ForeignKeyConstraint(["room", "since"], ["odd_shelves.room", "odd_shelves.since"]),
    )

    weight: Decimal = Field(sa_column=Column(Numeric(8, 2), primary_key=True))
    room: str | None = None
    since: date | None = None
    shelf: Shelf = Relationship(back_populates="parcels")


RESOURCES = (
    Resource(Word),
    Resource(Mix),
    Resource(Human, includes=["boss", "staff", "friends", "fans"]),
    Resource(Shelf, includes=["parcels"]),
    Resource(Parcel, includes=["shelf"]),
)

"""Tables whose names and types are hard for clients: what a workshop has."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Optional
from uuid import UUID, uuid4

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Changes, Database, Resource, mount


class WorkshopTable(SQLModel, registry=registry()): ...


class Status(StrEnum):
    NEW = "new"
    IN_USE = "in use"


class Size(BaseModel):
    width: int
    unit: str = "mm"


class Spec(BaseModel):
    colour: str | None = None
    size: Size | None = None


class Kind(WorkshopTable, table=True):
    """Refers to itself."""

    __tablename__ = "kinds"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    parent_id: int | None = Field(default=None, foreign_key="kinds.id")
    parent: Optional["Kind"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Kind.id"}
    )
    children: list["Kind"] = Relationship(back_populates="parent")


class PartMaker(WorkshopTable, table=True):
    __tablename__ = "part_makers"

    part_id: int = Field(sa_type=BigInteger, foreign_key="parts.id", primary_key=True)
    maker_id: UUID = Field(foreign_key="makers.id", primary_key=True)


class Maker(WorkshopTable, table=True):
    __tablename__ = "makers"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    parts: list["Part"] = Relationship(back_populates="makers", link_model=PartMaker)


class Part(WorkshopTable, table=True):
    """Has names that are words of languages, and values that these have no types for."""

    __tablename__ = "parts"

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    class_: str = Field(alias="class", unique=True)
    unit_price: Decimal = Field(alias="unit-price", max_digits=15, decimal_places=4)
    default: bool = False
    limit: int | None = None
    copy_: str | None = Field(default=None, alias="copy")
    status: Status = Status.NEW
    weight: float | None = None
    made_on: date | None = None
    seen_at: datetime | None = None
    lasts: timedelta | None = None
    blob: bytes | None = None
    notes: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    spec: Spec | None = Field(default=None, sa_column=Column(JSON))
    kind_id: int | None = Field(default=None, foreign_key="kinds.id")
    kind: Kind | None = Relationship()
    makers: list[Maker] = Relationship(back_populates="parts", link_model=PartMaker)
    slots: list["Slot"] = Relationship(back_populates="part")


class Slot(WorkshopTable, table=True):
    """Has a key of two columns, one of them a text; deleted rows stay."""

    __tablename__ = "slots"

    shelf: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    part_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="parts.id")
    part: Part | None = Relationship(back_populates="slots")
    deleted_at: datetime | None = None


class Memo(WorkshopTable, table=True):
    """Is changed under a condition only, and keeps its history."""

    __tablename__ = "memos"

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(min_length=1)
    rev: int = 1


class Pick(WorkshopTable, table=True):
    """Is called what clients have a use for themselves."""

    __tablename__ = "then"

    id: int | None = Field(default=None, primary_key=True)
    list_: str = Field(alias="list")
    int_: int | None = Field(default=None, alias="int")


RESOURCES = (
    Resource(Pick),
    Resource(Kind, includes=["parent", "children"], nested_writes=["children"]),
    Resource(Maker, includes=["parts"]),
    Resource(
        Part,
        path="/spare-parts",
        includes=["kind", "makers", "slots"],
        include_by_default=["kind"],
        nested_writes=["slots"],
    ),
    Resource(Slot, includes=["part"], soft_delete="deleted_at"),
    Resource(
        Memo,
        version="rev",
        require_if_match=True,
        changes=Changes(),
        operations=(
            "create",
            "read",
            "list",
            "update",
            "delete",
            "changes",
        ),
    ),
)


def create_app(database: Database) -> FastAPI:
    """Make the application of the workshop."""
    app = FastAPI(title="Workshop", lifespan=database.lifespan)
    mount(app, database, *RESOURCES)
    return app


app = create_app(Database(metadata=WorkshopTable.metadata))

"""Tables whose changes are kept: of every type, and of everything that goes along with a row."""

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from fastapi import FastAPI
from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    LargeBinary,
    UniqueConstraint,
    delete,
    update,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, select

from modelwire import Changes, Hooks, Resource, UnitOfWorkDep
from modelwire.hooks import Change
from tests.folded_texts import create_citext, without_case


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


create_citext(Base.metadata)


class Grade(enum.Enum):
    LOW = "low"
    HIGH = "high"


class FirmMark(Base, table=True):
    __tablename__ = "firm_marks"

    firm_id: int = Field(foreign_key="firms.id", primary_key=True, ondelete="CASCADE")
    mark_id: int = Field(foreign_key="marks.id", primary_key=True, ondelete="CASCADE")


class Mark(Base, table=True):
    __tablename__ = "marks"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)


class Firm(Base, table=True):
    """A tree of firms: the database takes along what is below."""

    __tablename__ = "firms"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    secret_note: str | None = None
    above_id: int | None = Field(default=None, foreign_key="firms.id", ondelete="CASCADE")
    bills: list["Bill"] = Relationship(back_populates="firm")
    marks: list[Mark] = Relationship(link_model=FirmMark)


class Bill(Base, table=True):
    __tablename__ = "bills"
    __table_args__ = (UniqueConstraint("code"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str | None = None
    total: Decimal = Field(default=Decimal("0.00"), max_digits=10, decimal_places=2)
    note: str | None = None
    version: int = 1
    firm_id: int | None = Field(default=None, foreign_key="firms.id", ondelete="SET NULL")
    firm: Firm | None = Relationship(back_populates="bills")
    posts: list["Post"] = Relationship(cascade_delete=True)


class Post(Base, table=True):
    """Goes with its bill, as the model declares; PostgreSQL has a type of its table's name."""

    __tablename__ = "line"

    id: int | None = Field(default=None, primary_key=True)
    price: float = 1.0
    bill_id: int = Field(foreign_key="bills.id")


class Sort(Base, table=True):
    """A column of every type, and a key of two."""

    __tablename__ = "sorts"

    name: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    flag: bool | None = None
    ratio: float | None = None
    amount: Decimal | None = Field(default=None, max_digits=20, decimal_places=6)
    day: date | None = None
    moment: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    clock: time | None = None
    span: timedelta | None = None
    grade: Grade | None = None
    token_id: uuid.UUID | None = None
    data: dict[str, Any] | None = Field(default=None, sa_column=Column("stuff", JSON))
    blob: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class Coin(Base, table=True):
    """A key in which some values have several spellings."""

    __tablename__ = "coins"

    name: str = Field(sa_column=Column(without_case(), primary_key=True))
    worth: Decimal = Field(primary_key=True, max_digits=6, decimal_places=2)
    mint: uuid.UUID = Field(primary_key=True)
    n: int = 0


async def tell_firm(change: Change) -> None:
    """A hook that writes to another table by the ORM."""
    for row in change.rows:
        firm_id = row.new is not None and row.new["firm_id"]
        firm = await change.session.get(Firm, firm_id) if firm_id else None
        if firm is not None:
            firm.secret_note = f"{change.operation} of {row.new and row.new['code']}"


KEPT = Changes()

RESOURCES = (
    Resource(Firm, changes=KEPT, shown=["name"], hidden=["secret_note"], includes=["marks"]),
    Resource(
        Bill,
        changes=KEPT,
        version="version",
        nested_writes=["posts"],
        includes=["posts"],
        hooks=Hooks(after_create=[tell_firm], after_update=[tell_firm]),
    ),
    Resource(Post, path="/posts", changes=KEPT),
    Resource(Mark, changes=KEPT, writable=["id"]),
    Resource(FirmMark, changes=KEPT),
    Resource(Sort, changes=KEPT),
    Resource(Coin, changes=KEPT),
)
TABLES = tuple(resource.model.__table__ for resource in RESOURCES)  # type: ignore[attr-defined]

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def add_own_endpoints(app: FastAPI, _: object) -> None:
    """Endpoints that write by the ORM, and by statements."""

    @app.post("/own/objects")
    async def write_objects(session: UnitOfWorkDep) -> None:
        firm = Firm(name="by the ORM", bills=[Bill(note="with it")])
        session.add(firm)
        await session.flush()
        firm.name = "changed by the ORM"

    @app.post("/own/statements")
    async def write_by_statements(session: UnitOfWorkDep) -> None:
        await session.exec(update(Firm).values(name=Firm.name + "!"))
        await session.exec(delete(Bill).where(Bill.note == "gone"))  # type: ignore[arg-type]

    @app.post("/own/removals")
    async def remove_objects(session: UnitOfWorkDep) -> None:
        for mark in (await session.exec(select(Mark))).all():
            await session.delete(mark)

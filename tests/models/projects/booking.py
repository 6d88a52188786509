"""Rooms and stays: enums by their values, two foreign keys to one table, whole-row validators."""

import enum
from datetime import date, time
from typing import Self
from uuid import UUID, uuid4

from pydantic import model_validator
from sqlalchemy import CheckConstraint, Column
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects.postgresql import UUID as PGUUID
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class Comfort(enum.Enum):
    BASIC = "b"
    SUITE = "s"


def values_of(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


class Guest(Base, table=True):
    __tablename__ = "guests"

    id: UUID = Field(
        default_factory=uuid4, sa_column=Column(PGUUID(as_uuid=True), primary_key=True)
    )
    name: str
    stays: list["Stay"] = Relationship(
        back_populates="guest", sa_relationship_kwargs={"foreign_keys": "[Stay.guest_id]"}
    )


class Room(Base, table=True):
    __tablename__ = "rooms"

    floor: int = Field(primary_key=True)
    door: int = Field(primary_key=True)
    comfort: Comfort = Field(
        default=Comfort.BASIC,
        sa_column=Column(
            SQLEnum(Comfort, values_callable=values_of, native_enum=False, length=8),
            nullable=False,
        ),
    )
    cleaned: time = time(10)


class Stay(Base, table=True):
    __tablename__ = "stays"
    __table_args__ = (CheckConstraint("leaves > arrives", name="stay_of_a_night"),)

    id: int | None = Field(default=None, primary_key=True)
    guest_id: UUID = Field(foreign_key="guests.id")
    payer_id: UUID | None = Field(default=None, foreign_key="guests.id")
    arrives: date
    leaves: date
    nights: int | None = None
    guest: Guest | None = Relationship(
        back_populates="stays", sa_relationship_kwargs={"foreign_keys": "[Stay.guest_id]"}
    )
    payer: Guest | None = Relationship(sa_relationship_kwargs={"foreign_keys": "[Stay.payer_id]"})

    @model_validator(mode="after")
    def count_nights(self) -> Self:
        nights = (self.leaves - self.arrives).days
        if self.nights != nights:
            self.nights = nights
        return self


ANN, BOB = str(UUID(int=1)), str(UUID("12345678-1234-1234-1234-1234567890e5"))
RESOURCES = (
    Resource(Guest, includes=["stays"]),
    Resource(Room),
    Resource(Stay, includes=["guest", "payer"]),
)
ROWS = {
    "/guests": [{"id": ANN, "name": "Ann"}, {"id": BOB, "name": "Bob"}, {"name": "Ann"}],
    "/rooms": [
        {"floor": 1, "door": 2},
        {"floor": 1, "door": 1, "comfort": "s"},
        {"floor": -1, "door": 9, "cleaned": "23:59:59.5"},
    ],
    "/stays": [
        {"guest_id": ANN, "arrives": "2026-01-01", "leaves": "2026-01-05"},
        {"guest_id": BOB, "payer_id": ANN, "arrives": "2025-12-31", "leaves": "2026-01-01"},
        {"guest_id": BOB, "arrives": "2026-01-01", "leaves": "2026-02-01"},
    ],
}

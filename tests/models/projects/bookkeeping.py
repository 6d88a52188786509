"""Accounts and entries: exact amounts, computed columns, versions, codes of fixed length."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import StringConstraints, field_validator
from sqlalchemy import CHAR, CheckConstraint, Column, Computed, Numeric
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


Currency = Annotated[str, StringConstraints(pattern="^[A-Za-z]{3}$", to_upper=True)]


class Account(Base, table=True):
    __tablename__ = "accounts"

    number: int = Field(primary_key=True, ge=1000, sa_column_kwargs={"autoincrement": False})
    name: str = Field(min_length=1)
    currency: Currency = Field(default="EUR", sa_type=CHAR(3))
    opened: date = date(2024, 2, 29)
    version: int = 1
    entries: list["Entry"] = Relationship(back_populates="account", passive_deletes="all")

    @field_validator("name")
    @classmethod
    def strip_name(cls, name: str) -> str:
        return name.strip()


class Entry(Base, table=True):
    __tablename__ = "entries"
    __table_args__ = (CheckConstraint("debit >= 0 AND credit >= 0"),)

    id: int | None = Field(default=None, primary_key=True)
    account_number: int = Field(foreign_key="accounts.number", ondelete="RESTRICT")
    debit: Decimal = Field(default=0, sa_column=Column(Numeric(12, 4), nullable=False))
    credit: Decimal = Field(default=Decimal(0), max_digits=12, decimal_places=4)
    balance: Decimal | None = Field(
        default=None, sa_column=Column(Numeric(12, 4), Computed("debit - credit", persisted=True))
    )
    booked: datetime = Field(default_factory=lambda: datetime.now(UTC), index=True)
    account: Account | None = Relationship(back_populates="entries")


RESOURCES = (
    Resource(Account, includes=["entries"], version="version"),
    Resource(Entry, includes=["account"], read_only=["booked"]),
)
ROWS = {
    "/accounts": [
        {"number": 1000, "name": " Cash "},
        {"number": 2147483647, "name": "Bank", "currency": "usd", "opened": "1970-01-01"},
        {"number": 1001, "name": "bank"},
    ],
    "/entries": [
        {"account_number": 1000, "debit": "10.0001"},
        {"account_number": 1000, "credit": "99999999.9999"},
        {"account_number": 1001, "debit": 3, "credit": "0.5"},
    ],
}

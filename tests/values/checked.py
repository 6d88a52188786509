"""Tables with annotations of names that are there for type checkers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import field_validator, model_validator
from sqlalchemy import JSON, Column, DateTime, Numeric, Text
from sqlalchemy.orm import registry
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests."""


class Offer(Base, table=True):
    """Each annotation is of a name that isn't there; its column tells what it is."""

    __tablename__ = "offers"

    id: int | None = Field(default=None, primary_key=True)
    price: Decimal = Field(sa_column=Column(Numeric(8, 2), nullable=False))
    until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    terms: Mapping[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    title: str

    @field_validator("title")
    @classmethod
    def trim(cls, value: str) -> str:
        return value.strip()


class Shape(UserDefinedType[Any]):
    """A type that tells nothing of its values."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "TEXT"


class Unknown(Base, table=True):
    """Nothing tells what its values are."""

    __tablename__ = "unknowns"

    id: int | None = Field(default=None, primary_key=True)
    outline: Mapping[str, Any] | None = Field(default=None, sa_column=Column(Shape))


class Looking(Base, table=True):
    """Its validator needs the whole row, which nothing can make."""

    __tablename__ = "lookings"

    id: int | None = Field(default=None, primary_key=True)
    words: Mapping[str, Any] | None = Field(default=None, sa_column=Column(Text))

    @model_validator(mode="after")
    def look(self) -> Looking:
        return self

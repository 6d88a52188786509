"""Base of the tables of these tests."""

from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


def number() -> int | None:
    """A key that makes itself."""
    value: int | None = Field(default=None, primary_key=True)
    return value

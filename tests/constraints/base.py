"""What the tables of these tests have in common."""

from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    metadata = MetaData()


def number() -> int | None:
    """A key that makes itself."""
    value: int | None = Field(default=None, primary_key=True)
    return value

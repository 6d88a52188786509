"""Tables alone, as `modelwire serve` takes them."""

from datetime import UTC, datetime

from sqlmodel import Field, Relationship, SQLModel


class Garden(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    made_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    plants: list["Plant"] = Relationship(back_populates="garden")


class Plant(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    species: str
    garden_id: int = Field(foreign_key="garden.id", index=True)
    garden: Garden = Relationship(back_populates="plants")

"""Users of a template for web applications: a base with shared fields, keys made in Python."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import DateTime
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


def get_datetime_utc() -> datetime:
    return datetime.now(UTC)


class UserBase(Base):
    email: str = Field(unique=True, index=True, max_length=255)
    is_active: bool = True
    is_superuser: bool = False
    full_name: str | None = Field(default=None, max_length=255)


class User(UserBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    hashed_password: str
    created_at: datetime | None = Field(
        default_factory=get_datetime_utc,
        sa_type=DateTime(timezone=True),
    )
    items: list["Item"] = Relationship(back_populates="owner", cascade_delete=True)


class ItemBase(Base):
    title: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=255)


class Item(ItemBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    owner_id: uuid.UUID = Field(foreign_key="user.id", nullable=False, ondelete="CASCADE")
    owner: User | None = Relationship(back_populates="items")


ANN, BOB = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
RESOURCES = (
    Resource(User, includes=["items"], writable=["id"]),
    Resource(Item, includes=["owner"]),
)
ROWS = {
    "/user": [
        {"id": ANN, "email": "ann@example.com", "hashed_password": "x", "full_name": "Ann"},
        {"id": BOB, "email": "bob@example.com", "hashed_password": "y", "is_active": False},
        {"email": "eve@example.com", "hashed_password": "z", "is_superuser": True},
    ],
    "/item": [
        {"title": "Book", "owner_id": ANN},
        {"title": "Chair", "description": "of wood", "owner_id": ANN},
        {"title": "Book", "description": "", "owner_id": BOB},
    ],
}

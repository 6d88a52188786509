"""Models with everything that the example does not have."""

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic import NaiveDatetime
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlmodel import Field, Relationship, SQLModel


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Thing(SQLModel, table=True):
    """One column of every type, each nullable."""

    __tablename__ = "things"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    text: str | None = None
    short: str | None = Field(default=None, sa_column=Column(String(5)))
    small: int | None = Field(default=None, sa_column=Column(SmallInteger))
    number: int | None = None
    big: int | None = Field(default=None, sa_column=Column(BigInteger))
    ratio: float | None = None
    price: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    amount: Decimal | None = None
    flag: bool | None = None
    day: date | None = None
    moment: datetime | None = None
    local: NaiveDatetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    color: Color | None = None
    token_id: uuid.UUID | None = None
    reference: uuid.UUID | None = None
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Category(SQLModel, table=True):
    """A tree: each category may have a parent."""

    __tablename__ = "categories"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    parent_id: int | None = Field(default=None, foreign_key="categories.id")
    parent: "Category" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Category.id"}
    )
    children: list["Category"] = Relationship(back_populates="parent")


class Membership(SQLModel, table=True):
    """The links of a many-to-many relationship, and a composite key."""

    __tablename__ = "memberships"

    group_id: int | None = Field(default=None, foreign_key="groups.id", primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="people.id", primary_key=True)
    role: str = "member"


class Group(SQLModel, table=True):
    __tablename__ = "groups"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    members: list["Person"] = Relationship(back_populates="groups", link_model=Membership)


class Person(SQLModel, table=True):
    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("first_name", "last_name"),)

    id: int | None = Field(default=None, primary_key=True)
    first_name: str
    last_name: str
    password_hash: str | None = None
    groups: list[Group] = Relationship(back_populates="members", link_model=Membership)


class OrderLine(SQLModel, table=True):
    """Every kind of constraint."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("discount < 100"),
        CheckConstraint("low <= high", name="low_high"),
    )

    id: int | None = Field(default=None, primary_key=True)
    sku: str = Field(unique=True)
    label: str | None = Field(default="x", nullable=False)
    quantity: int = 1
    discount: int = 0
    low: int = 0
    high: int = 10
    doubled: int | None = Field(
        default=None, sa_column=Column(BigInteger, Computed("quantity * 2"))
    )
    note: str | None = Field(default=None, sa_column_kwargs={"server_default": "none"})
    category_id: int | None = Field(default=None, foreign_key="categories.id")


class Author(SQLModel, table=True):
    """Deletes its books with it, and they their chapters; reviews go by the database."""

    __tablename__ = "authors"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    books: list["Book"] = Relationship(back_populates="author", cascade_delete=True)
    reviews: list["Review"] = Relationship(passive_deletes="all")


class Book(SQLModel, table=True):
    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    author_id: int = Field(foreign_key="authors.id")
    author: Author = Relationship(back_populates="books")
    chapters: list["Chapter"] = Relationship(cascade_delete=True)


class Chapter(SQLModel, table=True):
    __tablename__ = "chapters"

    id: int | None = Field(default=None, primary_key=True)
    heading: str
    book_id: int = Field(foreign_key="books.id")


class Review(SQLModel, table=True):
    __tablename__ = "reviews"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    author_id: int = Field(foreign_key="authors.id", ondelete="CASCADE")


class Country(SQLModel, table=True):
    """A key that the client names, of text."""

    __tablename__ = "countries"

    code: str = Field(primary_key=True, max_length=20)
    name: str
    cities: list["City"] = Relationship(back_populates="country")


class City(SQLModel, table=True):
    """A composite key of text, referring to another text key."""

    __tablename__ = "cities"

    country_code: str = Field(foreign_key="countries.code", primary_key=True)
    name: str = Field(primary_key=True)
    population: int | None = None
    founded: datetime = Field(default_factory=lambda: datetime.now(UTC))
    country: Country = Relationship(back_populates="cities")


MODELS: tuple[type[SQLModel], ...] = (
    Thing,
    Category,
    Membership,
    Group,
    Person,
    OrderLine,
    Author,
    Book,
    Chapter,
    Review,
    Country,
    City,
)

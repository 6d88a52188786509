"""Tables with every kind of relation between their rows, apart from other tests'."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, SmallInteger, String
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


class Team(Base, table=True):
    """A version, a document, a check of two columns; players stand in the way of its removal."""

    __tablename__ = "teams"
    __table_args__ = (CheckConstraint("low <= high", name="low_high"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=Column(String(8), unique=True, nullable=False))
    motto: str | None = Field(default=None, max_length=8)
    low: int = 0
    high: int = 9
    data: Any = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    rev: int = 1
    players: list["Player"] = Relationship(back_populates="team")


class Membership(Base, table=True):
    """The links of a many-to-many relation, which are a resource as well."""

    __tablename__ = "memberships"

    club_code: str | None = Field(default=None, foreign_key="clubs.code", primary_key=True)
    player_id: int | None = Field(default=None, foreign_key="players.id", primary_key=True)


class Player(Base, table=True):
    """Belongs to a team or to none, and may refer to another player."""

    __tablename__ = "players"
    __table_args__ = (Unique("team_id", "number", name="team_number"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    number: int | None = Field(default=None, sa_column=Column(SmallInteger))
    team_id: int | None = Field(default=None, foreign_key="teams.id", index=True)
    mentor_id: int | None = Field(default=None, foreign_key="players.id", index=True)
    team: Team = Relationship(back_populates="players")
    clubs: list["Club"] = Relationship(back_populates="members", link_model=Membership)


class Club(Base, table=True):
    """A key that the client names, and may change."""

    __tablename__ = "clubs"

    code: str = Field(primary_key=True)
    title: str | None = None
    rev: int = 1
    members: list[Player] = Relationship(back_populates="clubs", link_model=Membership)


class Author(Base, table=True):
    """Takes its books along when it goes, by the model; its reviews, by the database."""

    __tablename__ = "authors"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    books: list["Book"] = Relationship(back_populates="author", cascade_delete=True)
    reviews: list["Review"] = Relationship(passive_deletes="all")


class Book(Base, table=True):
    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    author_id: int = Field(foreign_key="authors.id", index=True)
    author: Author = Relationship(back_populates="books")
    chapters: list["Chapter"] = Relationship(cascade_delete=True)


class Chapter(Base, table=True):
    __tablename__ = "chapters"

    id: int | None = Field(default=None, primary_key=True)
    heading: str
    book_id: int = Field(foreign_key="books.id", index=True)


class Review(Base, table=True):
    __tablename__ = "reviews"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    author_id: int = Field(foreign_key="authors.id", ondelete="CASCADE", index=True)


class Loan(Base, table=True):
    """Outlives its book, and refers to none then."""

    __tablename__ = "loans"
    __table_args__ = (CheckConstraint("days > 0", name="days_positive"),)

    id: int | None = Field(default=None, primary_key=True)
    days: int
    book_id: int | None = Field(
        default=None, foreign_key="books.id", ondelete="SET NULL", index=True
    )


class Award(Base, table=True):
    """Stands in the way of its book's removal, and changes under its tag only."""

    __tablename__ = "awards"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    book_id: int = Field(foreign_key="books.id", index=True)


RESOURCES = (
    Resource(Team, includes=["players"], nested_writes=["players"], version="rev", max_limit=1000),
    Resource(Player, includes=["team", "clubs"], nested_writes=["team"], max_limit=1000),
    Resource(Club, includes=["members"], nested_writes=["members"], version="rev", max_limit=1000),
    Resource(Membership, max_limit=1000),
    Resource(
        Author,
        includes=["books", "reviews"],
        nested_writes=["books", "reviews"],
        max_limit=1000,
    ),
    Resource(
        Book, includes=["author", "chapters"], nested_writes=["author", "chapters"], max_limit=1000
    ),
    Resource(Chapter, max_limit=1000),
    Resource(Review, max_limit=1000),
    Resource(Loan, max_limit=1000),
    Resource(Award, require_if_match=True, max_limit=1000),
)

"""Tables that refer to each other, in every way that a foreign key can be declared."""

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from .base import Base, number


class Team(Base, table=True):
    __tablename__ = "teams"

    id: int | None = number()
    name: str = "x"


class Match(Base, table=True):
    """Two foreign keys to one table."""

    __tablename__ = "matches"

    id: int | None = number()
    home_id: int | None = Field(default=None, foreign_key="teams.id")
    away_id: int | None = Field(default=None, foreign_key="teams.id", alias="awayId")


class Ticket(Base, table=True):
    """A foreign key that is looked at when the transaction ends."""

    __tablename__ = "tickets"
    __table_args__ = (
        ForeignKeyConstraint(["team_id"], ["teams.id"], deferrable=True, initially="DEFERRED"),
    )

    id: int | None = number()
    team_id: int


class Region(Base, table=True):
    """A composite key."""

    __tablename__ = "regions"

    country: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    size: int = 1


class Town(Base, table=True):
    """A composite foreign key, which may be NULL in part."""

    __tablename__ = "towns"
    __table_args__ = (
        ForeignKeyConstraint(
            ["country", "region_name"], ["regions.country", "regions.name"], name="fk_parent"
        ),
    )

    id: int | None = number()
    country: str | None = None
    region_name: str | None = Field(default=None, alias="region")


class Node(Base, table=True):
    """A table that refers to itself."""

    __tablename__ = "nodes"

    code: str = Field(primary_key=True)
    parent_code: str | None = Field(default=None, foreign_key="nodes.code")


class Step(Base, table=True):
    """A table that refers to itself, which is looked at when the transaction ends."""

    __tablename__ = "steps"
    __table_args__ = (
        ForeignKeyConstraint(["next_code"], ["steps.code"], deferrable=True, initially="DEFERRED"),
    )

    code: str = Field(primary_key=True)
    next_code: str | None = None


class Plate(Base, table=True):
    """Others refer to what is no key of it."""

    __tablename__ = "plates"

    id: int | None = number()
    number: str = Field(unique=True)
    shade: str = "x"


class Car(Base, table=True):
    __tablename__ = "cars"
    __table_args__ = (ForeignKeyConstraint(["plate"], ["plates.number"], name="fk_parent"),)

    id: int | None = number()
    plate: str | None = None


class Sticker(Base, table=True):
    """Refers to the key of a plate."""

    __tablename__ = "a_stickers"

    id: int | None = number()
    plate_id: int | None = Field(default=None, foreign_key="plates.id")


class Album(Base, table=True):
    """Album whose references cascade, are set to NULL, or restrict."""

    __tablename__ = "albums"

    code: str = Field(primary_key=True)


class Song(Base, table=True):
    """Goes with its album, as the database declares."""

    __tablename__ = "a_songs"
    __table_args__ = (
        ForeignKeyConstraint(["album"], ["albums.code"], ondelete="CASCADE", onupdate="CASCADE"),
    )

    code: str = Field(primary_key=True)
    album: str | None = None


class Play(Base, table=True):
    """Stands in the way of its song."""

    __tablename__ = "plays"
    __table_args__ = (ForeignKeyConstraint(["song"], ["a_songs.code"], ondelete="RESTRICT"),)

    id: int | None = number()
    song: str


class Cover(Base, table=True):
    """Is set free where its album goes."""

    __tablename__ = "a_covers"
    __table_args__ = (
        ForeignKeyConstraint(["album"], ["albums.code"], ondelete="SET NULL", onupdate="SET NULL"),
    )

    id: int | None = number()
    album: str | None = None


class Sleeve(Base, table=True):
    """Would be set free where its album goes, but has to have one."""

    __tablename__ = "sleeves"
    __table_args__ = (
        ForeignKeyConstraint(["album"], ["albums.code"], ondelete="SET NULL", onupdate="SET NULL"),
    )

    id: int | None = number()
    album: str

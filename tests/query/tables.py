"""Tables with every kind of column, of key and of relation, apart from other tests'."""

import enum
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic import NaiveDatetime
from sqlalchemy import JSON, BigInteger, Column, MetaData, SmallInteger
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel):
    metadata = MetaData()


class Mood(enum.Enum):
    """Declared in an order that is not that of their names or values."""

    LOUD = "loud"
    CALM = "calm"
    ODD = "a,b"


class Label(Base, table=True):
    """A tree: each label may have a parent."""

    __tablename__ = "labels"

    id: int | None = Field(default=None, primary_key=True)
    name: str | None = None
    parent_id: int | None = Field(default=None, foreign_key="labels.id")
    parent: "Label" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Label.id"}
    )
    children: list["Label"] = Relationship(back_populates="parent")
    artists: list["Artist"] = Relationship(back_populates="label")


class Artist(Base, table=True):
    """Columns of every kind, nullable; a to-one relation that may lead nowhere."""

    __tablename__ = "artists"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    alias: str | None = None
    password_hash: str | None = None
    small: int | None = Field(default=None, sa_column=Column(SmallInteger))
    big: int | None = Field(default=None, sa_column=Column(BigInteger))
    ratio: float | None = None
    price: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    rate: Decimal | None = None
    flag: bool | None = None
    day: date | None = None
    moment: datetime | None = None
    local: NaiveDatetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    mood: Mood | None = None
    reference: uuid.UUID | None = None
    data: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    label_id: int | None = Field(default=None, foreign_key="labels.id")
    label: Label = Relationship(back_populates="artists")
    albums: list["Album"] = Relationship(back_populates="artist")


class AlbumGenre(Base, table=True):
    """The links of a many-to-many relationship; no resource."""

    __tablename__ = "album_genres"

    album_id: uuid.UUID | None = Field(default=None, foreign_key="albums.id", primary_key=True)
    genre_code: str | None = Field(default=None, foreign_key="genres.code", primary_key=True)


class Album(Base, table=True):
    """A key of UUIDs, and a column that is named like a parameter."""

    __tablename__ = "albums"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    title: str | None = None
    count: int | None = None
    artist_id: int | None = Field(default=None, foreign_key="artists.id")
    artist: Artist = Relationship(back_populates="albums")
    tracks: list["Track"] = Relationship(back_populates="album")
    genres: list["Genre"] = Relationship(back_populates="albums", link_model=AlbumGenre)


class Genre(Base, table=True):
    """A key of text."""

    __tablename__ = "genres"

    code: str = Field(primary_key=True)
    rank: int | None = None
    albums: list[Album] = Relationship(back_populates="genres", link_model=AlbumGenre)


class Track(Base, table=True):
    """A composite key, one part of which refers to another table."""

    __tablename__ = "tracks"

    album_id: uuid.UUID = Field(foreign_key="albums.id", primary_key=True)
    number: int = Field(primary_key=True)
    title: str | None = None
    mood: Mood | None = None
    album: Album = Relationship(back_populates="tracks")


MODELS: tuple[type[SQLModel], ...] = (Label, Artist, Album, Genre, AlbumGenre, Track)
"""The models, each behind those that it refers to."""

RESOURCES = (
    Resource(Label, includes=["parent", "children", "artists"], includes_back=["parent"]),
    Resource(
        Artist,
        includes=["label", "albums"],
        includes_back=["label"],
        filters={"name": "icontains", "small": "in"},
    ),
    Resource(Album, includes=["artist", "tracks", "genres"], includes_back=["artist"]),
    Resource(Genre, includes=["albums"]),
    Resource(Track, includes=["album"], includes_back=["album"]),
)

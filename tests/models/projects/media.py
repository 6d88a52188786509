"""Files and albums: URLs, objects of Pydantic's in JSON, bytes, keys that are texts."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, HttpUrl
from sqlalchemy import JSON, Column, LargeBinary, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class Url(TypeDecorator[HttpUrl]):
    """Keeps a URL as its text."""

    impl = String(2048)
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> HttpUrl | None:
        return None if value is None else HttpUrl(value)


class Exif(BaseModel):
    camera: str
    iso: int | None = None


def make_key() -> str:
    return str(uuid.uuid4())


class Album(Base, table=True):
    __tablename__ = "albums"

    id: str = Field(default_factory=make_key, primary_key=True, max_length=36)
    title: str = "Untitled"
    cover: HttpUrl | None = Field(default=None, sa_type=Url)
    settings: Mapping[str, bool] = Field(default_factory=dict, sa_column=Column(JSON))
    pictures: list["Picture"] = Relationship(back_populates="album")


class Picture(Base, table=True):
    __tablename__ = "pictures"

    id: str = Field(default_factory=make_key, primary_key=True, max_length=36)
    album_id: str | None = Field(default=None, foreign_key="albums.id")
    data: bytes = Field(sa_column=Column(LargeBinary(length=16_777_215), nullable=False))
    mime_type: str = "image/png"
    exif: Exif | None = Field(default=None, sa_column=Column(JSON))
    faces: Sequence[tuple[int, int]] | None = Field(default=None, sa_column=Column(JSON))
    album: Album | None = Relationship(back_populates="pictures")


RESOURCES = (
    Resource(Album, includes=["pictures"], writable=["id"]),
    Resource(Picture, includes=["album"]),
)
ROWS = {
    "/albums": [
        {"id": "a", "title": "Sea", "cover": "https://example.com/a.png"},
        {"id": "b", "settings": {"public": True}},
        {"title": "", "cover": "https://example.com/?q=%20"},
    ],
    "/pictures": [
        {"album_id": "a", "data": "AAEC", "exif": {"camera": "X", "iso": 100}},
        {"album_id": "b", "data": "", "faces": [[1, 2], [3, 4]]},
        {"data": "/////w==", "mime_type": "image/jpeg", "exif": {"camera": ""}},
    ],
}

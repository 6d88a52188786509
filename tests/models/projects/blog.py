"""A blog: fields of the column's own arguments, slugs, soft deletes, links with fields."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Text,
    text,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class TableBase(Base):
    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime | None = Field(
        default=None,
        sa_type=TIMESTAMP(timezone=True),
        sa_column_kwargs={"nullable": False, "server_default": text("CURRENT_TIMESTAMP")},
    )


class Writer(TableBase, table=True):
    __tablename__ = "writers"

    name: str = Field(sa_column=Column("writer_name", String(80), unique=True, nullable=False))
    bio: str | None = Field(default=None, sa_column=Column(Text))
    born: date | None = None
    posts: list["Post"] = Relationship(back_populates="writer")


class PostTag(Base, table=True):
    __tablename__ = "post_tags"

    post_id: int = Field(
        sa_column=Column(Integer, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    )
    tag_id: int = Field(
        sa_column=Column(Integer, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    )
    position: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Tag(Base, table=True):
    __tablename__ = "tags"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=True), default=None)
    name: str = Field(max_length=30)
    posts: list["Post"] = Relationship(back_populates="tags", link_model=PostTag)


class Post(TableBase, table=True):
    __tablename__ = "posts"
    __table_args__ = (CheckConstraint("length(slug) > 0", name="slug_not_empty"),)

    slug: str = Field(unique=True, regex="^[a-z0-9-]*$")
    title: str = Field(description="Shown above the text", schema_extra={"examples": ["News"]})
    state: Literal["draft", "public"] = Field(default="draft", sa_column=Column(String(10)))
    is_pinned: bool = Field(
        default=False,
        sa_column=Column(Boolean, nullable=False, server_default=text("false")),
    )
    deleted_at: datetime | None = Field(default=None, index=True)
    writer_id: int | None = Field(default=None, foreign_key="writers.id", ondelete="SET NULL")
    writer: Writer | None = Relationship(back_populates="posts")
    tags: list[Tag] = Relationship(back_populates="posts", link_model=PostTag)


RESOURCES = (
    Resource(Writer, includes=["posts"]),
    Resource(Tag, includes=["posts"]),
    Resource(Post, includes=["writer", "tags"]),
    Resource(PostTag),
)
ROWS = {
    "/writers": [
        {"name": "Ann", "born": "1990-02-28"},
        {"name": "bob", "bio": "Writes.\nA lot."},
        {"name": "Zoë", "born": "1890-01-01", "bio": ""},
    ],
    "/tags": [{"name": "news"}, {"name": "News"}, {"name": "x,y"}],
    "/posts": [
        {"slug": "first", "title": "First", "writer_id": 1, "is_pinned": True},
        {"slug": "second", "title": "100% \\ _new_", "state": "public"},
        {"slug": "third", "title": "", "writer_id": 2, "deleted_at": "2026-05-06T07:08:09.5Z"},
    ],
    "/post_tags": [
        {"post_id": 1, "tag_id": 2},
        {"post_id": 1, "tag_id": 1, "position": 3},
        {"post_id": 2, "tag_id": 1, "position": 1},
    ],
}

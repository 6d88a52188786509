"""The tables and their schemas, in the manner of SQLModel's own tutorial."""

import datetime as dt
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlmodel import Field, Relationship, SQLModel

T = TypeVar("T")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class UserBase(SQLModel):
    username: str = Field(unique=True, index=True, min_length=1, max_length=50)
    email: str = Field(unique=True, max_length=254)
    full_name: str | None = Field(default=None, max_length=200)
    is_active: bool = True


class User(UserBase, table=True):
    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    created_at: dt.datetime = Field(default_factory=_now)


class UserCreate(UserBase):
    pass


class UserUpdate(SQLModel):
    username: str | None = Field(default=None, min_length=1, max_length=50)
    email: str | None = Field(default=None, max_length=254)
    full_name: str | None = Field(default=None, max_length=200)
    is_active: bool | None = None


class UserPublic(UserBase):
    id: int
    created_at: dt.datetime


class TeamBase(SQLModel):
    name: str = Field(unique=True, min_length=1, max_length=100)
    city: str | None = Field(default=None, max_length=100)


class PlayerBase(SQLModel):
    name: str = Field(min_length=1, max_length=100)
    position: str | None = Field(default=None, max_length=50)
    team_id: int = Field(foreign_key="teams.id", index=True)


class Team(TeamBase, table=True):
    __tablename__ = "teams"

    id: int | None = Field(default=None, primary_key=True)
    players: list["Player"] = Relationship(back_populates="team")


class Player(PlayerBase, table=True):
    __tablename__ = "players"

    id: int | None = Field(default=None, primary_key=True)
    team: Team = Relationship(back_populates="players")


class PlayerPublic(PlayerBase):
    id: int


class TeamPublic(TeamBase):
    id: int


class TeamPublicWithPlayers(TeamPublic):
    players: list[PlayerPublic]


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int | None
    skip: int
    limit: int

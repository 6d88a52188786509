"""A league of teams and players: the whole service in one screen."""

from datetime import UTC, datetime

from fastapi import FastAPI
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource, mount


class User(SQLModel, table=True):
    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(unique=True, index=True, min_length=1, max_length=50)
    email: str = Field(unique=True, max_length=254)
    full_name: str | None = Field(default=None, max_length=200)
    is_active: bool = True
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Team(SQLModel, table=True):
    __tablename__ = "teams"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, min_length=1, max_length=100)
    city: str | None = Field(default=None, max_length=100)
    players: list["Player"] = Relationship(back_populates="team")


class Player(SQLModel, table=True):
    __tablename__ = "players"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(min_length=1, max_length=100)
    position: str | None = Field(default=None, max_length=50)
    team_id: int = Field(foreign_key="teams.id", index=True)
    team: Team = Relationship(back_populates="players")


database = Database()
app = FastAPI(title="League", lifespan=database.lifespan)
mount(
    app,
    database,
    Resource(User, filters={"username": "icontains"}),
    Resource(Team, includes=["players"], include_by_default=["players"]),
    Resource(Player, includes=["team"]),
)

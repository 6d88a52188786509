"""Players and matches: keys of one letter, unions, links with a score, several base classes."""

import enum
from datetime import UTC, datetime
from typing import NewType, Union

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


Rating = NewType("Rating", int)


class Mode(enum.StrEnum):
    SOLO = enum.auto()
    TEAM = enum.auto()


class Ranked(Base):
    rating: Rating = Field(default=Rating(1500), sa_type=Integer)
    peak: Union[int, None] = None  # noqa: UP007 - as older projects write them


class Named(Base):
    name: str = Field(index=True, unique=True)


class Participation(Base, table=True):
    player_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("player.id"), primary_key=True)
    )
    match_code: str | None = Field(default=None, foreign_key="match.code", primary_key=True)
    points: float = Field(default=0)
    won: bool | None = None
    player: "Player" = Relationship(back_populates="participations")
    match: "Match" = Relationship(back_populates="participations")


class Player(Named, Ranked, table=True):
    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    )
    participations: list[Participation] = Relationship(back_populates="player")


class Match(Base, table=True):
    code: str = Field(primary_key=True, max_length=8)
    mode: Mode = Field(default=Mode.SOLO, index=True)
    seed: int = Field(default=0, sa_type=BigInteger)
    begun: datetime = Field(default_factory=lambda: datetime.now(tz=UTC))
    participations: list[Participation] = Relationship(back_populates="match")


class Season(Base, table=True):
    __table_args__ = (UniqueConstraint("year", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    year: int
    number: int = Field(ge=1, le=4)


RESOURCES = (
    Resource(Player, includes=["participations"]),
    Resource(Match, includes=["participations"]),
    Resource(Participation, includes=["player", "match"]),
    Resource(Season),
)
ROWS = {
    "/player": [
        {"name": "ann", "rating": 1700, "peak": 1800},
        {"name": "Bob"},
        {"name": "ann2", "rating": -5},
    ],
    "/match": [
        {"code": "x"},
        {"code": "Y", "mode": "team", "seed": -(2**63)},
        {"code": "é?&=", "mode": "team", "seed": 2**63 - 1},
    ],
    "/participation": [
        {"player_id": 1, "match_code": "x", "points": 0.1},
        {"player_id": 2, "match_code": "x", "won": False},
        {"player_id": 1, "match_code": "Y", "won": True, "points": 3},
    ],
    "/season": [
        {"year": 2026, "number": 1},
        {"year": 2026, "number": 2},
        {"year": 1999, "number": 1},
    ],
}

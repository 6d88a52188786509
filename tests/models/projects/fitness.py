"""Plans of exercises: several levels that are deleted together, hardly anything required."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Float, Numeric, event, func
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    pass


class Muscle(str, Enum):  # noqa: UP042 - as older projects write them
    legs = "legs"
    upper_body = "upper body"


class Plan(Base, table=True):
    __tablename__ = "plans"

    id: int = Field(default=None, primary_key=True)
    name: str | None = None
    is_public: bool | None = Field(default=False)
    created: datetime = Field(default=func.now(), sa_type=DateTime(timezone=True))
    extra: Any = Field(default=None, sa_column=Column(JSON))
    exercises: list["Exercise"] = Relationship(back_populates="plan", cascade_delete=True)


class Exercise(Base, table=True):
    __tablename__ = "exercises"

    id: int = Field(default=None, primary_key=True)
    plan_id: int | None = Field(default=None, foreign_key="plans.id", ondelete="CASCADE")
    name: str = Field(default="", nullable=False)
    muscle: Muscle | None = Field(default=Muscle.legs)
    weight: float = Field(default=0, sa_column=Column(Numeric(6, 2)))
    factor: float = Field(default=1.0, sa_column=Column(Float))
    plan: Plan | None = Relationship(back_populates="exercises")
    results: list["Result"] = Relationship(back_populates="exercise", cascade_delete=True)


class Result(Base, table=True):
    __tablename__ = "results"

    id: int = Field(default=None, primary_key=True)
    exercise_id: int = Field(default=None, foreign_key="exercises.id", ondelete="CASCADE")
    repeats: int = Field(default=10, ge=0, le=1000)
    done: datetime | None = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    exercise: Exercise | None = Relationship(back_populates="results")


@event.listens_for(Result, "before_insert")
def count(mapper: Any, connection: Any, result: Any) -> None:
    result.repeats += 1


RESOURCES = (
    Resource(Plan, includes=["exercises"]),
    Resource(Exercise, includes=["plan", "results"]),
    Resource(Result, includes=["exercise"]),
)
ROWS = {
    "/plans": [{}, {"name": "Legs", "extra": [1, {"a": None}]}, {"name": "a", "is_public": None}],
    "/exercises": [
        {"plan_id": 2, "name": "squat", "weight": 62.5},
        {"plan_id": 2, "muscle": "upper body", "factor": 0.1},
        {"name": "Run", "muscle": None},
    ],
    "/results": [
        {"exercise_id": 1},
        {"exercise_id": 1, "repeats": 12, "done": None},
        {"exercise_id": 2, "repeats": 0},
    ],
}

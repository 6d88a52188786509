"""A queue of jobs: table names that a base derives, states as numbers, a tree, durations."""

import enum
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import ConfigDict
from sqlalchemy import Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    model_config = ConfigDict(arbitrary_types_allowed=True, validate_assignment=True)  # type: ignore[assignment]

    @declared_attr  # type: ignore[arg-type]
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy calls it with the class
        return f"task_{cls.__name__.lower()}"


class Priority(enum.IntEnum):
    LOW = 1
    HIGH = 10


class Timestamps(Base):
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = Field(
        default_factory=lambda: datetime.now(UTC),
        sa_column_kwargs={"onupdate": lambda: datetime.now(UTC)},
    )


class Queue(Timestamps, table=True):
    max_workers: ClassVar[int] = 4

    name: str = Field(primary_key=True, max_length=40)
    paused: bool = Field(default=False, index=True)
    jobs: list["Job"] = Relationship(back_populates="queue")


class Job(Timestamps, table=True):
    __table_args__ = (
        UniqueConstraint("queue_name", "label", name="one_label_in_a_queue"),
        Index("jobs_by_priority", "queue_name", "priority"),
    )

    id: int | None = Field(default=None, primary_key=True)
    queue_name: str = Field(foreign_key="task_queue.name")
    label: str
    priority: int = Field(default=Priority.LOW, sa_type=SmallInteger)
    level: Priority = Priority.LOW
    params: dict[str, Any] = Field(default={}, sa_column=Column(JSON, nullable=False))
    attempts: list[str] = Field(default_factory=list, sa_column=Column(JSON))
    timeout: timedelta = timedelta(minutes=5)
    started_at: datetime | None = None
    parent_id: int | None = Field(default=None, foreign_key="task_job.id")
    queue: Queue | None = Relationship(back_populates="jobs")
    parent: "Job" = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Job.id"}
    )
    children: list["Job"] = Relationship(back_populates="parent")


RESOURCES = (
    Resource(Queue, includes=["jobs"]),
    Resource(Job, includes=["queue", "children", "parent"]),
)
ROWS = {
    "/task_queue": [{"name": "mail"}, {"name": "Import", "paused": True}, {"name": "a b/c"}],
    "/task_job": [
        {"queue_name": "mail", "label": "x", "params": {"to": ["ann"]}, "priority": 7},
        {"queue_name": "Import", "label": "x", "level": 10, "timeout": "PT1.5S"},
        {"queue_name": "mail", "label": "y", "parent_id": 1, "started_at": "2026-01-02T03:04:05Z"},
    ],
}

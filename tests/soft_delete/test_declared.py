"""Soft deletes are checked at start-up, and keys that stay taken are named."""

import datetime as dt
import logging
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import ConfigurationError, Database, Policy, Resource, everyone, mount, nobody

from .tables import RESOURCES, Base, Invoice


class Own(SQLModel, registry=registry()):
    metadata = MetaData()


class Tie(Own, table=True):
    """Links that are a resource."""

    __tablename__ = "ties"

    left_id: int | None = Field(default=None, foreign_key="thing.id", primary_key=True)
    right_id: int | None = Field(default=None, foreign_key="other.id", primary_key=True)
    gone_at: dt.datetime | None = None


class Other(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    things: list["Thing"] = Relationship(back_populates="others", link_model=Tie)


class Thing(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    day: dt.date | None = None
    needed: dt.datetime
    made: dt.datetime | None = Field(default_factory=lambda: dt.datetime.now(dt.UTC))
    clocked: dt.datetime | None = Field(
        default=None, sa_column_kwargs={"server_default": text("CURRENT_TIMESTAMP")}
    )
    gone_at: dt.datetime | None = None
    others: list[Other] = Relationship(back_populates="things", link_model=Tie)


class Painting(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    gone_at: dt.datetime | None = None
    restore: list["Repair"] = Relationship(back_populates="painting")


class Repair(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    painting_id: int | None = Field(default=None, foreign_key="painting.id")
    painting: Painting | None = Relationship(back_populates="restore")


class WithMoment(BaseModel):
    gone_at: dt.datetime | None = None


NO_CONDITION: Any = col(Thing.name)

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no field": ({"soft_delete": "gon_at"}, "no such column \\(did you mean `gone_at`"),
    "another field": ({"soft_delete": "erased"}, "column. Declare it as erased: datetime"),
    "a text": ({"soft_delete": "name"}, "name: datetime \\| None = None"),
    "a date": ({"soft_delete": "day"}, "day: datetime \\| None = None"),
    "not null": ({"soft_delete": "needed"}, "needed: datetime \\| None = None"),
    "with a default": ({"soft_delete": "made"}, "leave its default"),
    "by the clock": ({"soft_delete": "clocked"}, "leave its default"),
    "writable": ({"soft_delete": "gone_at", "writable": ["gone_at"]}, "name it once"),
    "assigned": (
        {"soft_delete": "gone_at", "assign_on_update": {"gone_at": lambda: None}},
        "name it once",
    ),
    "in a schema": ({"soft_delete": "gone_at", "create_schema": WithMoment}, "WithMoment has it"),
    "no name": ({"soft_delete": True}, "the name of a field"),
    "nothing to restore": (
        {"policy": Policy(read=everyone, restore=everyone)},
        "policy=…restore is for soft-deleted rows",
    ),
    "no condition": (
        {"soft_delete": "gone_at", "policy": Policy(read=everyone, restore=NO_CONDITION)},
        "not a condition",
    ),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=list(WRONG))
def test_refused(arguments: dict[str, Any], told: str) -> None:
    """A declaration that can't be soft-deleted is refused, with what to write."""
    database = Database("sqlite://", metadata=Own.metadata)
    with pytest.raises(ConfigurationError, match=told):
        mount(FastAPI(), database, Resource(Thing, **arguments))


def test_a_relationship_named_like_the_route() -> None:
    """Rows of `restore` would be created where a row is restored; a list is in nobody's way."""
    database = Database("sqlite://", metadata=Own.metadata)
    painting = Resource(Painting, soft_delete="gone_at")
    with pytest.raises(ConfigurationError, match="Give the relationship another name"):
        mount(FastAPI(), database, painting, Resource(Repair))
    mount(FastAPI(), database, painting, Resource(Repair, operations=["read", "list"]))


def test_links_are_refused() -> None:
    """Links are removed for good: one that was made again would be there already."""
    database = Database("sqlite://", metadata=Own.metadata)
    with pytest.raises(ConfigurationError, match="links of a many-to-many"):
        mount(FastAPI(), database, Resource(Tie, soft_delete="gone_at"))


def test_kept_values_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """A unique value that a deleted row keeps is warned of, and one that is free again is not."""
    database = Database("sqlite://", metadata=Base.metadata)
    with caplog.at_level(logging.WARNING, "modelwire"):
        mount(FastAPI(), database, *RESOURCES)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "Resource(Code, soft_delete=…): a deleted row keeps its unique name taken" in told[0]
    assert "sqlite_where=Code.deleted_at.is_(None)" in told[0]


def test_nobody_may_read() -> None:
    """A policy that shows no rows shows no deleted one either."""
    resource = next(r for r in RESOURCES if r.model is Invoice)
    closed = replace(resource, policy=Policy(read=nobody, restore=everyone))
    database = Database("sqlite://", metadata=Base.metadata)
    others = [r for r in RESOURCES if r is not resource]
    mount(FastAPI(), database, closed, *others)

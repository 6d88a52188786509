"""Tables whose changes are followed, and who follows them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from fastapi import Header
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Caller, Changes, FieldPolicy, Policy, Resource, everyone


class Base(SQLModel, registry=registry()):
    """The tables of these tests, apart from all others."""

    metadata = MetaData()


class FollowedTask(Base, table=True):
    """A row of many types."""

    __tablename__ = "followed_tasks"

    id: int | None = Field(default=None, primary_key=True)
    title: str = ""
    team: int = 1
    done: bool = False
    cost: Decimal | None = Field(default=None, max_digits=10, decimal_places=2)
    due_at: dt.datetime | None = None
    mark: uuid.UUID | None = None
    note: str | None = None


class FollowedPair(Base, table=True):
    """A row whose key has two parts."""

    __tablename__ = "followed_pairs"

    left: int = Field(primary_key=True)
    right: str = Field(primary_key=True)
    text: str = ""


class Grant(Base, table=True):
    """Grant that a policy reads; it can't be followed."""

    __tablename__ = "followed_grants"

    team: int = Field(primary_key=True)


TASKS = Resource(FollowedTask, changes=Changes(), hidden=["note"], filters={"title": "icontains"})
PAIRS = Resource(FollowedPair, changes=Changes())


@dataclass
class Member:
    """Caller who follows tasks: a member of one team."""

    team: int
    sees_cost: bool


def read_member(x_team: Annotated[int, Header()], x_sees_cost: Annotated[bool, Header()]) -> Member:
    return Member(x_team, x_sees_cost)


me = Caller(read_member, key="team")

POLICED = Resource(
    FollowedTask,
    changes=Changes(),
    hidden=["note"],
    policy=Policy(
        FollowedTask.team == me.team, write=everyone, fields={"cost": FieldPolicy(me.sees_cost)}
    ),
)
"""Each member sees the tasks of its team, and some of them what these cost."""

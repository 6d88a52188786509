"""Listeners that only run on objects are warned of when a model is mounted."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.orm import Mapper, registry, validates
from sqlmodel import Field, SQLModel

from modelwire import Database, Hooks, Resource, mount
from modelwire.resource import Operation


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests."""


class Plain(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)


class Stamped(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = ""


class Loaded(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)


class Checked(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = ""

    @validates("name")
    def check(self, _key: str, value: str) -> str:
        return value


class Made(Base):
    def __init__(self, **values: Any) -> None:
        super().__init__(**values)


class Own(Made, table=True):
    id: int | None = Field(default=None, primary_key=True)


def listen(*_: Any) -> None:
    """A listener that does nothing."""


for name in ("before_insert", "after_update", "before_delete"):
    event.listen(Stamped, name, listen)
event.listen(Stamped.name, "set", listen)
event.listen(Loaded, "load", listen)

WRITES: list[Operation] = ["create", "update", "delete"]


@pytest.mark.parametrize(
    ("model", "operations", "passed_over"),
    [
        (
            Stamped,
            WRITES,
            "the event before_insert, the event after_update, the event before_delete"
            ", the event set of name",
        ),
        (Stamped, ["bulk_create"], "the event before_insert, the event set of name"),
        (Stamped, ["bulk_delete", "read"], "the event before_delete"),
        (Loaded, ["read"], "the event load"),
        (Checked, ["update"], "@validates('name')"),
        (Own, ["create"], "__init__"),
    ],
)
def test_named_in_one_warning(
    caplog: pytest.LogCaptureFixture, model: Any, operations: Any, passed_over: str
) -> None:
    """One warning for each model names what its operations pass over, and what to write."""
    mount(FastAPI(), Database("sqlite://"), Resource(model, operations=operations))
    (record,) = [r for r in caplog.records if r.name == "modelwire"]
    assert record.levelno == logging.WARNING
    assert f"and bypass {passed_over} of {model.__name__}. Use a default" in record.message


@pytest.mark.parametrize(
    ("model", "operations"),
    [(Plain, WRITES), (Stamped, ["read"]), (Checked, ["list", "delete"]), (Own, ["update"])],
)
def test_nothing_to_warn_of(caplog: pytest.LogCaptureFixture, model: Any, operations: Any) -> None:
    """A listener that no operation of a resource would run is not warned of."""
    mount(FastAPI(), Database("sqlite://"), Resource(model, operations=operations))
    assert caplog.records == []


@pytest.fixture
def listen_to_all() -> Iterator[None]:
    """A listener for every mapped class."""
    event.listen(Mapper, "after_insert", listen)
    yield
    event.remove(Mapper, "after_insert", listen)


def test_listener_of_all_classes(caplog: pytest.LogCaptureFixture, listen_to_all: None) -> None:
    """A listener of all mapped classes is passed over too."""
    mount(FastAPI(), Database("sqlite://"), Resource(Plain))
    (record,) = caplog.records
    assert "bypass the event after_insert of Plain" in record.message


def test_hooks_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """The hooks that run in place of mapper events are written out; an event that has one is left
    out."""
    mount(FastAPI(), Database("sqlite://"), Resource(Stamped, operations=WRITES))
    named = "Hooks(before_create=[…], after_update=[…], before_delete=[…])"
    assert f"Resource(Stamped, hooks={named})" in caplog.records[0].message
    caplog.clear()
    hooks = Hooks(before_create=[listen], after_update=[listen])
    mount(FastAPI(), Database("sqlite://"), Resource(Stamped, operations=WRITES, hooks=hooks))
    message = caplog.records[0].message
    assert "bypass the event before_delete, the event set of name of Stamped" in message
    assert "hooks=Hooks(before_delete=[…])" in message

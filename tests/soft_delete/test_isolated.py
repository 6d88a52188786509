"""The test of isolation asks for deleted rows too."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from modelwire import Database, Policy, Resource, everyone, mount
from modelwire.catalog.tables import Table
from modelwire.testing import assert_isolated

from .tables import me


class Own(SQLModel, registry=registry()):
    metadata = MetaData()


class Paper(Own, table=True):
    __tablename__ = "papers"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    owner: str | None = None
    deleted_at: dt.datetime | None = None


OWN = col(Paper.owner) == me.id
WHO: dict[str, Mapping[str, str]] = {n: {"x-clerk": f'{{"id": "{n}"}}'} for n in ("alice", "bob")}


def check(tmp_path: Path, policy: Policy) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db", metadata=Own.metadata)
    app = FastAPI(lifespan=database.lifespan)
    options: dict[str, Any] = {"assign_on_create": {"owner": me.id}, "soft_delete": "deleted_at"}
    mount(app, database, Resource(Paper, policy=policy, **options), caller=me)
    assert_isolated(app, alice=WHO["alice"], bob=WHO["bob"])


def test_isolated(tmp_path: Path) -> None:
    """A caller who may see deleted rows sees only its own."""
    check(tmp_path, Policy(read=OWN, restore=everyone))


def test_finds_what_deleted_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would find a parameter that showed rows of others."""

    def recall_all(table: Table) -> Mapping[str, Table]:
        every = None if table.policy.soft is None else table.with_all_rows
        return {} if every is None else {"only": every, "include": every}

    monkeypatch.setattr(Table, "recalled", property(recall_all))
    with pytest.raises(AssertionError, match=r"Bob sees .*deleted=include"):
        check(tmp_path, Policy(read=OWN, restore=everyone))

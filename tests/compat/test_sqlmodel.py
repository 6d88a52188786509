"""Undocumented parts of SQLModel that modelwire uses."""

from __future__ import annotations

import datetime as dt

import sqlmodel.main
import sqlmodel.sql.sqltypes
from sqlalchemy import inspect
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire.compat.sqlmodel import AutoString, FieldInfoMetadata, UTCDateTime, relationships_of

from .canary import missing_from


class Stamped(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=5, index=True)
    at: dt.datetime


def test_names_are_there() -> None:
    assert missing_from(sqlmodel.main, ("FieldInfoMetadata",)) == []
    assert missing_from(sqlmodel.sql.sqltypes, ("AutoString", "UTCDateTime")) == []


def test_columns_have_types_of_its_own() -> None:
    columns = inspect(Stamped).columns
    assert isinstance(columns["name"].type, AutoString), "AutoString"
    assert isinstance(columns["at"].type, UTCDateTime), "UTCDateTime"


def test_mark_of_a_column_stands_among_the_constraints_of_its_field() -> None:
    marks = [m for m in Stamped.model_fields["name"].metadata if isinstance(m, FieldInfoMetadata)]
    assert marks, "FieldInfoMetadata"


def test_relationships_are_known_before_classes_are_mapped_completely() -> None:
    own = registry()

    class Base(SQLModel, registry=own):
        """Tables that no other test is to map."""

    class Unfinished(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        stamps: list[Nowhere] = Relationship()  # type: ignore[name-defined] # noqa: F821

    assert [*relationships_of(Unfinished)] == ["stamps"], "__sqlmodel_relationships__"
    own.dispose()

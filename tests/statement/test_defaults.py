"""Values that statements compute for columns that nobody has given: defaults and `onupdate`."""

from typing import Any

import pytest
from sqlalchemy import Column, Numeric
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Table
from modelwire.shape.writes import Conflict, InsertShape, UpdateShape
from tests.plan.depot import DEPOT

from .test_sql import STATEMENTS

GAUGES, READINGS, DESKS, SAMPLES = (
    DEPOT.tables[name] for name in ("gauges", "readings", "desks", "samples")
)


def insert(
    table: Table, *names: str, merged: tuple[str, ...] | None = None, many: bool = False
) -> InsertShape:
    fields = tuple(table.by_key[name] for name in names)
    kept = tuple(table.by_key[name] for name in merged or ())
    conflict = None if merged is None else Conflict(table.key, kept)
    return InsertShape(table, fields, conflict=conflict)


def update(table: Table, *names: str) -> UpdateShape:
    return UpdateShape(table, tuple(table.by_key[name] for name in names))


@pytest.mark.parametrize("dialect", STATEMENTS)
@pytest.mark.parametrize(
    ("shape", "given", "made"),
    [
        (insert(GAUGES, "code"), {"code": "x"}, {"d_made_of": "x", "kind": "a", "ratio": 0.5}),
        (insert(GAUGES, "code", "made_of"), {"code": "x", "made_of": "y"}, {"kind": "a"}),
        (insert(DESKS, "name"), {"name": "x"}, {"code": "a", "version": 1}),
        (
            insert(READINGS, "gauge_id", "number", merged=()),
            {"gauge_id": 1, "number": 2},
            {"d_value": "number 2"},
        ),
        (
            insert(READINGS, "gauge_id", "number", "value", merged=("value",)),
            {"gauge_id": 1, "number": 2, "value": "y"},
            {"v_value": "y"},
        ),
        (
            insert(READINGS, "gauge_id", "number", "value", merged=("number",)),
            {"gauge_id": 1, "number": 2, "value": "y"},
            {"v_value": "y", "u_value": "number 2"},
        ),
        (update(GAUGES, "code"), {"code": "x"}, {"u_made_of": "x", "v_code": "x"}),
        (update(DESKS, "name"), {"name": "x"}, {"u_code": "b", "v_name": "x"}),
        (update(SAMPLES, "kind"), {"kind": "a"}, {"v_kind": "a", "p0": 7}),
    ],
)
def test_values(
    dialect: str, shape: InsertShape | UpdateShape, given: dict[str, Any], made: dict[str, Any]
) -> None:
    """A default that is computed from a row has the given values, and those of other defaults."""
    bound = bind(dialect, shape, given)
    assert {name: bound[name] for name in made} == made


def bind(dialect: str, shape: InsertShape | UpdateShape, given: dict[str, Any]) -> dict[str, Any]:
    statement = STATEMENTS[dialect]._render(shape, lenient=False)
    values = statement.bind({f"v_{name}": value for name, value in given.items()} | {"p0": 7})
    return dict(zip(statement.compiled.names, statement.compiled.bind(values), strict=True))


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Rated(Base, table=True):
    """A value of another class than its column's, which each change sets anew."""

    __tablename__ = "rated"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    rate: float = Field(sa_column=Column(Numeric(4, 1), nullable=False, onupdate=lambda: 1.5))
    gone: float | None = Field(default=None, sa_column=Column(Numeric(4, 1), onupdate=lambda: None))


@pytest.mark.parametrize("dialect", STATEMENTS)
def test_values_of_other_classes(dialect: str) -> None:
    """What `onupdate` makes is converted as the value of a client is, and NULL is none."""
    rated = read_catalog([Resource(Rated)]).tables["rated"]
    statement = STATEMENTS[dialect]._render(update(rated, "name"))
    values = statement.bind({"v_name": "x", "p0": 7})
    assert (repr(values["u_rate"]), values["u_gone"]) == ("Decimal('1.5')", None)

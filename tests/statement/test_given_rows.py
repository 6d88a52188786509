"""Rows of the log as rows of their table, and values that are newer than a row."""

from math import inf
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Uuid,
    column,
    false,
    func,
    text,
    true,
)

from modelwire.statement.given_rows import cell, completed, join_images, read_cell, write_real


@pytest.mark.parametrize(
    ("newer", "completion"),
    [
        (Column("c", Integer, server_default="7", nullable=True), None),
        (Column("c", Integer, default=7, nullable=True), None),
        (Column("c", Integer, nullable=False), None),
        (Column("c", Integer, server_default="7", default=5, nullable=False), "7"),
        (Column("c", Integer, server_default=text("'7'::integer"), nullable=False), "7"),
        (Column("c", Numeric, server_default="1.5e3", nullable=False), "1.5e3"),
        (Column("c", Float, server_default="-.5", nullable=False), "-.5"),
        (Column("c", Integer, server_default="seven", nullable=False), None),
        (Column("c", Integer, server_default=text("1 + 1"), nullable=False), None),
        (Column("c", Integer, default=5, server_default=text("1 + 1"), nullable=False), None),
        (Column("c", Integer, default=5, nullable=False), "5"),
        (Column("c", Integer, default=lambda: 5, nullable=False), None),
        (Column("c", Boolean, server_default="1", nullable=False), "true"),
        (Column("c", Boolean, server_default="TRUE", nullable=False), "true"),
        (Column("c", Boolean, server_default=true(), nullable=False), "true"),
        (Column("c", Boolean, server_default="0", nullable=False), "false"),
        (Column("c", Boolean, server_default=false(), nullable=False), "false"),
        (Column("c", String, server_default="it's now", nullable=False), "'it''s now'"),
        (Column("c", Enum("now", "then"), server_default="now", nullable=False), "'now'"),
        (Column("c", JSON, server_default='["today"]', nullable=False), "'[\"today\"]'"),
        (Column("c", Uuid, server_default="now", nullable=False), "'now'"),
        (Column("c", LargeBinary, server_default="now", nullable=False), "'now'"),
        (Column("c", DateTime, server_default="now", nullable=False), None),
        (Column("c", DateTime, server_default=func.now(), nullable=False), None),
        (Column("c", DateTime, server_default="2026-01-31", nullable=False), "'2026-01-31'"),
    ],
)
def test_columns_that_are_newer_than_a_row(newer: Column[Any], completion: str | None) -> None:
    """A row that has no value gets the one that a migration has set, if that is a constant."""
    found: Any = column("found")
    text_of = completed(newer, found).compile(compile_kwargs={"literal_binds": True})
    expected = "found" if completion is None else f"coalesce(found, {completion})"
    assert str(text_of) == expected


def test_images_of_rows() -> None:
    assert join_images([]) == "[]"
    assert join_images(['{"a":1}', '{"a":2}']) == '[{"a":1},{"a":2}]'


@pytest.mark.parametrize(
    ("value", "image"),
    [
        (1.5, "1.5"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (inf, "9e999"),
        (-inf, "-9e999"),
        (1e300, "1e+300"),
    ],
)
def test_floats_in_images(value: float, image: str) -> None:
    assert write_real(value) == image
    assert repr(read_cell(f'{{"a":{image}}}', "a")) == repr(value)


def test_cells_of_images() -> None:
    """A value is as SQLite stores it, and missing ones are NULL."""
    image = '{"a":"x","b":{"blob":"00FF"},"c":null,"d":12345678901234567890}'
    values = ["x", b"\x00\xff", None, 12345678901234567890, None]
    assert [read_cell(image, name) for name in "abcde"] == values


def test_cells_are_written_by_their_storage() -> None:
    assert cell("new.a") == (
        "CASE typeof(new.a) WHEN 'real' THEN modelwire_real(new.a) "
        "WHEN 'blob' THEN json_object('blob', hex(new.a)) ELSE json_quote(new.a) END"
    )

"""Columns of existing tables, compared with those of the models."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from modelwire.execute.tables import ColumnMismatch, _compare

NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("text", Integer))


def column(name: str, *, nullable: bool = False, **filled: object) -> Any:
    return {"name": name, "nullable": nullable, **filled}


@pytest.mark.parametrize(
    ("stored", "missing", "unfilled"),
    [
        ([column("id"), column("text")], [], []),
        ([column("id")], ["text"], []),
        ([column("id"), column("text"), column("other")], [], ["other"]),
        ([column("id"), column("text"), column("other", nullable=True)], [], []),
        ([column("id"), column("text"), column("other", default="1")], [], []),
        ([column("id"), column("text"), column("other", computed={"sqltext": "1"})], [], []),
        ([column("id"), column("text"), column("other", identity={"start": 1})], [], []),
        ([column("other", nullable=True, default="1"), column("b")], ["id", "text"], ["b"]),
    ],
)
def test_columns(stored: Any, missing: list[str], unfilled: list[str]) -> None:
    """Those that only the model has, and those that only the table has and nothing fills."""
    assert _compare(NOTES, stored) == ColumnMismatch(missing, unfilled)

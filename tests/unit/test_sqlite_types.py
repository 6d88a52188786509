"""Types of columns on SQLite."""

from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

import modelwire.execute.sqlite.tables  # noqa: F401 - it compiles types


@pytest.mark.parametrize(
    ("kind", "is_key", "expected"),
    [
        (BigInteger, True, "INTEGER"),
        (SmallInteger, True, "INTEGER"),
        (BigInteger, False, "BIGINT"),
        (SmallInteger, False, "SMALLINT"),
    ],
)
def test_integers_of_sqlite(kind: type[Any], is_key: bool, expected: str) -> None:
    """Only a key that counts up has to be INTEGER there."""
    column = Column("n", kind, primary_key=is_key)
    text = str(CreateTable(Table("t", MetaData(), column)).compile(dialect=sqlite.dialect()))
    assert f"n {expected}" in text

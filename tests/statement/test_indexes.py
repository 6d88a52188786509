"""Indexes on SQLite of values that have several spellings."""

from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite

from modelwire.statement.indexes import value_indexes


def sales(*args: Any) -> Table:
    columns: list[Any] = [
        Column("id", Integer, primary_key=True),
        Column("name", String),
        Column("price", Numeric(5, 2)),
        Column("order", Numeric(5, 2)),
    ]
    return Table("sales", MetaData(), *columns, *args)


def rounded(name: str) -> str:
    return (
        f"CASE WHEN typeof({name}) = 'real' AND {name} BETWEEN -1e13 AND 1e13 "
        f"THEN round({name} * 1e2) / 1e2 ELSE {name} END"
    )


@pytest.mark.parametrize(
    ("args", "columns", "terms"),
    [
        ([Index("i", "price")], ["price"], [rounded("price")]),
        ([UniqueConstraint("price")], ["price"], [rounded("price")]),
        ([Index("i", "order", unique=True)], ["order"], [rounded('"order"')]),
        (
            [Index("i", "name", "price", "order")],
            ["name", "price", "order"],
            ["name", rounded("price"), rounded('"order"')],
        ),
        ([UniqueConstraint("price", "id")], ["price", "id"], [rounded("price"), "id"]),
        ([Index("i", "price"), UniqueConstraint("price")], ["price"], [rounded("price")]),
    ],
)
def test_indexes(args: list[Any], columns: list[str], terms: list[str]) -> None:
    """Columns that are indexed twice have one more index."""
    (index,) = value_indexes(sales(*args), sqlite())
    name = f"sales_{'_'.join(columns)}_values"
    assert (index.name, index.columns) == (name, frozenset(columns))
    start = f"CREATE INDEX IF NOT EXISTS {name} ON sales"
    assert index.text == f"{start} ({', '.join(terms)})"


def test_indexes_of_keys_and_other_schemas() -> None:
    columns = (Column("at", Numeric(5, 2), primary_key=True), Column("by", String))
    table = Table("Days", MetaData(), *columns, schema="A")
    (index,) = value_indexes(table, sqlite())
    assert index.text.startswith('CREATE INDEX IF NOT EXISTS "A"."Days_at_values" ON "Days" (')


def test_names_that_begin_alike() -> None:
    """Names are as long as it takes to tell the indexes of a table apart."""
    columns = [Column(f"a_rather_long_name_of_a_column_{i}", Numeric(5, 2)) for i in range(8)]
    indexes = [Index("one", *columns[:7]), Index("two", *columns[:6], columns[7])]
    table = Table("days", MetaData(), *columns, *indexes)
    assert len({index.name for index in value_indexes(table, sqlite())}) == 2


def test_tables_without_indexes_of_values() -> None:
    """Texts and whole numbers have one spelling."""
    assert value_indexes(sales(), sqlite()) == []
    reference = Column("rate", Numeric(5, 2), ForeignKey("rates.rate"))
    assert value_indexes(sales(reference, CheckConstraint("price > 1")), sqlite()) == []
    indexes = [UniqueConstraint("name"), Index("i", "name"), Index("j", text("lower(name)"))]
    assert value_indexes(sales(*indexes), sqlite()) == []

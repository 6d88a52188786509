"""What SQLAlchemy 2.0 does otherwise than 2.1, and what neither says in public."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
import sqlalchemy
from sqlalchemy import ColumnElement, FromClause, Numeric, Select, Table
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.sql.util import _deep_deannotate

Element = TypeVar("Element", bound=ColumnElement[Any])

_IS_2_0 = sqlalchemy.__version__.startswith("2.0.")


@contextmanager
def opening_connection() -> Iterator[None]:
    """Raise what a connection can't be opened for as an error of the engine's adapter.

    2.1 does so itself; 2.0 only with what a connection raises that is open.
    """
    try:
        yield
    except asyncpg.PostgresError as exc:
        if not _IS_2_0:
            raise
        translated = AsyncAdapt_asyncpg_dbapi.Error(f"{type(exc)}: {exc}")  # type: ignore[no-untyped-call]
        raise translated from exc


def settle_keys(tables: Iterable[Table]) -> None:
    """Have no key of Decimals counted up by the database, unless it says so.

    2.0 takes each for a counter, of which PostgreSQL makes a column of integers; 2.1 none.

    Args:
        tables: The tables, which are changed as if `autoincrement=False` stood in their columns.
    """
    for table in tables if _IS_2_0 else ():
        column = table.autoincrement_column
        if column is None or column.autoincrement != "auto":
            continue
        if isinstance(column.type, Numeric):
            column.autoincrement = False
            table.primary_key.__dict__.pop("_autoincrement_column")  # which it keeps


def without_annotations(element: Element) -> Element:
    """A copy of an expression without what the ORM notes of it, by which parts are passed over."""
    return _deep_deannotate(element)


def is_correlated(query: Select[Any], source: FromClause, sources: Collection[FromClause]) -> bool:
    """Whether a subquery means a row of the query around it by a source, and does not read that.

    Args:
        query: The subquery, right within a query that reads the source.
        source: The source.
        sources: All that the subquery would read by itself.
    """
    if query._correlate_except is not None:
        return source not in query._correlate_except
    if query._correlate:
        return source in query._correlate
    return query._auto_correlate and len(sources) > 1

"""Look-ups in any table, also in those that are no resource."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog.tables import Table
from .parts import Lock


class LookupShape(Struct, frozen=True, cache_hash=True):
    """The values of some columns in the rows of any table whose columns occur in a list.

    Args:
        table: The table.
        shown: The columns that are read.
        columns: The columns that occur in the parameter `ROWS`.
        lock: What nobody else may do to the rows until the transaction ends.
        placed: Whether each row begins with the place in the list of what it was found by, from 0;
            one that is found by several stands behind each of them.
        resource: The resource of the table, to find only what clients may see of it.
    """

    table: SQLTable
    shown: tuple[Column[Any], ...]
    columns: tuple[Column[Any], ...]
    lock: Lock | None = None
    placed: bool = False
    resource: Table | None = None


class DescendShape(Struct, frozen=True, cache_hash=True):
    """The keys of the rows below others in the same table, many levels at once.

    Args:
        table: The table.
        columns: Its columns that refer to the row above; that one's values are the parameter
            `ROWS`.
        parent_columns: What they refer to.
        lock: What nobody else may do to the rows until the transaction ends.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    parent_columns: tuple[Column[Any], ...]
    lock: Lock


LEVELS = 500
"""Levels of rows that one statement finds, or removes at once: SQLite nests triggers 1,000 deep."""

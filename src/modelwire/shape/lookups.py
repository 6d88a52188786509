"""Look-ups in any table, including those that are not resources."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog.tables import Table
from .parts import Lock


class LookupShape(Struct, frozen=True, cache_hash=True):
    """Values of some columns, in the rows of any table that match a list.

    Args:
        table: The table.
        shown: The columns to read.
        columns: The columns whose values are in the parameter `ROWS`.
        lock: The lock to take on the rows until the transaction ends.
        placed: Whether each row begins with the position of its match in the list, from 0; a row
            that matches several times is returned once for each.
        resource: The resource of the table, to find only rows that clients may see.
    """

    table: SQLTable
    shown: tuple[Column[Any], ...]
    columns: tuple[Column[Any], ...]
    lock: Lock | None = None
    placed: bool = False
    resource: Table | None = None


class DescendShape(Struct, frozen=True, cache_hash=True):
    """Keys of the descendants of rows in one table, over many levels at once.

    Args:
        table: The table.
        columns: Its foreign key columns to the parent row; the values of the topmost parents are in
            the parameter `ROWS`.
        parent_columns: The columns that they refer to.
        lock: The lock to take on the rows until the transaction ends.
    """

    table: SQLTable
    columns: tuple[Column[Any], ...]
    parent_columns: tuple[Column[Any], ...]
    lock: Lock


LEVELS = 500
"""Levels of rows that one statement finds or deletes at most: SQLite nests triggers 1,000 deep."""
